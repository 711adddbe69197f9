"""Corrections as a labeled folder: a folder for each class, which `kerastl finetune` takes as it is."""

from __future__ import annotations

import errno
import hashlib
import io
import threading
from pathlib import Path

from kerastl._base.files import replacing
from kerastl.images._encoded import encoded
from kerastl.images._formats import IMAGE_SUFFIXES
from kerastl.images._opening import reported
from kerastl.images._pillow_warnings import silenced
from kerastl.serving._errors import UnavailableError
from kerastl.sorting._folder_names import safe_name

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

    def add(self, content: bytes, label: str) -> Path:
        """Store an image under a class.

        Args:
            content: What an image file holds.
            label: The class, any text.

        Returns:
            The file, relative to the folder.

        Raises:
            ImageError: It is no image.
            UnavailableError: The folder is full.
            OSError: It cannot be written.
        """
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        file = Path(safe_name(label), f"{digest}{_suffix(content)}")
        with self._lock:
            others = [each for each in self._folder.glob(f"*/{digest}.*") if each != self._folder / file]
            if not (others or (self._folder / file).exists()) and self._taken() + len(content) > self._limit:
                raise UnavailableError("no more corrections are taken: their folder is full")
            target = self._folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with replacing(target) as temporary:
                    temporary.write_bytes(content)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise UnavailableError("no more corrections are taken: the disk is full") from error
                raise
            for other in others:
                other.unlink(missing_ok=True)
        return file

    def _taken(self) -> int:
        return sum(file.stat().st_size for file in self._folder.glob("*/*") if file.is_file())


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
