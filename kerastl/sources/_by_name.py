"""Images in archives, found again by the names that outputs have for them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from kerastl.errors import ImageError
from kerastl.sources._addresses import is_address, is_in_store
from kerastl.sources._containers import container_of
from kerastl.sources._images_in import BETWEEN
from kerastl.sources._reading import stored_images
from kerastl.sources._stored_image import NEEDS_FILES, StoredImage

_TOGETHER = 64  # images that are held in memory, so that an archive is not gone through for each


def archive_of(path: str) -> str | None:
    """The archive on this machine that an image lies in by its name (`shard.tar::a/b.jpg`); None of other paths."""
    archive, inside, _ = path.partition(BETWEEN)
    if not inside or is_address(path) or container_of(archive) is None or os.path.lexists(path):
        return None
    return archive


def needs_unpacking(path: str) -> bool:
    """Whether an image is no file of its own: it lies in an archive, or in a store."""
    return is_in_store(path) or archive_of(path) is not None


def images_named(paths: Iterable[str]) -> Iterator[str | StoredImage | ImageError]:
    """Give images by their names, in their order: an archive is gone through once for many of them.

    Args:
        paths: Of files, web addresses, or names such as `shard.tar::a/b.jpg`.

    Yields:
        The path of a file, or a web address, as it is; what lies in an archive; and in place of an image that is not
        there, or lies in a store, why it cannot be had.
    """
    rest = iter(paths)
    while group := list(islice(rest, _TOGETHER)):
        yield from _group(group)


def image_named(path: str) -> Any:
    """Give one image by its name.

    Returns:
        What `load_pixels` takes: a path, a web address, or a `StoredImage`.

    Raises:
        ImageError: It is not there.
    """
    (found,) = images_named([path])
    if isinstance(found, ImageError):
        raise found
    return found


def _group(paths: Sequence[str]) -> Iterator[str | StoredImage | ImageError]:
    wanted: dict[str, set[str]] = {}
    for path in paths:
        if (archive := archive_of(path)) is not None:
            wanted.setdefault(archive, set()).add(path)
    found: dict[str, StoredImage | ImageError] = {}
    for archive, names in wanted.items():
        found |= _of_archive(archive, names)
    for path in paths:
        if is_in_store(path):
            yield ImageError(path, NEEDS_FILES)
        elif archive_of(path) is None:
            yield path
        else:
            yield found[path]


def _of_archive(archive: str, names: set[str]) -> dict[str, StoredImage | ImageError]:
    found: dict[str, StoredImage | ImageError] = {}
    why = "is not in the archive any more"
    for image in stored_images(archive, chosen=lambda name: name in names or name == archive):
        name = image.name if isinstance(image, StoredImage) else image.path
        if name == archive and isinstance(image, ImageError):
            why = image.reason
        else:
            found[name] = image
        if len(found) == len(names):
            break
    return {name: found.get(name) or ImageError(name, why) for name in names}
