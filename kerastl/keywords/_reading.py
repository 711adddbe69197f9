"""The keywords of an image, wherever they are."""

from __future__ import annotations

import os
from pathlib import Path

from kerastl.errors import ImageError, KerastlError
from kerastl.images._limits import MAX_FILE_BYTES
from kerastl.keywords._embedding import keyword_format
from kerastl.keywords._sidecar import MAX_SIDECAR_BYTES, sidecar_of
from kerastl.keywords._written import KeywordError, clean, read_file
from kerastl.keywords._xmp import words_of


def read_keywords(image: str | os.PathLike[str]) -> list[str]:
    """Read the keywords of an image, in it and beside it.

    Args:
        image: The file. Of formats that keywords are not written into, only the XMP file beside it is read.

    Returns:
        Each keyword once, in whatever case: those inside first.

    Raises:
        ImageError: The image is broken.
        KerastlError: The file beside it is no XMP.
        OSError: One of them cannot be read.

    Example:
        >>> from kerastl.keywords import read_keywords
        >>> read_keywords("data/umbrella.png")
        []
    """
    path = Path(image)
    content = b""
    try:
        content = read_file(path, MAX_FILE_BYTES)
        kind = keyword_format(path, content)
    except KeywordError as error:
        if not content:
            raise ImageError(str(path), str(error)) from None
        inside: tuple[str, ...] = ()
    else:
        try:
            inside = kind.words_of(content)
        except KeywordError as error:
            raise ImageError(str(path), str(error)) from None
    beside = sidecar_of(path)
    try:
        outside = words_of(read_file(beside, MAX_SIDECAR_BYTES)) if beside.exists() else ()
    except KeywordError as error:
        raise KerastlError(f"{beside}: {error}") from None
    return clean([*inside, *outside])
