"""New images joined with those of an earlier run, of which only the features are left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.finetuning._features import FeatureComputer, PhaseFeatures, UsableFeatures, lookup
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._training_data import LabeledImages, TrainingData

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._estimate import FeatureTimer


@dataclass(frozen=True)
class JoinedImages:
    """Images of an earlier run, and new ones.

    Args:
        data: All of them, class by class and in a class the earlier ones first. An earlier image is called by its
            content, and has no file.
        places: int64 `(n,)`: the row of each earlier image in `kept`, of a new one the complement of its number.
        kept: Of the earlier images.
        relabeled: Earlier images that are among the new ones with another class, which holds.
    """

    data: TrainingData
    places: np.ndarray
    kept: KeptFeatures
    relabeled: int = 0

    def class_changes(self, left_out: LeftOutAnswers) -> list[dict[str, Any]]:
        """How the classes of the earlier run fared.

        Args:
            left_out: What the new head says of the images in `data` that are left out.

        Returns:
            For each of these classes its name as `class`, how many of the earlier `images` were left out both times,
            and which fraction of them was right `before` and is `after`, None where there are none.
        """
        places = self.places[left_out.numbers]
        rows, earlier = places[places >= 0], places >= 0
        before = self.kept.answers[rows]
        after, truth = left_out.probabilities[earlier].argmax(axis=1), self.kept.labels[rows]
        found = []
        for label, name in enumerate(self.kept.classes):
            own = (truth == label) & (before >= 0)
            right = [float(np.mean(answers[own] == label)) if own.any() else None for answers in (before, after)]
            found.append({"class": name, "images": int(own.sum()), "before": right[0], "after": right[1]})
        return found


def join_images(kept: KeptFeatures, data: TrainingData) -> JoinedImages:
    """Join images with those of an earlier run.

    An image that is among the new ones, too, is taken from there, with the label that it has there.

    Args:
        kept: Of the earlier run.
        data: The new images; their classes begin with the earlier ones.
    """
    train, val = (_contents(images) for images in (data.train, data.val))
    labels = dict(zip(train.tolist(), data.train.labels.tolist(), strict=True))
    again = np.isin(kept.hashes, np.concatenate([train, val])) & (kept.hashes != 0)
    pairs = zip(kept.hashes[again].tolist(), kept.labels[again].tolist(), strict=True)
    relabeled = sum(labels.get(content, label) != label for content, label in pairs)
    kept = kept.without(again)
    places = np.concatenate([np.arange(len(kept)), ~np.arange(len(data.train.files))])
    both = np.concatenate([kept.labels, data.train.labels])
    order = np.argsort(both, kind="stable")
    groups = np.concatenate([kept.groups, data.groups() + kept.groups.max(initial=-1) + 1])
    names = [*(Path(f"{content:016x}") for content in kept.hashes.tolist()), *data.train.files]
    contents = np.concatenate([kept.hashes, train])[order]
    images = LabeledImages([names[place] for place in order], both[order], contents)
    numbered = np.unique(groups[order], return_inverse=True)[1].astype(np.int64)
    return JoinedImages(replace(data, train=images, group_numbers=numbered), places[order], kept, relabeled)


def _contents(images: LabeledImages) -> np.ndarray:
    return np.zeros(len(images.files), np.uint64) if images.contents is None else images.contents


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
