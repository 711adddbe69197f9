"""Thumbnails of image files, read when they are needed and kept as long as there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from kerastl.duplicates._alignment import SIDE, Thumbnail
from kerastl.errors import ImageError
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map
from kerastl.sources._by_name import images_named

_ROOM = 3_000  # thumbnails, of some 250 KiB with what is worked out from them
_TOGETHER = 4  # files that a thread takes at a time


class Thumbnails:
    """Those of numbered files.

    Args:
        file: From a number to the file's path.

    Attributes:
        failed: Why files cannot be read, by number.
    """

    def __init__(self, file: Callable[[int], str]) -> None:
        self._file = file
        self._kept: OrderedDict[int, Thumbnail] = OrderedDict()
        self.failed: dict[int, str] = {}

    def read(self, numbers: Iterable[int]) -> None:
        """Read files in threads, as far as they are not there."""
        missing = [
            number for number in dict.fromkeys(numbers) if number not in self._kept and number not in self.failed
        ]
        files = images_named(map(self._file, missing))
        found = ordered_map(_read, files, cores(), group=_TOGETHER)
        for number, thumbnail in zip(missing, found, strict=True):
            if isinstance(thumbnail, str):
                self.failed[number] = thumbnail
            else:
                self._kept[number] = thumbnail

    def get(self, number: int) -> Thumbnail | None:
        """The thumbnail of a file; None where it cannot be read."""
        if number not in self._kept:
            self.read([number])
        if number in self.failed:
            return None
        self._kept.move_to_end(number)
        return self._kept[number]

    def tidy(self) -> None:
        """Let go of those that were not needed for the longest time."""
        while len(self._kept) > _ROOM:
            self._kept.popitem(last=False)


def _read(files: list[Any]) -> list[Thumbnail | str]:
    return [_thumbnail(file) for file in files]


def _thumbnail(file: Any) -> Thumbnail | str:
    """The thumbnail of a file, or why there is none."""
    from kerastl.images import Resize, load_pixels
    from kerastl.images._loading import upright_size

    if isinstance(file, ImageError):
        return file.reason
    try:
        return Thumbnail(load_pixels(file, Resize(SIDE, SIDE, "squash")), *upright_size(file))
    except ImageError as error:
        return error.reason
