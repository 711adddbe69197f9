"""What tells a model from the one that it replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path

_DIGITS = 12


def version_of(file: Path) -> str:
    """The version of a model: the first digits of its file's SHA-256 hash.

    Raises:
        OSError: The file cannot be read.
    """
    with file.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:_DIGITS]
