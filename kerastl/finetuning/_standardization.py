"""Features of mean 0 whose rows have a mean squared length of 1, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from kerastl.errors import TrainingError

# Rows that are scaled at a time: few enough that copies in float64 do not count.
ROWS = 1_024
# Rows whose moments are taken together: what a cache holds.
_TOGETHER = 64
# A feature that varies by less than this fraction of its mean is constant but for rounding.
_CONSTANT = 1e-6


class RowsLike(Protocol):
    """What gives rows of features, such as an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


def parts(features: RowsLike) -> Iterator[np.ndarray]:
    """A few rows at a time, float32."""
    for start in range(0, len(features), ROWS):
        yield np.asarray(features[start : start + ROWS], np.float32)


def moments(features: RowsLike) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each feature, and by what to divide it so that rows have a mean squared length of 1.

    That length keeps penalties comparable among networks, whose numbers of features differ. Features that are constant
    are divided by infinity, which leaves nothing of them.

    Raises:
        TrainingError: Features are not finite.
    """
    width = np.shape(features[:1])[1]
    count, mean, squares = 0, np.zeros(width), np.zeros(width)
    for part in parts(features):
        if not np.isfinite(part).all():
            raise TrainingError(
                "the features hold NaN or infinity, so that no head can be fitted: the network's weights are broken or "
                "too large; take other ones (--weights, --model)"
            )
        for start in range(0, len(part), _TOGETHER):
            # Chan, Golub and LeVeque 1983, equation 1.5: moments of parts are joined without cancellation.
            centered = part[start : start + _TOGETHER].astype(np.float64)
            own = centered.mean(axis=0)
            centered -= own
            difference, total = own - mean, count + len(centered)
            squares += np.einsum("ij,ij->j", centered, centered)
            squares += difference**2 * (count * len(centered) / total)
            mean += difference * (len(centered) / total)
            count = total
    deviation = np.sqrt(squares / count)
    constant = deviation <= _CONSTANT * np.abs(mean)
    scale = np.where(constant, np.inf, deviation * np.sqrt(len(deviation)))
    return mean.astype(np.float32), scale.astype(np.float32)


class StandardizedRows:
    """Rows of features, standardized when they are asked for.

    Args:
        features: `(n, d)`.
        mean: float32 `(d,)`.
        scale: float32 `(d,)`, from `moments` like `mean`.
    """

    def __init__(self, features: RowsLike, mean: np.ndarray, scale: np.ndarray) -> None:
        self._features = features
        self._mean = mean
        self._scale = scale

    def __len__(self) -> int:
        return len(self._features)

    def __getitem__(self, part: slice) -> np.ndarray:
        rows: np.ndarray = (np.asarray(self._features[part], np.float32) - self._mean) / self._scale
        return rows


def take(features: RowsLike, rows: np.ndarray) -> np.ndarray:
    """Rows by their numbers, which ascend: float32 `(len(rows), d)`."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    firsts, ends = rows[np.r_[0, breaks]], rows[np.r_[breaks - 1, len(rows) - 1]] + 1
    runs = [np.asarray(features[first:end], np.float32) for first, end in zip(firsts, ends, strict=True)]
    return runs[0] if len(runs) == 1 else np.concatenate(runs)
