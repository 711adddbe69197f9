"""An image file that lies in an archive or in a store, and has no path of its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

NEEDS_FILES = "lies in an archive or in a store, and files are needed here: unpack or download it first"
"""What is said where only files will do."""
Chosen: TypeAlias = Callable[[str], bool]
"""Asked once for each name whether an image is wanted; what others hold is not read."""


def every(name: str) -> bool:
    """Choose every image."""
    return True


@dataclass(frozen=True, eq=False)
class StoredImage:
    """The file of an image, as `kerastl.load_pixels` and `Classifier.classify` take it.

    Args:
        name: What outputs call it: `shard-000.tar::a/b.jpg`, `photos.parquet::17`, `s3://bucket/a.jpg`.
        content: Its bytes, which may be on their way.
        mtime_ns: When it was last written, in nanoseconds since 1970; 0 where that is not known.

    Example:
        >>> from pathlib import Path
        >>> import kerastl
        >>> from kerastl.sources import StoredImage
        >>> image = StoredImage("shard.tar::candle.jpg", Path("data/candle.jpg").read_bytes())
        >>> kerastl.load("kerastl_mini").classify(image).path
        'shard.tar::candle.jpg'
    """

    name: str
    content: bytes | Future[bytes] = field(repr=False)
    mtime_ns: int = 0

    def read_bytes(self) -> bytes:
        """Its bytes; waits for them.

        Raises:
            ImageError: They could not be fetched.
        """
        return self.content.result() if isinstance(self.content, Future) else self.content

    def open(self, mode: str = "rb") -> io.BytesIO:
        """The file, open for reading."""
        return _NamedBytes(self.read_bytes(), self.name)


class _NamedBytes(io.BytesIO):
    """The content of a file that messages call by its name."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name
