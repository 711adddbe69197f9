"""Keywords in an XMP file beside an image."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kerastl._base.files import replacing
from kerastl.errors import KerastlError
from kerastl.images._sidecars import has_namesake
from kerastl.keywords._written import KeywordError, Written, checked, missing, read_file
from kerastl.keywords._xmp import merged, words_of

MAX_SIDECAR_BYTES = 16 << 20


def write_sidecar(image: str | os.PathLike[str], keywords: Sequence[str]) -> Written:
    """Write keywords beside an image, as the `dc:subject` of an XMP file.

    The file is `photo.jpg.xmp`, which tells `photo.jpg` from `photo.cr2`; darktable and digiKam read it. Where there is
    a `photo.xmp` already, as Lightroom and Bridge write it, and no other image of that stem that it may belong to, the
    keywords go there. What is in the file stays as it is, to the byte; keywords that are in it are not added again.

    Args:
        image: The image, which is not read.
        keywords: What to write.

    Returns:
        The file, and what was added; it is not touched where that is nothing.

    Raises:
        UsageError: `keywords` is no list of texts.
        KerastlError: What is there is no XMP that can be added to.
        OSError: It cannot be read or written.

    Example:
        >>> from kerastl.keywords import read_keywords, write_sidecar
        >>> write_sidecar("data/umbrella.png", ["umbrella"]).path.name
        'umbrella.png.xmp'
        >>> read_keywords("data/umbrella.png")
        ['umbrella']
    """
    keywords, path = checked(keywords), sidecar_of(Path(image))
    try:
        there = read_file(path, MAX_SIDECAR_BYTES) if os.path.lexists(path) else None
        added = missing(keywords, () if there is None else words_of(there))
        if added:
            content = merged(there, added)
            with replacing(path) as temporary:
                temporary.write_bytes(content)
    except KeywordError as error:
        raise KerastlError(f"{path}: {error}; it is left as it is") from None
    return Written(path, tuple(added))


def sidecar_of(image: Path) -> Path:
    """Where the keywords of an image go, whether or not there is such a file."""
    own, of_stem = image.with_name(f"{image.name}.xmp"), image.with_suffix(".xmp")
    if os.path.lexists(own) or not os.path.lexists(of_stem) or has_namesake(image):
        return own
    return of_stem
