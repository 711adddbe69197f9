"""Numbers in bins, so that what divides images by their classes divides numbers, too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from kerastl.data._dataset import Dataset
from kerastl.tasks._task import CLASSIFICATION

# As many bins as tell where on its scale a number lies.
_MOST = 10


def number_bins(values: Iterable[float], fraction: float = 0.5) -> np.ndarray:
    """Put numbers into bins that hold about as many each; equal numbers share one.

    There are ten bins, or as many as can give one of their numbers each when `fraction` of all are taken.

    Args:
        values: Finite.
        fraction: Of the numbers in each bin, what is to be taken from it, in (0, 1).

    Returns:
        int64 `(n,)`, from 0, in the order of the numbers.

    Example:
        >>> from kerastl.data._number_bins import number_bins
        >>> number_bins([7.0, 1.0, 2.0, 9.0], fraction=0.5).tolist()
        [1, 0, 0, 1]
    """
    given = np.asarray(list(values), np.float64)
    if not len(given):
        return np.zeros(0, np.int64)
    count = int(np.clip(int(len(given) * min(fraction, 1 - fraction) + 1e-9), 1, _MOST))
    edges = np.unique(np.quantile(given, np.arange(1, count) / count, method="higher"))
    _, bins = np.unique(np.searchsorted(edges, given, side="right"), return_inverse=True)
    return bins.astype(np.int64)


def with_bins(dataset: Dataset, fraction: float = 0.5) -> Dataset:
    """The same images with bins of their numbers as classes.

    Args:
        dataset: Its labels are numbers.
        fraction: As for `number_bins`.
    """
    bins = [f"bin {number}" for number in number_bins((float(item.label) for item in dataset.items), fraction)]
    items = tuple(replace(item, label=name) for item, name in zip(dataset.items, bins, strict=True))
    return replace(dataset, items=items, classes=tuple(sorted(set(bins))), task=CLASSIFICATION)
