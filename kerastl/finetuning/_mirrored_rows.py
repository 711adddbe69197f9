"""Mirrored training images beside the images as they are, where leave-one-out says that they help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerastl._metrics import log_losses
from kerastl.finetuning._ridge import RidgeHead, solve_ridge
from kerastl.finetuning._standardization import RowsLike


class MirroredSolution(NamedTuple):
    """A head, and whether mirrored images are in it.

    Args:
        head: What `solve_ridge` gave; its leave-one-out rows are images as they are.
        mirrored: Whether their mirrored copies helped to make it.
        loss: Leave-one-out log loss without and with them; None where there is nothing to compare.
    """

    head: RidgeHead
    mirrored: bool
    loss: tuple[float, float] | None = None


class PairedRows:
    """Rows of features, and below them those of the mirrored images.

    Args:
        rows: `(n, d)`.
        mirrored: `(n, d)`, in the same order.
    """

    def __init__(self, rows: RowsLike, mirrored: RowsLike) -> None:
        self._rows = rows
        self._mirrored = mirrored

    def __len__(self) -> int:
        return len(self._rows) + len(self._mirrored)

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, step = part.indices(len(self))
        count = len(self._rows)
        if stop <= count:
            return self._rows[start:stop:step]
        if start >= count:
            return self._mirrored[start - count : stop - count : step]
        upper = self._rows[start:count:step]
        return np.concatenate([upper, self._mirrored[start + len(upper) * step - count : stop - count : step]])


def solve_with_mirrored(
    rows: RowsLike,
    mirrored: RowsLike | None,
    labels: NDArray[np.int64],
    classes: int,
    weights: NDArray[np.float32],
    groups: NDArray[np.int64],
    *,
    check: Callable[[], None] | None = None,
    **options: Any,
) -> MirroredSolution:
    """Solve a head with and without mirrored images, and keep what answers images that are left out with less loss.

    An image and its mirrored copy are left out together. Where the two mean different things, as letters and hands
    do, the copies make the answers worse, and stay away.

    Args:
        rows: Features of the images as they are, `(n, d)`.
        mirrored: Of the same images, mirrored; None leaves them out.
        labels: `(n,)`.
        classes: Number of classes.
        weights: `(n,)`.
        groups: `(n,)`.
        check: Called again and again; what it raises ends the work.
        **options: Of `solve_ridge`.

    Raises:
        OSError: As `solve_ridge` does; so does TrainingError.
    """
    plain = solve_ridge(rows, labels, classes, weights, groups, check=check, **options)
    if mirrored is None or not len(plain.loo_rows):
        return MirroredSolution(plain, False)
    scored = np.arange(2 * len(labels)) < len(labels)
    doubled = (np.concatenate([each, each]) for each in (labels, weights, groups))
    both_labels, both_weights, both_groups = doubled
    both = solve_ridge(
        PairedRows(rows, mirrored),
        both_labels,
        classes,
        both_weights,
        both_groups,
        scored=scored,
        check=check,
        **options,
    )
    losses = tuple(
        float(np.average(log_losses(head.loo_probabilities, labels[head.loo_rows]), weights=weights[head.loo_rows]))
        for head in (plain, both)
    )
    better = losses[1] < losses[0]
    return MirroredSolution(both if better else plain, better, (losses[0], losses[1]))
