"""What an index knows of files: which need not be read again, which have moved, and which are gone."""

from __future__ import annotations

import bisect
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl.embedding._embedder import EmbeddedImage
from kerastl.embedding._image_file import read_image_file
from kerastl.errors import ImageError
from kerastl.index._paths import MEMBER, located, stored
from kerastl.index._table import FILE_COLUMNS, ImageTable
from kerastl.sources._addresses import is_address

_COLUMNS = (*FILE_COLUMNS, "label", "split", "added")
_COPIES = 64  # of one content, that are looked at


@dataclass(frozen=True)
class KnownImage(EmbeddedImage):
    """An image whose vector is in the index already.

    Args:
        places: Of images with this content: its own if that is one, else the first few.
    """

    places: tuple[int, ...] = ()


class KnownImages:
    """The images of an index as it is now; nothing of it changes later.

    Args:
        table: The table, which nobody writes to.
        root: The folder that paths are relative to.
    """

    def __init__(self, table: ImageTable, root: str) -> None:
        import pyarrow.compute as pc

        self.table = table
        self._root = root
        self._columns = table.rows(_COLUMNS).combine_chunks()
        self._sizes = self._columns["size"].to_numpy()
        self._times = self._columns["mtime_ns"].to_numpy()
        self._all_sizes = np.unique(self._sizes)
        self._by_content = pc.sort_indices(self._columns["content"]).to_numpy()
        self._contents = self._columns["content"].take(self._by_content)

    def __len__(self) -> int:
        return len(self._sizes)

    def stored(self, path: str) -> str:
        """What the index calls a file."""
        return stored(self._root, path)

    def file(self, place: int) -> str:
        """Where an image lies."""
        return located(self._root, self.value("path", place))

    def value(self, column: str, place: int) -> Any:
        """What a row says."""
        return self._columns[column][place].as_py()

    def find(self, path: str) -> int | None:
        """The place of what the index calls so; None where there is no such image."""
        return self.table.find(path)

    def __call__(self, path: str) -> KnownImage | None:
        """What is known of a file, which is read only where its size or time is another; threads may share this."""
        try:
            status = os.stat(path)  # noqa: PTH116
        except (OSError, ValueError):
            return None
        place, size, time = self.find(self.stored(path)), status.st_size, status.st_mtime_ns
        if place is not None and (self._sizes[place], self._times[place]) == (size, time):
            return KnownImage(path, self.value("content", place), size, time, places=(place,))
        at = np.searchsorted(self._all_sizes, size)
        if at == len(self._all_sizes) or self._all_sizes[at] != size:
            return None
        try:
            file = read_image_file(path)
        except ImageError:
            return None  # whoever embeds it says why
        places = self._of_content(file.hash, place)
        return KnownImage(path, file.hash, len(file.content), file.mtime_ns, places=places) if places else None

    def _of_content(self, content: str, own: int | None) -> tuple[int, ...]:
        if own is not None and self.value("content", own) == content:
            return (own,)
        first = bisect.bisect_left(range(len(self)), content, key=lambda at: self._contents[at].as_py())
        last = bisect.bisect_right(range(len(self)), content, key=lambda at: self._contents[at].as_py())
        return tuple(self._by_content[first : min(last, first + _COPIES)].tolist())

    def has_content(self, place: int, image: EmbeddedImage) -> bool:
        """Whether the content of an image is what the index knows."""
        return bool(self.value("content", place) == image.content)

    def has_time(self, place: int, image: EmbeddedImage) -> bool:
        """Whether the time of a file is what the index knows."""
        return bool(self._times[place] == image.mtime_ns)

    def is_gone(self, place: int) -> bool:
        """Whether there is no file any more where an image lay, nor an archive that it lay in."""
        file = self.file(place)
        if is_address(file) or os.path.lexists(file):
            return False
        archive, inside, _ = file.partition(MEMBER)
        return not (inside and os.path.lexists(archive))
