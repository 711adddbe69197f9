"""Adding images to an index: what is new is read, what has moved or changed is noticed, all is written as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerastl.embedding._embedder import EmbeddedImage, Embedder
from kerastl.index._added import Added
from kerastl.index._known import KnownImage, KnownImages
from kerastl.index._labels import Label, relabeled
from kerastl.index._paths import refusal
from kerastl.index._row_builder import Row, RowBuilder
from kerastl.index._table import ImageTable

_SECONDS_BETWEEN_WRITES = 10.0
_MOST_IN_MEMORY = 1 << 28  # bytes of vectors that wait
_FRACTION_OF_TIME = 20  # waits last so many times as long as the writing did before


class Adding:
    """One call that adds images; nobody else may write to the index meanwhile.

    Args:
        table: Is written to.
        root: The folder that paths are relative to.
        embedder: Of the model that the index is of.
        labels: By the absolute paths of images.
        note: Hears of each image.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        table: ImageTable,
        root: str,
        embedder: Embedder | None,
        labels: Mapping[str, Label],
        note: Callable[[EmbeddedImage], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._images = KnownImages(table.again(), root)
        self._root = root
        self._embedder = embedder
        self._labels = labels
        self._builder = RowBuilder(self._images, labels, table, embedder)
        self._note = note
        self._clock = clock
        self._seen = np.zeros(len(self._images), bool)
        self._new: set[str] = set()
        self._waiting: list[Row] = []
        self._times: list[tuple[str, int]] = []
        self._counts = dict.fromkeys(("added", "changed", "renamed", "unchanged"), 0)
        self._failed: dict[str, str] = {}

    def run(self, sources: Any) -> None:
        """Add images; what was reached is written, also when an exception goes through."""
        assert self._embedder is not None  # noqa: S101 - of callers that have sources
        due = self._clock() + _SECONDS_BETWEEN_WRITES
        most = _MOST_IN_MEMORY // (4 * self._table.dimension)
        try:
            for image in self._embedder.stream(sources, self._images):
                self._take(image)
                if self._clock() >= due or len(self._waiting) >= most:
                    due = self._clock() + max(_SECONDS_BETWEEN_WRITES, _FRACTION_OF_TIME * self._written())
        finally:
            self._written()

    def _take(self, image: EmbeddedImage) -> None:
        stored = self._images.stored(image.path)
        if image.error is None and (reason := refusal(stored)) is not None:
            image = EmbeddedImage(image.path, error=reason)
        own = None if image.error is not None else self._images.find(stored)
        self._note(image)
        if image.error is not None:
            self._failed[image.path] = image.error
        elif not (stored in self._new if own is None else self._seen[own]):  # else it is given twice
            self._sort_in(stored, image, own)

    def _sort_in(self, stored: str, image: EmbeddedImage, own: int | None) -> None:
        if own is None:
            self._new.add(stored)
        else:
            self._seen[own] = True
        if own is not None and self._images.has_content(own, image):
            self._counts["unchanged"] += 1
            if not self._images.has_time(own, image):
                self._times.append((stored, image.mtime_ns))
        elif not isinstance(image, KnownImage):
            self._wait("added" if own is None else "changed", Row(stored, image, None, own))
        elif (moved := self._moved(image)) is not None:
            self._seen[moved] = True
            self._wait("renamed", Row(stored, image, moved, moved))
        else:
            self._wait("added" if own is None else "changed", Row(stored, image, image.places[0], own))

    def _moved(self, image: KnownImage) -> int | None:
        """The place of an image with this content whose file is gone, and which has not moved elsewhere."""
        gone = (place for place in image.places if not self._seen[place] and self._images.is_gone(place))
        return next(gone, None)

    def _wait(self, what: str, row: Row) -> None:
        self._counts[what] += 1
        self._waiting.append(row)

    def _written(self) -> float:
        """Write what waits; how long that took."""
        began = self._clock()
        waiting, self._waiting = self._waiting, []
        times, self._times = self._times, []
        fresh = [row for row in waiting if row.own is None]
        others = [row for row in waiting if row.own is not None]
        if fresh:
            self._table.add(self._builder.table(fresh))
        if others:
            before = {row.stored: self._images.value("path", row.own) for row in others if row.own is not None}
            self._table.replace(self._builder.table(others), [old for new, old in before.items() if old != new])
        if times:
            import pyarrow as pa

            paths, values = zip(*times, strict=True)
            self._table.update(
                pa.table({"path": pa.array(paths, pa.string()), "mtime_ns": pa.array(values, pa.int64())})
            )
        return self._clock() - began

    def labeled(self) -> int:
        """Change the labels of images that were there already; how many."""
        if not self._labels:
            return 0
        values = relabeled(KnownImages(self._table, self._root), self._labels)
        if len(values):
            self._table.update(values)
        return len(values)

    def gone(self) -> list[str]:
        """Paths of images whose files are gone."""
        return [
            self._images.value("path", place)
            for place in np.flatnonzero(~self._seen).tolist()
            if self._images.is_gone(place)
        ]

    def result(self, labeled: int, removed: int, missing: list[str]) -> Added:
        """What became of the images."""
        return Added(**self._counts, labeled=labeled, removed=removed, missing=tuple(missing), failed=self._failed)
