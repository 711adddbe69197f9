"""Features of new images, computed, joined with those that an earlier run has kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.finetuning._features import FeatureComputer, PhaseFeatures, UsableFeatures, lookup
from kerastl.finetuning._joined_images import JoinedImages
from kerastl.finetuning._phase import Phase

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._estimate import FeatureTimer


@dataclass(frozen=True)
class JoinedFeatures(PhaseFeatures):
    """Those of an earlier run and of new images, to solve a head on; there is nothing that gradient steps train on.

    Args:
        rows: Features of all images as they are.
    """

    rows: UsableFeatures | None = None

    @property
    def plain(self) -> UsableFeatures | None:
        """See `PhaseFeatures`."""
        return self.rows


class JoinedFeatureComputer(FeatureComputer):
    """Computes the features of new images, and joins them with those of an earlier run.

    Args:
        joined: All images.
        *arguments: Of `FeatureComputer`, whose images are the new ones.
        **options: Likewise.
    """

    def __init__(self, joined: JoinedImages, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._joined = joined

    def compute(
        self, lower: keras.Model | None, phase: Phase, seed: tuple[int, ...], timer: FeatureTimer | None = None
    ) -> PhaseFeatures:
        """See `FeatureComputer`."""
        found = super().compute(lower, phase, seed, timer)
        kept, new = self._joined.kept, found.plain
        if new is None:  # which is refused where a head is solved
            return found
        readable = new.usable if found.mirrored is None else found.mirrored.usable
        usable = np.flatnonzero(np.isin(self._joined.places, ~readable) | (self._joined.places >= 0))
        mirrored = None
        if kept.mirrored is not None and found.mirrored is not None:
            mirrored = self._rows(kept.mirrored, found.mirrored, usable)
        rows = self._rows(kept.rows, new, usable)
        return JoinedFeatures(found.extractor, found.val, None, 1, usable, mirrored, rows)

    def _rows(self, earlier: np.ndarray, new: UsableFeatures, usable: np.ndarray) -> UsableFeatures:
        first = UsableFeatures(earlier.__getitem__, np.arange(len(earlier)))
        return UsableFeatures(lookup(self._joined.places, first, new), usable)
