"""A LiteRT file: the metadata among its associated files, a zip archive that follows the network."""

from __future__ import annotations

from pathlib import Path

from kerastl.errors import ModelError
from kerastl.models._saved import archive

MEMBER = "kerastl.json"
_MAGIC = b"TFL3"  # from the fifth byte on


def text(file: Path) -> bytes | None:
    """Read the metadata.

    Returns:
        JSON, UTF-8; None where there are none.

    Raises:
        ModelError: It is no LiteRT network, or what follows it is broken or beyond limits.
        OSError: It cannot be read.
    """
    with file.open("rb") as stream:
        if stream.read(8)[4:] != _MAGIC:
            raise ModelError("it is no LiteRT network")
    return archive.appended_member(file, MEMBER)
