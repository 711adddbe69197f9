"""What a thread does that fills stores of features: it decodes an image, and computes the features of its views."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastl.errors import ImageError
from kerastl.inference._engines import Engine
from kerastl.training._samples import Sample, View

BROKEN = "broken: "
"""What the line of a row begins with whose image cannot be read; the reason follows."""


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
