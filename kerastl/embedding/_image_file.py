"""The file of an image, read once: what it holds, and what tells whether it has changed."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass

from kerastl.data._file_inspection import content_hash
from kerastl.images import _opening as opening
from kerastl.images._encoded import fetch, is_web_address
from kerastl.images._pillow_warnings import silenced
from kerastl.sources._stored_image import StoredImage


@dataclass(frozen=True)
class ImageFile:
    """A file that was read.

    Args:
        path: Where it lies, as it was given.
        content: Its bytes.
        mtime_ns: When it was last written, in nanoseconds since 1970; 0 of what came from the web.
    """

    path: str
    content: bytes
    mtime_ns: int

    @property
    def hash(self) -> str:
        """The content hash: 32 hexadecimal digits, BLAKE2b."""
        return content_hash(self.content)

    def opened(self) -> io.BytesIO:
        """The file as an open one."""
        return StoredImage(self.path, self.content).open()


def read_image_file(source: str | StoredImage) -> ImageFile:
    """Read the file of an image, or fetch it from a web address.

    Raises:
        ImageError: It cannot be read, or is too large for an image.
    """
    if isinstance(source, StoredImage):
        return ImageFile(source.name, source.read_bytes(), source.mtime_ns)
    path = source
    if is_web_address(path):
        return ImageFile(path, fetch(path), 0)
    with opening.reported(path), silenced(), opening.regular_file(path) as file:
        # Before the content: what is written meanwhile is noticed the next time.
        mtime_ns = os.fstat(file.fileno()).st_mtime_ns
        return ImageFile(path, file.read(), mtime_ns)
