"""From images that are to be written to the rows of an index's table."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.embedding._embedder import EmbeddedImage, Embedder
from kerastl.index._known import KnownImages
from kerastl.index._labels import Label
from kerastl.index._table import ImageTable
from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Row:
    """An image that is to be written.

    Args:
        stored: What the index calls it.
        image: Its file, and its vector unless it is that of `source`.
        source: The place of an image with the same content.
        own: Its own place, or that of the image that it was before it moved; None for a new one.
    """

    stored: str
    image: EmbeddedImage
    source: int | None
    own: int | None


class RowBuilder:
    """Makes rows.

    Args:
        images: What the index knows already.
        labels: By the absolute paths of images.
        table: That the rows are for.
        embedder: Of the model that the vectors are of; None where none are new.
    """

    def __init__(
        self, images: KnownImages, labels: Mapping[str, Label], table: ImageTable, embedder: Embedder | None
    ) -> None:
        self._images = images
        self._labels = labels
        self._table = table
        self._embedder = embedder

    def table(self, rows: Sequence[Row]) -> pa.Table:
        """The rows, with all columns."""
        import pyarrow as pa

        sources = sorted({row.source for row in rows if row.source is not None})
        known = dict(zip(sources, self._images.table.at(sources), strict=True))
        now = time.time_ns() // 1_000_000
        vectors, columns = [], []
        for row in rows:
            vector, *answer = self._answer(row, known)
            vectors.append(vector)
            *said, added = self._kept(row, now)
            columns.append((row.stored, row.image.content, row.image.size, row.image.mtime_ns, *said, *answer, added))
        schema = self._table.schema
        flat = pa.array(np.concatenate(vectors).astype(self._table.dtype, copy=False))
        arrays = {"vector": pa.FixedSizeListArray.from_arrays(flat, self._table.dimension)}
        names = [name for name in schema.names if name != "vector"]
        for name, values in zip(names, zip(*columns, strict=True), strict=True):
            arrays[name] = pa.array(values, schema.field(name).type)
        return pa.table([arrays[name] for name in schema.names], schema=schema)

    def _answer(self, row: Row, known: Mapping[int, Mapping[str, Any]]) -> tuple[np.ndarray, str | None, float | None]:
        """Vector, what the model says, and its score."""
        if row.source is not None:
            before = known[row.source]
            return np.asarray(before["vector"]), before["predicted"], before["score"]
        assert row.image.vector is not None  # noqa: S101 - others have failed
        assert row.image.probabilities is not None  # noqa: S101
        assert self._embedder is not None  # noqa: S101
        metadata, scores = self._embedder.classifier.metadata, row.image.probabilities
        if TASKS[metadata.task].kind == "number":
            return row.image.vector, f"{float(scores[0]):.7g}", None
        best = int(np.argmax(scores))
        return row.image.vector, metadata.labels.names[best], float(scores[best])

    def _kept(self, row: Row, now: int) -> tuple[str | None, str | None, Any]:
        """Label, split and when it was added: as the labels say, else as before."""
        said = self._labels.get(os.path.abspath(row.image.path))  # noqa: PTH100 - as text
        if row.own is None:
            return (*(said or (None, None)), now)
        before = Label(self._images.value("label", row.own), self._images.value("split", row.own))
        return (*(said or before), self._images.value("added", row.own))
