"""Corrections as a labeled folder: a folder for each class, which `kerastl finetune` takes as it is."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath

from kerastl._base.files import replacing
from kerastl.images._encoded import encoded
from kerastl.images._formats import IMAGE_SUFFIXES
from kerastl.images._opening import reported
from kerastl.images._pillow_warnings import silenced
from kerastl.serving._errors import NotStoredError

log = logging.getLogger("kerastl")

_SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "JPEG2000": ".jp2", "HEIF": ".heic"}
_DIGITS = 32  # of the hash, in the name of a file


class Collection:
    """A folder that corrected images are written into.

    An image is there once: corrected again, it moves to the folder of its new class.

    Args:
        folder: Made when the first image comes.
        limit: Bytes that all images may take together, those that are there already included.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._lock = threading.Lock()

    def add(self, content: bytes, folder: PurePath) -> Path:
        """Store an image under a class.

        Args:
            content: What an image file holds.
            folder: Of the class, relative to the collection's.

        Returns:
            The file, relative to the folder.

        Raises:
            ImageError: It is no image.
            NotStoredError: The folder is full, or cannot be written.
        """
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        file = Path(folder, f"{digest}{_suffix(content)}")
        try:
            with self._lock:
                self._write(file, content)
        except OSError as error:
            log.error("--collect %s: cannot be written (%s)", self._folder, error.strerror or error)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            reason = "the disk is full" if full else "their folder cannot be written"
            raise NotStoredError(f"no corrections are taken: {reason}") from None
        return file

    def _write(self, file: Path, content: bytes) -> None:
        target = self._folder / file
        sizes = dict(self._sizes())
        earlier = [each for each in sizes if each.stem == file.stem]
        if not earlier and sum(sizes.values()) + len(content) > self._limit:
            raise NotStoredError("no corrections are taken: their folder is full")
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            temporary.write_bytes(content)
        for each in earlier:
            if each != target:
                each.unlink(missing_ok=True)

    def _sizes(self) -> Iterator[tuple[Path, int]]:
        """The files and their bytes; other servers may write into the folder, too."""
        for file in self._folder.rglob("*"):
            with suppress(FileNotFoundError):
                if stat.S_ISREG((status := file.lstat()).st_mode):
                    yield file, status.st_size


def _suffix(content: bytes) -> str:
    """The suffix of an image's format.

    Raises:
        ImageError: It is no image.
    """
    with reported("image in memory"), silenced(), encoded(io.BytesIO(content)).opened() as image:
        name = image.format or ""
    suffix = _SUFFIXES.get(name, f".{name.lower()}")
    # What an image is, is seen from what it holds; the suffix only says that it is one.
    return suffix if suffix in IMAGE_SUFFIXES or suffix == ".heic" else ".png"
