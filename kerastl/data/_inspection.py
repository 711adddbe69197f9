"""Read every file of a data set once, and keep a little about each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kerastl._progress import ProgressCallback
from kerastl.data._dataset import Dataset, Item
from kerastl.data._file_inspection import THUMBNAIL_SIDE, inspect_files, inspect_files_elsewhere

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Inspection:
    """What reading the files of a data set has shown; some 1,200 bytes an image.

    Args:
        paths: The images, as `Item.path`, sorted.
        contents: A hash of each file's bytes, 32 hexadecimal digits; empty where the file could not be read.
        formats: What the file really is, in Pillow's words (`"JPEG"`); empty where that is unknown.
        modes: The pixels' mode in Pillow's words (`"RGB"`, `"L"`, ...); empty where that is unknown.
        sizes: Width and height in pixels as stored, shape `(n, 2)`, int32; zeros where unknown.
        thumbnails: Each image averaged to `THUMBNAIL_SIDE` pixels a side, shape `(n, 16, 16, 3)`, uint8, RGB.
        unreadable: Images that cannot be decoded, and why.
        bits: The bits that each image's brightest pixel takes, 8 to 16, where the file has more than 8 and says
            nothing of it; else 0.

    Example:
        >>> from kerastl.data import inspect, scan
        >>> inspection = inspect(scan("data/shapes"))
        >>> inspection.formats[0], inspection.sizes[0].tolist(), inspection.unreadable
        ('JPEG', [112, 112], {})
    """

    paths: tuple[str, ...]
    contents: tuple[str, ...]
    formats: tuple[str, ...]
    modes: tuple[str, ...]
    sizes: NDArray[np.int32]
    thumbnails: NDArray[np.uint8]
    unreadable: dict[str, str]
    bits: tuple[int, ...] = ()

    @cached_property
    def content_hashes(self) -> dict[str, str]:
        """The content hash of each file that could be read, by path."""
        return {path: content for path, content in zip(self.paths, self.contents, strict=True) if content}

    @cached_property
    def exact_groups(self) -> list[tuple[str, ...]]:
        """Paths of images with the same bytes, two or more in each group; all sorted."""
        from kerastl.data._duplicates import equal_groups

        return self._named(equal_groups(self._images))

    @cached_property
    def similar_groups(self) -> list[tuple[str, ...]]:
        """Paths of images that are one image: with the same bytes, or looking the same; all sorted."""
        from kerastl.data._duplicates import equal_groups, joined, similar_groups

        firsts: dict[str, int] = {}
        for index, content in enumerate(self._images):
            if content:
                firsts.setdefault(content, index)
        alike = similar_groups(self.thumbnails, sorted(firsts.values()))
        return self._named(joined(alike, equal_groups(self._images)))

    @property
    def _images(self) -> list[str]:
        """The content hash of each file, empty where it is no image: empty files are all the same, and no copies."""
        pairs = zip(self.paths, self.contents, strict=True)
        return ["" if path in self.unreadable else content for path, content in pairs]

    @cached_property
    def near_groups(self) -> list[tuple[str, ...]]:
        """Those of `similar_groups` whose files are not all the same."""
        return [group for group in self.similar_groups if len({self.content_hashes[path] for path in group}) > 1]

    def white_level(self, items: Iterable[Item]) -> int | None:
        """The white level that these images, which a model learns from, have together: for `Resize`."""
        from kerastl.images._depth import white_of_all

        bits = dict(zip(self.paths, self.bits, strict=False))
        return white_of_all([bits.get(item.path, 0) for item in items])

    def too_dark(self, white: int | None) -> tuple[str, ...]:
        """Paths of 16-bit images that are nearly black by this white level."""
        from kerastl.images._depth import is_dark, white_of

        pairs = zip(self.paths, self.bits, strict=False)
        return tuple(path for path, bits in pairs if bits and white is not None and is_dark(white_of(bits), white))

    def fingerprint(self, dataset: Dataset) -> str:
        """A hash of what `dataset` teaches: paths, labels, parts and contents; 64 hexadecimal digits."""
        return fingerprint(dataset, self.content_hashes)

    def _named(self, groups: Sequence[Sequence[int]]) -> list[tuple[str, ...]]:
        return sorted(tuple(sorted(self.paths[index] for index in group)) for group in groups)


def fingerprint(dataset: Dataset, content_hashes: Mapping[str, str]) -> str:
    """A hash of what `dataset` teaches: paths, labels, parts and contents; 64 hexadecimal digits.

    Args:
        dataset: The images.
        content_hashes: The content hash of each file that could be read, by path.
    """
    total = hashlib.sha256()
    for item in dataset.items:
        line = (item.path, item.label, item.split or "", content_hashes.get(item.path, ""))
        total.update("\0".join(line).encode("utf-8", "surrogateescape") + b"\n")
    return total.hexdigest()


def inspect(
    dataset: Dataset, *, workers: int | None = None, progress: ProgressCallback | None = None, elsewhere: bool = False
) -> Inspection:
    """Read every file of `dataset` once, in threads: its hash, what it is, and how it looks in small.

    Args:
        dataset: What to read.
        workers: Threads; as many as there are processors if None.
        elsewhere: Whether the threads run in a process of their own, for a caller that is busy with Python itself.
        progress: Called after each with what is done, the images done and their number.

    Returns:
        The findings. A file that cannot be read or decoded is among `unreadable`; it raises nothing.

    Example:
        >>> from kerastl.data import inspect, scan
        >>> inspection = inspect(scan("data/shapes"))
        >>> len(inspection.paths), inspection.thumbnails.shape
        (88, (88, 16, 16, 3))
    """
    import numpy as np

    count = len(dataset.items)
    texts: tuple[list[str], list[str], list[str]] = ([], [], [])
    sizes = np.zeros((count, 2), dtype=np.int32)
    thumbnails = np.zeros((count, THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3), dtype=np.uint8)
    unreadable = {}
    bits = []
    files = [str(dataset.file(item)) for item in dataset.items]
    workers = workers or os.cpu_count() or 1
    found = inspect_files_elsewhere(files, workers) if elsewhere else inspect_files(files, workers)
    for index, facts in enumerate(found):
        for column, text in zip(texts, (facts.content, facts.format, facts.mode), strict=True):
            column.append(text)
        sizes[index] = facts.width, facts.height
        bits.append(facts.bits)
        if facts.problem:
            unreadable[dataset.items[index].path] = facts.problem
        else:
            thumbnails[index] = np.frombuffer(facts.thumbnail, np.uint8).reshape(thumbnails.shape[1:])
        if progress:
            progress("reading images", index + 1, count)
    paths = tuple(item.path for item in dataset.items)
    contents, formats, modes = (tuple(column) for column in texts)
    return Inspection(paths, contents, formats, modes, sizes, thumbnails, unreadable, tuple(bits))
