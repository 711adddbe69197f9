"""A contact sheet: images and what is like them, on one page that needs no network and no other file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.files import write_text
from kerastl._version import __version__
from kerastl.errors import ImageError
from kerastl.index._similar import Similar, SimilarImages
from kerastl.reporting._templates import environment
from kerastl.reporting._thumbnails import thumbnail
from kerastl.sources._by_name import image_named


@dataclass(frozen=True)
class _Shown:
    """An image on the page.

    Args:
        path: Where it lies; empty where it is no file.
        uri: Its thumbnail; empty where it cannot be read.
        trouble: Why there is no thumbnail.
        similar: What is known of it, if it is an answer.
    """

    path: str
    uri: str
    trouble: str
    similar: Similar | None = None


def write_contact_sheet(file: str | Path, searches: Iterable[SimilarImages]) -> None:
    """Write a page that shows images, each with what is like it.

    Args:
        file: Replaced whole.
        searches: What `similar` gave.

    Raises:
        OSError: It cannot be written.
    """
    groups = [(_shown(search.path), [_shown(image.path, image) for image in search.images]) for search in searches]
    write_text(file, environment().get_template("contact_sheet.html").render(version=__version__, groups=groups))


def _shown(path: str, similar: Similar | None = None) -> _Shown:
    try:
        return _Shown(path, thumbnail(image_named(path)), "", similar)
    except ImageError as error:
        return _Shown(path, "", error.reason, similar)
