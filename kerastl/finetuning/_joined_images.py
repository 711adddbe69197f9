"""New images joined with those of an earlier run, of which only the features are left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import printable
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._training_data import LabeledImages, TrainingData


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

    def described(self, name: str) -> str:
        """What is joined, in a line; `name` is that of the earlier run."""
        earlier = int((self.places >= 0).sum())
        again = f"; {self.relabeled:,} of its images are new ones of another class" if self.relabeled else ""
        return f"{len(self.places) - earlier:,} new images, beside {earlier:,} of {printable(name)}{again}"

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
    earlier_groups = np.unique(kept.groups, return_inverse=True)[1].ravel()
    groups = np.concatenate([earlier_groups, data.groups() + len(kept)])
    names = [*(Path(f"{content:016x}") for content in kept.hashes.tolist()), *data.train.files]
    contents = np.concatenate([kept.hashes, train])[order]
    images = LabeledImages([names[place] for place in order], both[order], contents)
    numbered = np.unique(groups[order], return_inverse=True)[1].astype(np.int64)
    return JoinedImages(replace(data, train=images, group_numbers=numbered), places[order], kept, relabeled)


def _contents(images: LabeledImages) -> np.ndarray:
    return np.zeros(len(images.files), np.uint64) if images.contents is None else images.contents
