"""From a path to an opened image, or to the reason why not."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import IO

from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from kerastl.errors import ImageError, KerastlError
from kerastl.images import _formats as formats
from kerastl.images import _limits as limits
from kerastl.images import _profiles as profiles
from kerastl.images._channels import check_channels
from kerastl.images._deep_color import mend_planes
from kerastl.images._error_messages import folder, guess, missing, reason
from kerastl.images._formats import format_of
from kerastl.images._limits import WatchedFile
from kerastl.images._pillow_warnings import libtiff_silenced
from kerastl.images._structure import check_structure

_NOT_REGULAR = {
    stat.S_IFIFO: "a named pipe, not an image file",
    stat.S_IFSOCK: "a socket, not an image file",
    stat.S_IFCHR: "a device, not an image file",
    stat.S_IFBLK: "a device, not an image file",
}
_initialize = threading.Lock()


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Turn whatever goes wrong with one image into an `ImageError` that names it."""
    try:
        yield
    except KerastlError:
        raise
    # Pillow's decoders raise a dozen unrelated types on broken files, and each new version adds some.
    except Exception as error:
        raise ImageError(name, reason(error)) from error


@contextmanager
def opened(source: str | bytes | IO[bytes]) -> Iterator[ImageFile.ImageFile]:
    """Open the image at a path, or in a file that is open, without decoding it.

    Raises:
        Exception: Of any type, for `reported` to explain.
    """
    with regular_file(source) if isinstance(source, (str, bytes)) else nullcontext(source) as file:
        image = identified(file)
        try:
            with libtiff_silenced() if image.format == "TIFF" else nullcontext():
                yield image
        finally:
            image.close()


def identified(file: IO[bytes]) -> ImageFile.ImageFile:
    """Find the format of `file` and read the header."""
    beginning = file.read(4096)
    if not beginning:
        raise limits.RefusedError("an empty file")
    if beginning.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        raise limits.RefusedError("EPS, which only Ghostscript can draw; convert it to PNG first")
    check_structure(file, beginning)
    try:
        # These two are by far the most common. Opened directly, they save the search among the other forty
        # formats, and a JPEG too large for `Image.open` can still be decoded at an eighth of its size.
        if beginning.startswith(b"\xff\xd8\xff"):
            return JpegImageFile(file)
        if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(file)
        with _initialize:  # while one thread registers formats, another might not see them all
            Image.init()
        limits.check_embedded(file)
        check_channels(file, beginning)
        image = formats.open_heif(file) if format_of(beginning) == "HEIC" else Image.open(file)
        mend_planes(image)
    except UnidentifiedImageError:
        raise limits.RefusedError(_unidentified(file, beginning)) from None
    if isinstance(image, ImageFile.StubImageFile) and getattr(image, "_handler", None) is None:
        raise limits.RefusedError(f"a {image.format} file, which Pillow recognizes but cannot decode")
    return image


def _png(file: IO[bytes]) -> PngImageFile:
    """Open a PNG; one whose color profile Pillow finds too large, too."""
    try:
        return PngImageFile(file)
    except ValueError:
        found = profiles.taken_out(file)
        if found is None:
            raise
    content, profile = found
    image = PngImageFile(io.BytesIO(content))
    if profile is not None:
        image.info["icc_profile"] = profile
    return image


def _unidentified(file: IO[bytes], beginning: bytes) -> str:
    """Say what a file is that no decoder accepts."""
    from PIL.TiffImagePlugin import TiffImageFile

    if format_of(beginning) == "TIFF":
        file.seek(0)
        try:
            TiffImageFile(file)
        except SyntaxError as error:
            if str(error) == "unknown pixel mode":
                return "a TIFF of a kind that Pillow cannot read; save it with 8 or 16 bits a channel, gray or RGB"
        except Exception:  # noqa: S110 - broken in some other way, which `guess` says
            pass
    return guess(beginning)


@contextmanager
def regular_file(path: str | bytes) -> Iterator[IO[bytes]]:
    """Open what is a file and nothing else: no pipe, no device, not too large."""
    # Looking first, since opening a pipe waits and opening a device may do things. Then opening without
    # waiting, in case the file has been replaced since.
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib takes no bytes
    except FileNotFoundError:
        raise limits.RefusedError(missing(path)) from None
    if stat.S_ISDIR(status.st_mode):
        raise limits.RefusedError(folder(path))
    _check_regular(status)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with WatchedFile(io.FileIO(descriptor)) as file:
        _check_regular(os.fstat(descriptor))
        yield file


def _check_regular(status: os.stat_result) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise limits.RefusedError(_NOT_REGULAR.get(kind, "not a regular file"))
    if status.st_size > limits.MAX_FILE_BYTES:
        mebibytes = status.st_size / limits.MEBIBYTE
        limit = limits.MAX_FILE_BYTES // limits.MEBIBYTE
        raise limits.RefusedError(f"too large: a file of {mebibytes:,.0f} MiB, the limit is {limit}")
