"""From a path to an opened picture, or to the reason why not."""

from __future__ import annotations

import errno
import os
import re
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from kerastl.errors import ImageError, KerastlError
from kerastl.images import limits

# fmt: off
IMAGE_SUFFIXES = frozenset((
    ".apng", ".avif", ".avifs", ".bmp", ".cur", ".dds", ".dib", ".gif", ".icns", ".ico", ".j2c", ".j2k",
    ".jfif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".pbm", ".pcx", ".pgm",
    ".png", ".pnm", ".ppm", ".psd", ".qoi", ".sgi", ".tga", ".tif", ".tiff", ".webp", ".xbm", ".xpm",
))
# fmt: on
"""Suffixes, in lower case, of files that are regarded as pictures without a look inside."""

_NOT_REGULAR = {
    stat.S_IFDIR: "a folder, not a picture",
    stat.S_IFIFO: "a named pipe, not a picture file",
    stat.S_IFSOCK: "a socket, not a picture file",
    stat.S_IFCHR: "a device, not a picture file",
    stat.S_IFBLK: "a device, not a picture file",
}
_SYSTEM_REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "a loop of symbolic links",
    errno.ENAMETOOLONG: "the name is too long",
}
# What people often hold for a picture, by how it begins.
_KNOWN_BEGINNINGS = (
    (rb"\s*(<!doctype html|<html)", "a web page (HTML), not a picture"),
    (
        rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!doctype svg[^>]*>\s*)*<svg",
        "an SVG drawing, not a picture",
    ),
    (rb"%PDF-", "a PDF document, which Pillow cannot read"),
    (rb"....ftyp(heic|heix|heif|hevc|hevx|heim|heis|mif1|msf1)", "a HEIC picture, which Pillow cannot read"),
    (rb"....ftyp", "a video, not a picture"),
    (rb"GIF8[79]a", "a broken GIF"),
    (rb"BM", "a broken BMP, or no picture"),
    (rb"(II|MM)(\*\x00|\x00\*|\+\x00|\x00\+)", "a broken TIFF"),
    (rb"RIFF....WEBP", "a broken WebP"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf\x27\x1c|Rar!", "an archive, not a picture"),
)
_initialise = threading.Lock()


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Turn whatever goes wrong with one picture into an `ImageError` that names it."""
    try:
        yield
    except KerastlError:
        raise
    # Pillow's decoders raise a dozen unrelated types on broken files, and each new version adds some.
    except Exception as error:
        raise ImageError(name, _reason(error)) from error


@contextmanager
def opened(path: str | bytes) -> Iterator[ImageFile.ImageFile]:
    """Open the picture at `path` without decoding it.

    Raises:
        Exception: Of any type, for `reported` to explain.
    """
    with _regular_file(path) as file:
        image = identified(file)
        try:
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
    file.seek(0)
    try:
        # These two are by far the most common. Opened directly, they save the search among the other forty
        # formats, and a JPEG too large for `Image.open` can still be decoded at an eighth of its size.
        if beginning.startswith(b"\xff\xd8\xff"):
            return JpegImageFile(file)
        if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
            return PngImageFile(file)
        with _initialise:  # while one thread registers formats, another might not see them all
            Image.init()
        image = Image.open(file)
    except UnidentifiedImageError:
        raise limits.RefusedError(_guess(beginning)) from None
    if isinstance(image, ImageFile.StubImageFile) and getattr(image, "_handler", None) is None:
        raise limits.RefusedError(f"a {image.format} file, which Pillow recognises but cannot decode")
    limits.check_embedded(image)
    return image


@contextmanager
def _regular_file(path: str | bytes) -> Iterator[IO[bytes]]:
    # Looking first, since opening a pipe waits and opening a device may do things. Then opening without
    # waiting, in case the file has been replaced since.
    _check_regular(os.stat(path))  # noqa: PTH116 - pathlib takes no bytes
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
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


def _guess(beginning: bytes) -> str:
    for pattern, reason in _KNOWN_BEGINNINGS:
        if re.match(pattern, beginning, re.IGNORECASE | re.DOTALL):
            return reason
    try:
        # A character may be cut at the end of what was read.
        text = beginning.decode("utf-8", errors="strict" if len(beginning) < 4096 else "ignore")
    except UnicodeDecodeError:
        text = "\0"
    if all(character.isprintable() or character.isspace() for character in text):
        return "a text file, not a picture"
    return "not a picture, or of a format that Pillow cannot read"


def _reason(error: Exception) -> str:
    if isinstance(error, limits.RefusedError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _SYSTEM_REASONS.get(error.errno, (error.strerror or "cannot be read").lower())
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    if isinstance(error, Image.DecompressionBombError):
        return _bomb(str(error))
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return "truncated: the file ends before the picture does"
    detail = " ".join(re.sub(r"<[^<>]*>|0x[0-9a-fA-F]+", "", str(error)).split())[:120].rstrip(". :")
    if isinstance(error, (struct.error, IndexError, KeyError, TypeError, AttributeError)) or not detail:
        return "broken: the data is not what the format asks for"
    return f"broken: {detail}"


def _bomb(message: str) -> str:
    pixels = re.search(r"[0-9]+", message)
    size = f"{int(pixels[0]) / 1e6:,.0f} million pixels" if pixels else "a decompression bomb"
    return f"too large: {size}, the limit is {limits.MAX_PIXELS / 1e6:,.0f}"
