"""Why an image cannot be read, in a few words for the person who owns it."""

from __future__ import annotations

import errno
import glob
import os
import re
import struct

from PIL import Image

from kerastl._base.walking import walk
from kerastl.images import _formats as formats
from kerastl.images import _limits as limits

_DAMAGED = "broken: the data is damaged"
_NONSENSE = "broken: the data is not what the format asks for"
_TRUNCATED = "truncated: the file ends before the image does"
_SYSTEM_REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "a loop of symbolic links",
    errno.EINVAL: _NONSENSE,  # from a position in the file that cannot be
    errno.ENAMETOOLONG: "the name is too long",
}
_SCHEME = re.compile(r"([a-z][a-z0-9+]+):(?://|image/)")
# What people often hold for an image, by how it begins.
_KNOWN_BEGINNINGS = (
    (rb"\s*(<!doctype html|<html)", "a web page (HTML), not an image"),
    (
        rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!doctype svg[^>]*>\s*)*<svg",
        "an SVG drawing, not an image",
    ),
    (rb"%PDF-", "a PDF document, which Pillow cannot read"),
    (rb"....ftyp", "a video, not an image"),
    (rb"BM", "a broken BMP, or not an image"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf\x27\x1c|Rar!", "an archive, not an image"),
)


def guess(beginning: bytes) -> str:
    """Say what a file that no decoder accepts may be, from its first 4096 bytes."""
    if known := formats.format_of(beginning):
        return formats.unread(known) or f"a broken or truncated {known}"
    for pattern, what in _KNOWN_BEGINNINGS:
        if re.match(pattern, beginning, re.IGNORECASE | re.DOTALL):
            return what
    try:
        # A character may be cut at the end of what was read.
        text = beginning.decode("utf-8", errors="strict" if len(beginning) < 4096 else "ignore")
    except UnicodeDecodeError:
        text = "\0"
    if all(character.isprintable() or character.isspace() for character in text):
        return "a text file, not an image"
    return "not an image, or of a format that Pillow cannot read"


# What Pillow's messages begin with, and what a user can make something of.
_REWORDED = (
    ("embedded null", "no such file: the name holds a null byte"),
    ("'utf-8' codec", "no such file: the name cannot be written on this system"),
    ("not identified by this driver", "broken: the header makes no sense"),
    ("cannot load this image", "of a format that Pillow recognizes but cannot decode"),
    ("unrecognized data stream", _NONSENSE),
    ("unpack_from requires", _NONSENSE),
    ("invalid literal", _NONSENSE),
    ("could not convert string", _NONSENSE),
    ("broken data stream", _DAMAGED),
    ("decoder error", _DAMAGED),
    ("could not create decoder", _DAMAGED),
    ("failed to read next frame", _DAMAGED),
    ("Expected to read", _TRUNCATED),
    ("Invalid input: Unexpected end of file", _TRUNCATED),  # these two from libheif
    ("Invalid input", _NONSENSE),
    ("not enough image data", _TRUNCATED),
    ("Decompressed data too large", "too large: a bomb of compressed text"),
)


def missing(path: str | bytes) -> str:
    """Say why there is nothing at `path`."""
    if os.path.islink(path):  # noqa: PTH114 - pathlib takes no bytes
        return "a link to a file that is not there"
    if scheme := _SCHEME.match(os.fsdecode(path)):
        return f"an address of {scheme[1]}, which is not fetched: give a file"
    if not glob.has_magic(path):
        return "no such file"
    some = next(glob.iglob(os.fsdecode(path)), None)  # noqa: PTH207 - as in `kerastl._paths`
    return "no file matches this pattern" if some is None else "a pattern, where one image is wanted"


def folder(path: str | bytes) -> str:
    """Say what is to say of a folder that was given as an image."""
    files, sorter = 0, formats.Sorter()
    for found in walk(os.fsdecode(path)):
        if found.path == os.fsdecode(path):
            return f"a folder that cannot be read: {found.detail.lower()}"
        if found.kind == "unlisted" or (found.kind == "file" and sorter.kind(found.path) != formats.SIDE):
            return "a folder, not an image"
        files += found.kind == "file"
    return f"a folder without images, only {files:,} other file{'s'[: files != 1]}" if files else "an empty folder"


def reason(error: Exception) -> str:
    """Put what was raised while an image was read into one short line."""
    if isinstance(error, limits.RefusedError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _SYSTEM_REASONS.get(error.errno, (error.strerror or "cannot be read").lower())
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    if isinstance(error, Image.DecompressionBombError):
        return _bomb(str(error))
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return _TRUNCATED
    # Nothing that only makes sense inside Python, such as `<_io.BytesIO object at 0x7f...>`.
    detail = " ".join(re.sub(r"<[^<>]*>|0x[0-9a-fA-F]+|^b(?=')", "", str(error)).split())[:120].rstrip(". :")
    for beginning, plainly in _REWORDED:
        if detail.startswith(beginning):
            return plainly
    if not detail or isinstance(error, (struct.error, LookupError, TypeError, AttributeError)):
        return _NONSENSE
    return f"broken: {detail.removeprefix('broken ')}"


def _bomb(message: str) -> str:
    pixels = re.search(r"[0-9]+", message)
    size = f"{int(pixels[0]) / 1e6:,.0f} million pixels" if pixels else "a decompression bomb"
    return f"too large: {size}, the limit is {limits.MAX_PIXELS / 1e6:,.0f}"
