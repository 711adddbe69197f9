"""What a map shows: images with vectors, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from kerastl.errors import UsageError
from kerastl.index._paths import located


@dataclass(frozen=True)
class MapImages:
    """Images for a map.

    Args:
        paths: Of their files, from `root`, or absolute.
        vectors: Shape (n, d), one row an image, of length 1.
        labels: Their labels, empty where an image has none; None where none has one.
        answers: The class that a model takes each for, empty where it says nothing; None where there are no answers.
        scores: Of the answers, in [0, 1].
        mistakes: bool of shape (n,), whether an answer is wrong; None where labels cannot be compared with answers.
        root: The folder that the paths start at.
        name: What they are called together.
        notes: What to know of them, one line each.

    Raises:
        UsageError: They are not as many, or there are none.

    Example:
        >>> import kerastl
        >>> from kerastl.embedding_map import MapImages
        >>> paths = ("data/candle.jpg", "data/umbrella.png")
        >>> images = MapImages(paths, kerastl.load("kerastl_mini").embed(paths), labels=("candle", "umbrella"))
        >>> len(images), images.mistakes is None
        (2, True)
    """

    paths: Sequence[str]
    vectors: np.ndarray
    labels: Sequence[str] | None = None
    answers: Sequence[str] | None = None
    scores: np.ndarray | None = None
    mistakes: np.ndarray | None = None
    root: Path = field(default_factory=Path)
    name: str = "images"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.paths):
            raise UsageError("there are no images to make a map of")
        for name in ("vectors", "labels", "answers", "scores", "mistakes"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.paths):
                raise UsageError(f"{name} must be as many as paths. Received: {len(values)}, {len(self.paths)} paths")

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def files(self) -> list[str]:
        """Where they lie; addresses as they are."""
        return [located(str(self.root), path) for path in self.paths]

    def taken(self, places: np.ndarray) -> MapImages:
        """Those at some places."""

        def of(values: Sequence[str] | None) -> tuple[str, ...] | None:
            return None if values is None else tuple(values[place] for place in places)

        return replace(
            self,
            paths=tuple(self.paths[place] for place in places),
            vectors=self.vectors[places],
            labels=of(self.labels),
            answers=of(self.answers),
            scores=None if self.scores is None else self.scores[places],
            mistakes=None if self.mistakes is None else self.mistakes[places],
        )


def wrong_answers(labels: Sequence[str], answers: Sequence[str]) -> np.ndarray | None:
    """Which answers are wrong, by their names.

    Args:
        labels: Empty where an image has none.
        answers: Likewise.

    Returns:
        bool `(n,)`; None where the model does not know the labels: neither is every label the answer to some image, nor
        every answer the label of one.
    """
    known, said = {*labels} - {""}, {*answers} - {""}
    if not known or not said or not (known <= said or said <= known):
        return None
    return np.array([bool(label and answer) and label != answer for label, answer in zip(labels, answers, strict=True)])


def sampled(count: int, limit: int, labels: Sequence[str] | None = None, seed: int = 0) -> np.ndarray:
    """Choose some of many images: of each label its part, and one at least where there is room.

    Args:
        count: Images that there are.
        limit: Of the choice.
        labels: Of the images.
        seed: Of the choice.

    Returns:
        int64, places, ascending; all where they are within the limit.
    """
    if count <= limit:
        return np.arange(count)
    order = np.random.default_rng(seed).permutation(count)
    _, codes = np.unique(np.array(labels or [""] * count), return_inverse=True)
    # Shuffled images of a label follow each other at even steps; those of all labels are merged, as cards are.
    by_label = order[np.argsort(codes[order], kind="stable")]
    sizes = np.bincount(codes)
    turn = np.arange(count) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = np.argsort(turn / np.repeat(sizes, sizes), kind="stable")[:limit]
    return np.sort(by_label[first])


def sampling_note(shown: int, total: int) -> tuple[str, ...]:
    """What is said where not all images are shown."""
    return () if shown == total else (f"a sample: {shown:,} of {total:,} images are shown (--limit takes more)",)


def counted(count: int) -> str:
    """A number of images, in words."""
    return f"{count:,} image{'' if count == 1 else 's'}"
