"""What people give in Python for an image or for many: told apart, and made one stream.

Paths, folders and patterns mean what they mean on the command line.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any

from kerastl._paths import expand
from kerastl.errors import ImageError, KerastlError, UsageError
from kerastl.images._arrays import KINDS, NONE, as_array, batch, is_array
from kerastl.images._encoded import is_encoded, is_web_address, path_of
from kerastl.sources._addresses import is_address, is_one_image, lies_elsewhere, shown
from kerastl.sources._reading import stored_images
from kerastl.sources._stored_image import NEEDS_FILES, Chosen

REFUSED_ADDRESS = "{what} in a list, which is fetched only if asked for: {how}"


@dataclass(frozen=True)
class Given:
    """What was given.

    Args:
        images: Each something that `load_pixels` takes, a `kerastl.sources.StoredImage` among them; or the `ImageError`
            of one that is not to be read, or the `UsageError` of what is no image.
        one: Whether that is one image, and no list of one.
        sized: Whether all of them are there already, and not on their way.
    """

    images: Iterable[Any]
    one: bool = False
    sized: bool = True


class Expanded:
    """Paths that `kerastl._paths.expand` has given: taken as they are, whatever characters they hold.

    Archives and stores among them stand for the images in them.

    Args:
        paths: As text.
        urls: Whether web addresses, and those of stores, are fetched.
        stored: Whether what is no file will do.
        left_out: Is told how many other files archives hold, by suffix.
        chosen: Asked once for each name whether that image is wanted; others are not read.
    """

    def __init__(
        self,
        paths: Iterable[str],
        urls: bool,
        stored: bool = True,
        left_out: Counter[str] | None = None,
        chosen: Chosen | None = None,
    ) -> None:
        self._paths = paths
        self._urls, self._stored = urls, stored
        self._left_out = left_out
        self._chosen = chosen

    def choosing(self, chosen: Chosen) -> Expanded:
        """The same paths, and those of their images that are wanted."""
        return Expanded(self._paths, self._urls, self._stored, self._left_out, chosen)

    def __iter__(self) -> Iterator[Any]:
        for path in self._paths:
            if isinstance(path, str):
                yield from _at(path, self._urls, "--urls", self._stored, self._left_out, self._chosen)
            elif self._chosen is None or self._chosen(name_of(path)):
                yield path


def as_expanded(sources: Any) -> Expanded:
    """Paths that were given in Python, as a stream of which only those can be read that are wanted.

    Args:
        sources: A path, a folder or a pattern, or many.

    Raises:
        UsageError: They are neither.
    """
    if isinstance(sources, Expanded):
        return sources
    if isinstance(sources, (str, os.PathLike)):
        return Expanded(_each_path([sources]), urls=True)
    if isinstance(sources, (list, tuple)):
        return Expanded(_each_path(sources), urls=False)
    return Expanded(given(sources).images, urls=True)


def _each_path(sources: Iterable[Any]) -> Iterator[Any]:
    for source in sources:
        if isinstance(source, (str, os.PathLike)):
            yield from map(os.fspath, _expanded(source))
        else:
            yield source


def given(images: Any, urls: bool = False, stored: bool = True) -> Given:
    """Find out whether one image was given or many, and which.

    One is a path of a file, a web address, the bytes of a file, an open file, a PIL image, or an array or tensor of
    two or three axes. Many are a folder, a pattern, an array of four axes, an array or a column of a table (one axis)
    with one image in each place, and whatever else can be gone through; in that, too, folders and patterns stand for
    the files in them, and archives, prefixes of stores and arrays of four axes for the images in them.

    Args:
        images: What was given.
        urls: Whether addresses in lists are fetched; one that is given by itself always is.
        stored: Whether images that are no files will do; else what lies in archives and stores is an `ImageError`.

    Raises:
        UsageError: It is neither.
    """
    if images is None:
        raise UsageError(NONE)
    if isinstance(images, Expanded):
        return Given(images, sized=False)
    if is_web_address(images) and not lies_elsewhere(images):
        return Given((images,), one=True)
    if isinstance(images, (str, os.PathLike)):
        return _of_path(images, stored)
    if is_encoded(images) or hasattr(images, "getbands"):
        return Given((images,), one=True)
    if _axes(images) is not None:
        return _of_array(images, urls, stored)
    if isinstance(images, (Mapping, ImageError)) or not isinstance(images, Iterable):
        as_array(images)  # says what is wrong
        raise UsageError(f"an image must be {KINDS}. Received: {type(images).__name__}")
    return Given(_each(images, urls, stored), sized=isinstance(images, Sized))


def _of_path(source: str | os.PathLike[str], stored: bool) -> Given:
    paths = list(_expanded(source))
    if len(paths) == 1 and paths[0] is source and not _lies_elsewhere(source):
        return Given(paths, one=True)
    if any(map(_lies_elsewhere, paths)):
        one = len(paths) == 1 and is_one_image(os.fspath(paths[0]))
        return Given((image for path in paths for image in _at(path, True, "", stored)), one=one)
    return Given(paths)


def _lies_elsewhere(source: Any) -> bool:
    return isinstance(text := os.fspath(source), str) and lies_elsewhere(text)


def _at(
    source: Any,
    urls: bool,
    how: str,
    stored: bool,
    left_out: Counter[str] | None = None,
    chosen: Chosen | None = None,
) -> Iterator[Any]:
    """What is at a path or an address: a file, or what lies in an archive or in a store.

    Args:
        source: The path.
        urls: Whether addresses are fetched.
        how: What says so.
        stored: Whether images that are no files will do.
        left_out: See `Expanded`.
        chosen: Likewise.
    """
    text = os.fspath(source)
    if isinstance(text, str) and lies_elsewhere(text) and stored and (urls or not is_address(text)):
        yield from stored_images(text, left_out, chosen)
        return
    image = source
    if isinstance(text, str) and is_address(text) and not urls:
        what = "a web address" if is_web_address(text) else "an address"
        name = shown(text) if lies_elsewhere(text) else text
        image = ImageError(name, REFUSED_ADDRESS.format(what=what, how=how))
    elif isinstance(text, str) and lies_elsewhere(text):
        image = ImageError(shown(text), NEEDS_FILES)
    if chosen is None or chosen(name_of(image)):
        yield image


def only(image: Any) -> Any:
    """The image, where just one is wanted.

    Raises:
        UsageError: Many were given.
    """
    if is_encoded(image):
        return image
    found = given(image)
    if not found.one:
        raise UsageError(f"one image is wanted, {KINDS}. Received: {type(image).__name__} of images")
    return next(iter(found.images))


def name_of(image: Any) -> str:
    """What an image of a stream of files is called: its path as it was given.

    Raises:
        UsageError: It has none, or is what was wrongly given in an image's place.
    """
    if isinstance(image, KerastlError) and not isinstance(image, ImageError):
        raise image
    name = image.path if isinstance(image, ImageError) else path_of(image)
    if name is None:
        raise UsageError(f"only paths are taken here; Classifier.embed and classify take images. Received: {image!r}")
    return name


def _axes(images: Any) -> int | None:
    """How many axes an array or a column has; None if it is neither."""
    axes = getattr(images, "ndim", None)
    if axes is None and is_array(images):
        # What only knows how to become an array tells its shape when it is one.
        shape = getattr(images, "shape", None)
        axes = as_array(images).ndim if shape is None else len(shape)
    return axes if isinstance(axes, int) else None


def _of_array(images: Any, urls: bool, stored: bool) -> Given:
    axes = _axes(images)
    if axes == 1 and (isinstance(images, Iterable) or is_array(images)):
        return Given(_each(_places(images), urls, stored))
    if hasattr(images, "columns"):
        raise UsageError("a table is no image: give the column with the paths, such as table['path']")
    if axes == 4:
        return Given(list(batch(as_array(images))))
    if axes == 0:
        return given(as_array(images).item(), urls, stored)
    return Given((images,), one=True)


def _places(column: Any) -> Iterable[Any]:
    """What an array or a column of one axis holds."""
    if not is_array(column):
        return column
    values = as_array(column)
    if values.dtype.kind in "biufc" and len(values):
        raise UsageError(
            f"an array of one axis must hold paths or images. Received: shape={values.shape}, dtype={values.dtype}"
        )
    return values.tolist()


def _each(images: Iterable[Any], urls: bool, stored: bool = True) -> Iterator[Any]:
    """Every single image; web addresses are refused, unless they are asked for."""
    for number, image in enumerate(images, start=1):
        if isinstance(image, (str, os.PathLike)):
            for path in _expanded(image):
                yield from _at(path, urls, "urls=True", stored)
        elif _axes(image) == 4:
            yield from batch(as_array(image))
        elif _axes(image) == 0:
            yield from _each([as_array(image).item()], urls, stored)
        else:
            yield image if _may_be_one(image) else _named(image, number)


def _may_be_one(image: Any) -> bool:
    return is_encoded(image) or hasattr(image, "getbands") or is_array(image) or isinstance(image, ImageError)


def _named(image: Any, number: int) -> UsageError:
    """What is wrong with something that is no image, and where it stood."""
    try:
        as_array(image)
    except UsageError as error:
        return UsageError(f"image {number:,} of those given: {error}")
    raise AssertionError("only what is no array comes here")


def _expanded(source: str | os.PathLike[str]) -> Iterator[Any]:
    """The files that a path stands for; the path itself, as it was given, if it is a file or nothing."""
    text = os.fspath(source)
    if not isinstance(text, str) or text == "-" or "\0" in text:
        yield source
        return
    for path in expand([text]):
        yield source if path == text else path
