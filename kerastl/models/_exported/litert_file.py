"""A LiteRT file: the metadata among its associated files, a zip archive that follows the network."""

from __future__ import annotations

from pathlib import Path

from kerastl.models._saved import archive

MEMBER = "kerastl.json"


def text(file: Path) -> bytes | None:
    """Read the metadata.

    Returns:
        JSON, UTF-8; None where there are none.

    Raises:
        ModelError: What follows the network is broken or beyond limits. Without the file's name.
        OSError: It cannot be read.
    """
    return archive.appended_member(file, MEMBER)
