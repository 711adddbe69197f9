"""What a thread does that fills stores of features: it decodes an image, and computes the features of its views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kerastl.errors import ImageError
from kerastl.inference._engines import Engine
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._process_group import current
from kerastl.training._samples import Sample, View

BROKEN = "broken: "
"""What the line of a row begins with whose image cannot be read; the reason follows."""

# Rows that a process computes before it tells the others.
_TOGETHER = 256


class RowWork:
    """Computes the views of a chunk of rows in a worker thread; leaves out those whose content is known.

    Args:
        engine: Pixels to activations.
        samples: One a row.
        views: What is done to their pixels.
        known: Of each view, which content its rows were computed from.
    """

    def __init__(
        self, engine: Engine, samples: Sequence[Sample], views: Sequence[View], known: Sequence[Sequence[str]]
    ) -> None:
        self._engine = engine
        self._samples = samples
        self._views = views
        self._known = known

    def __call__(self, rows: Sequence[int]) -> list[tuple[int, str, list[np.ndarray | None]]]:
        lines: list[str] = []
        wanted: list[list[int]] = [[] for _ in self._views]  # places in `rows`
        pixels: dict[int, np.ndarray] = {}
        for place, row in enumerate(rows):
            try:
                line = self._samples[row].digest()
                missing = [view for view, known in enumerate(self._known) if row >= len(known) or known[row] != line]
                if missing:
                    pixels[place] = self._samples[row].pixels()
            except ImageError as error:
                line, missing = BROKEN + error.reason, []
            lines.append(line)
            for view in missing:
                wanted[view].append(place)
        found = [self._predict(view, places, pixels) for view, places in zip(self._views, wanted, strict=True)]
        return [(row, lines[place], [one.get(place) for one in found]) for place, row in enumerate(rows)]

    def _predict(self, view: View, places: Sequence[int], pixels: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Features of a view, by place. A call of its own: whatever else is computed, they are the same to the bit."""
        if not places:
            return {}
        features = self._engine.predict(np.stack([view(pixels[place]) for place in places]))
        return dict(zip(places, features, strict=True))


def computed_together(
    engine: Engine, samples: Sequence[Sample], views: Sequence[View], shape: tuple[int, ...], dtype: np.dtype
) -> Iterator[tuple[int, str, list[np.ndarray | None]]]:
    """Compute the views of all rows, each process its part, and give each process all of them.

    What a store holds already is computed again: processes that join a run have no stores.

    Args:
        engine: Pixels to activations.
        samples: One a row.
        views: What is done to their pixels.
        shape: Of the activations of a row.
        dtype: In which the engine gives them.

    Yields:
        What `RowWork` gives, in the order of the rows.
    """
    group, parallelism = current(), engine.parallelism
    work = RowWork(engine, samples, views, [()] * len(views))
    for start in range(0, len(samples), _TOGETHER * group.size):
        chunk = range(start, min(start + _TOGETHER * group.size, len(samples)))
        mine = chunk[group.part(len(chunk))]
        done = list(ordered_map(work, mine, parallelism.workers, parallelism.batch))
        lines = group.gather_lines([line for _, line, _ in done])
        found = [group.gather(_stacked([each[view] for *_, each in done], shape, dtype)) for view in range(len(views))]
        for place, row in enumerate(chunk):
            broken = lines[place].startswith(BROKEN)
            yield row, lines[place], [None if broken else rows[place] for rows in found]


def _stacked(rows: Sequence[np.ndarray | None], shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    empty = np.zeros((1, *shape), dtype)
    return np.concatenate([empty[:0], *(empty if row is None else row[None] for row in rows)])
