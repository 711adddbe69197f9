"""Images with what is said of each while it is left out: what a review looks at, wherever it is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastl.finetuning._ridge import solve_ridge
from kerastl.finetuning._ridge_folds import balanced_folds


@dataclass(frozen=True)
class ScoredImages:
    """Images, those with labels and those without.

    Args:
        source: What they are from, in words.
        root: The folder that their paths are relative to.
        paths: Of the images.
        classes: Names of the classes.
        labels: int64 `(n,)`, places in `classes`; -1 of images without a label.
        probabilities: float32 `(n, classes)`, by a head that does not know the image; NaN where there is none.
        vectors: float32 `(n, d)`, of length 1; zeros where there is none.
        groups: int64 `(n,)`, the same of copies.
        notes: What to know of them, one line each.
    """

    source: str
    root: Path
    paths: Sequence[str]
    classes: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    vectors: np.ndarray
    groups: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def answered(self) -> np.ndarray:
        """Numbers of the images with a label and with probabilities."""
        return np.flatnonzero((self.labels >= 0) & np.isfinite(self.probabilities).all(axis=1))

    @property
    def compared(self) -> np.ndarray:
        """Numbers of the images with a label and with a vector."""
        return np.flatnonzero((self.labels >= 0) & self.vectors.any(axis=1))

    @property
    def unlabeled(self) -> np.ndarray:
        """Numbers of the images without a label."""
        return np.flatnonzero(self.labels < 0)


def cross_answers(
    vectors: np.ndarray, labels: np.ndarray, classes: int, groups: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Solve a head on the labeled images: what it says of each of them while it is left out, and of the others.

    Args:
        vectors: float32 `(n, d)`.
        labels: int64 `(n,)`; -1 of images without a label.
        classes: How many there are, 2 or more.
        groups: int64 `(n,)`, the same of images that are left out together.
        seed: Of what is drawn.

    Returns:
        float32 `(n, classes)`; NaN of labeled images that could not be left out, such as the only one of a class.
    """
    from scipy.special import softmax

    known = np.flatnonzero(labels >= 0)
    rows, own = vectors[known], labels[known]
    folds = balanced_folds(groups[known], own, seed=seed)
    head = solve_ridge(rows, own, classes, np.ones(len(known), np.float32), folds, seed=seed)
    found = np.full((len(labels), classes), np.nan, np.float32)
    found[known[head.loo_rows]] = head.loo_probabilities
    others = np.flatnonzero(labels < 0)
    found[others] = softmax(vectors[others] @ head.kernel + head.bias, axis=1)
    return found


def numbered(contents: Sequence[str]) -> np.ndarray:
    """Give copies the same number: int64 `(n,)`; what has no content hash is like nothing else."""
    names = [content or f"#{place}" for place, content in enumerate(contents)]
    _, numbers = np.unique(names, return_inverse=True)
    return numbers.astype(np.int64)
