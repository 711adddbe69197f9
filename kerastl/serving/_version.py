"""What tells a model from the one that it replaced: its files' state, which is quick to ask, and their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kerastl.errors import KerastlError
from kerastl.models import _metadata as metadata_file
from kerastl.models._exported import reading

_DIGITS = 12

Signature = tuple[tuple[int, int, int, int], ...]


def file_of(path: str) -> Path:
    """The file that a path of a model means.

    Raises:
        ModelError: There is none.
    """
    return reading.find(Path(path)) or metadata_file.find(path)


def signature(path: str) -> Signature | None:
    """What changes with a model's files, be they written anew or others under their names; None if there are none."""
    try:
        states = [file.stat() for file in _parts(file_of(path))]
    except (OSError, KerastlError):
        return None
    return tuple((state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns) for state in states)


def version_of(file: Path) -> str:
    """The version of a model: the first digits of the SHA-256 hash of its files.

    Raises:
        OSError: One cannot be read.
    """
    digest = hashlib.sha256()
    for part in _parts(file):
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:_DIGITS]


def _parts(file: Path) -> list[Path]:
    """OpenVINO keeps weights beside the network."""
    return [file, file.with_suffix(".bin")] if file.name == reading.OPENVINO_FILE else [file]
