"""Images that turn out to be unreadable while a run goes on: they are told once, counted, and left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerastl._base.text import listed, printable
from kerastl.errors import DataError
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import Features


class SkippedImages:
    """What a run goes on without.

    `reasons` says of each file why it was skipped.

    Args:
        data: The images that the run began with.
        callback: Hears of each that is skipped.
    """

    def __init__(self, data: TrainingData, callback: RunCallback) -> None:
        self._data = data
        self._callback = callback
        self.reasons: dict[Path, str] = {}
        self._left = data.class_counts()

    def usable(self, images: LabeledImages, features: Features, copies: int = 1) -> np.ndarray:
        """Numbers of the images of which every copy could be read; the others are skipped.

        Args:
            images: Those to train on or those to validate on.
            features: Theirs; the copies of an image lie together.
            copies: Of each image.

        Raises:
            DataError: None can be read, or none of a class that is trained on.
        """
        broken = {row // copies: reason for row, reason in features.problems.items()}
        for number, reason in broken.items():
            self._add(images, number, reason)
        usable = np.setdiff1d(np.arange(len(images.files)), list(broken))
        if not len(usable):
            raise DataError(f"none of {len(images.files)} images can be read, the first: {next(iter(broken.values()))}")
        if images is self._data.train:
            self._check_classes(list(broken))
        return usable

    def skip(self, number: int, reason: str) -> None:
        """Skip a training image that could be read before.

        Raises:
            DataError: It was the last of its class.
        """
        self._add(self._data.train, number, reason)
        self._check_classes([number])

    def _add(self, images: LabeledImages, number: int, reason: str) -> None:
        file = images.files[number]
        if file not in self.reasons:
            self.reasons[file] = reason
            self._callback.warn(f"{printable(str(file))}: {reason}; skipped")
            if images is self._data.train:
                self._left -= self._data.class_counts([number])

    def _check_classes(self, skipped: Sequence[int]) -> None:
        """Refuse to go on where a class has lost its last image with one of these."""
        changed = np.flatnonzero((self._data.class_counts(skipped) > 0) & (self._left == 0))
        lost = [self._data.classes[label] for label in changed]
        if lost:
            file, reason = next(reversed(self.reasons.items()))
            last = f"{printable(str(file))}: {reason}"
            raise DataError(
                f"no training image of {listed(lost)} can be read any more (the last: {last}); "
                "put the files back and start again"
            )
