"""Keywords inside images: metadata are replaced, pixels are not touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.files import replacing
from kerastl.errors import ImageError
from kerastl.images._formats import format_of
from kerastl.images._limits import MAX_FILE_BYTES
from kerastl.keywords import _jpeg, _png, _tiff, _webp
from kerastl.keywords._written import KeywordError, Written, checked, missing, read_file

_TIFF_SUFFIXES = (".tif", ".tiff")  # camera raw files begin like TIFF


@dataclass(frozen=True)
class KeywordFormat:
    """A format of images that can hold keywords.

    Args:
        embedded: From a file's content and keywords to the content with them.
        words_of: From a file's content to the keywords in it.
    """

    embedded: Callable[[bytes, Sequence[str]], bytes]
    words_of: Callable[[bytes], tuple[str, ...]]


FORMATS = {
    "JPEG": KeywordFormat(_jpeg.embedded, _jpeg.words_of),
    "PNG": KeywordFormat(_png.embedded, _png.words_of),
    "WebP": KeywordFormat(_webp.embedded, _webp.words_of),
    "TIFF": KeywordFormat(_tiff.embedded, _tiff.words_of),
}
"""By the names of `kerastl.images._formats.format_of`."""


def embed_keywords(image: str | os.PathLike[str], keywords: Sequence[str]) -> Written:
    """Write keywords into an image: XMP, and IPTC in JPEG.

    Nothing is encoded again: pixels, orientation, profile and all other metadata stay as they are, to the byte. The
    file is replaced whole, with its times and permissions. Keywords that are in it are not added again.

    Args:
        image: A JPEG, PNG, WebP or TIFF file.
        keywords: What to write.

    Returns:
        The file, and what was added; it is not touched where that is nothing.

    Raises:
        UsageError: `keywords` is no list of texts.
        ImageError: It is of another format, or broken.
        OSError: It cannot be read or written.

    Example:
        >>> from kerastl.keywords import embed_keywords, read_keywords
        >>> embed_keywords("data/candle.jpg", ["candle", "light"]).added
        ('candle', 'light')
        >>> embed_keywords("data/candle.jpg", ["Candle"]).added
        ()
        >>> read_keywords("data/candle.jpg")
        ['candle', 'light']
    """
    keywords, path = checked(keywords), Path(image)
    try:
        content = read_file(path, MAX_FILE_BYTES)
        kind = keyword_format(path, content)
        added = missing(keywords, kind.words_of(content))
        new = kind.embedded(content, added) if added else content
    except KeywordError as error:
        raise ImageError(str(path), f"{error}; it is left as it is") from None
    if added:
        with replacing(path) as temporary:
            temporary.write_bytes(new)
            shutil.copystat(path, temporary)
    return Written(path, tuple(added))


def keyword_format(path: Path, content: bytes) -> KeywordFormat:
    """The format of a file.

    Raises:
        KeywordError: Keywords cannot be written into it.
    """
    name = format_of(content[:132])
    if name not in FORMATS or (name == "TIFF" and path.suffix.lower() not in _TIFF_SUFFIXES):
        what = "camera raw or another kind of TIFF" if name == "TIFF" else name or "of an unknown format"
        raise KeywordError(f"is {what}, and keywords are written into {', '.join(FORMATS)} only")
    return FORMATS[name]
