"""What people give in Python for a picture or for many: told apart, and made one stream.

Paths, folders and patterns mean what they mean on the command line.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any

from kerastl.errors import ImageError, UsageError
from kerastl.images.arrays import KINDS, NONE, as_array, batch, is_array
from kerastl.images.encoded import is_encoded, is_web_address
from kerastl.sources import expand

REFUSED_ADDRESS = "a web address in a list, which is fetched only if asked for: {how}"


@dataclass(frozen=True)
class Given:
    """What was given.

    Args:
        pictures: Each something that `load_pixels` takes, or the `ImageError` of one that is not to be read, or the
            `UsageError` of what is no picture.
        one: Whether that is one picture, and no list of one.
        sized: Whether all of them are there already, and not on their way.
    """

    pictures: Iterable[Any]
    one: bool = False
    sized: bool = True


class Expanded:
    """Paths that `kerastl.sources.expand` has given: taken as they are, whatever characters they hold.

    Args:
        paths: As text.
        urls: Whether web addresses among them are fetched.
    """

    def __init__(self, paths: Iterable[str], urls: bool) -> None:
        self._paths = paths
        self._urls = urls

    def __iter__(self) -> Iterator[Any]:
        for path in self._paths:
            yield path if self._urls else _unless_address(path, "--urls")


def given(pictures: Any, urls: bool = False) -> Given:
    """Find out whether one picture was given or many, and which.

    One is a path of a file, a web address, the bytes of a file, an open file, a PIL image, or an array or tensor of
    two or three axes. Many are a folder, a pattern, an array of four axes, an array or a column of a table (one axis)
    with one picture in each place, and whatever else can be gone through; in that, too, folders and patterns stand for
    the files in them, and arrays of four axes for the pictures in them.

    Args:
        pictures: What was given.
        urls: Whether web addresses in lists are fetched; one that is given by itself always is.

    Raises:
        UsageError: It is neither.
    """
    if pictures is None:
        raise UsageError(NONE)
    if isinstance(pictures, Expanded):
        return Given(pictures, sized=False)
    if is_web_address(pictures):
        return Given((pictures,), one=True)
    if isinstance(pictures, (str, os.PathLike)):
        found = list(_expanded(pictures))
        return Given(found, one=len(found) == 1 and found[0] is pictures)
    if is_encoded(pictures) or hasattr(pictures, "getbands"):
        return Given((pictures,), one=True)
    if _axes(pictures) is not None:
        return _of_array(pictures, urls)
    if isinstance(pictures, (Mapping, ImageError)) or not isinstance(pictures, Iterable):
        as_array(pictures)  # says what is wrong
        raise UsageError(f"a picture must be {KINDS}. Received: {type(pictures).__name__}")
    return Given(_each(pictures, urls), sized=isinstance(pictures, Sized))


def only(picture: Any) -> Any:
    """The picture, where just one is wanted.

    Raises:
        UsageError: Many were given.
    """
    if is_encoded(picture):
        return picture
    found = given(picture)
    if not found.one:
        raise UsageError(f"one picture is wanted, {KINDS}. Received: {type(picture).__name__} of pictures")
    return next(iter(found.pictures))


def _axes(pictures: Any) -> int | None:
    """How many axes an array or a column has; None if it is neither."""
    axes = getattr(pictures, "ndim", None)
    if axes is None and is_array(pictures):
        # What only knows how to become an array tells its shape when it is one.
        shape = getattr(pictures, "shape", None)
        axes = as_array(pictures).ndim if shape is None else len(shape)
    return axes if isinstance(axes, int) else None


def _of_array(pictures: Any, urls: bool) -> Given:
    axes = _axes(pictures)
    if axes == 1 and (isinstance(pictures, Iterable) or is_array(pictures)):
        return Given(_each(_places(pictures), urls))
    if hasattr(pictures, "columns"):
        raise UsageError("a table is no picture: give the column with the paths, such as table['path']")
    if axes == 4:
        return Given(list(batch(as_array(pictures))))
    if axes == 0:
        return given(as_array(pictures).item(), urls)
    return Given((pictures,), one=True)


def _places(column: Any) -> Iterable[Any]:
    """What an array or a column of one axis holds."""
    if not is_array(column):
        return column
    values = as_array(column)
    if values.dtype.kind in "biufc" and len(values):
        raise UsageError(
            f"an array of one axis must hold paths or pictures. Received: shape={values.shape}, dtype={values.dtype}"
        )
    return values.tolist()


def _each(pictures: Iterable[Any], urls: bool) -> Iterator[Any]:
    """Every single picture; web addresses are refused, unless they are asked for."""
    for number, picture in enumerate(pictures, start=1):
        if is_web_address(picture):
            yield picture if urls else _unless_address(picture, "urls=True")
        elif isinstance(picture, (str, os.PathLike)):
            yield from _expanded(picture)
        elif _axes(picture) == 4:
            yield from batch(as_array(picture))
        elif _axes(picture) == 0:
            yield from _each([as_array(picture).item()], urls)
        else:
            yield picture if _may_be_one(picture) else _named(picture, number)


def _may_be_one(picture: Any) -> bool:
    return is_encoded(picture) or hasattr(picture, "getbands") or is_array(picture) or isinstance(picture, ImageError)


def _named(picture: Any, number: int) -> UsageError:
    """What is wrong with something that is no picture, and where it stood."""
    try:
        as_array(picture)
    except UsageError as error:
        return UsageError(f"picture {number:,} of those given: {error}")
    raise AssertionError("only what is no array comes here")


def _expanded(source: str | os.PathLike[str]) -> Iterator[Any]:
    """The files that a path stands for; the path itself, as it was given, if it is a file or nothing."""
    text = os.fspath(source)
    if not isinstance(text, str) or text == "-" or "\0" in text:
        yield source
        return
    for path in expand([text]):
        yield source if path == text else path


def _unless_address(path: str, how: str) -> str | ImageError:
    return ImageError(path, REFUSED_ADDRESS.format(how=how)) if is_web_address(path) else path
