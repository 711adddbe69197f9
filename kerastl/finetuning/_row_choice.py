"""Whether mirrored images train beside the images as they are, and how much the last layer counts: by leave-one-out.

Mirrored images are worth nearly as much as new ones where left and right do not matter, and mislead where they do, as
of letters and hands. The last layer of a network says most of things that the network was trained on, and layers below
say most of others: with MobileNetV2, ants and bees were right in 97.3 % with features of all layers counting the same
and in 97.9 % with those of the last counting what leave-one-out chose, mostly four or eight times as much (mean of 4
splits; 10 images a class: 87.8 and 93.1 %, 6 splits), while 20 classes of tiny ImageNet want them to count the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kerastl.finetuning._ridge_choice import choose_penalty
from kerastl.finetuning._ridge_left_out import LeaveOneOut
from kerastl.finetuning._ridge_solution import RidgeSolution, solve_targets
from kerastl.finetuning._ridge_system import DualSystem, Means, Problem
from kerastl.finetuning._row_groups import RowGroups
from kerastl.finetuning._solver_targets import Targets
from kerastl.finetuning._standardization import RowsLike, StandardizedRows, moments, take

# How much the features of the last layer may count.
EMPHASES = (1.0, 2.0, 4.0, 8.0)
# Images that are looked at, and of how many classes: choices depend on images a class more than on their number.
_IMAGES, _CLASSES = 1_000, 50


class RowChoice(NamedTuple):
    """What was chosen.

    Args:
        mirrored: Whether mirrored images train, too.
        emphasis: What the features of the last layer are multiplied by.
        penalty: That is about right; None where nothing could be left out.
        errors: Squared error on images left out, without and with mirrored images; None where it was not compared.
    """

    mirrored: bool = False
    emphasis: float = 1.0
    penalty: float | None = None
    errors: tuple[float, float] | None = None


class ChosenSolution(NamedTuple):
    """A solution on the rows that were chosen; its `rows` are images as they are."""

    solution: RidgeSolution
    choice: RowChoice


def solve_chosen(
    rows: RowsLike,
    mirrored: RowsLike | None,
    targets: Targets,
    weights: np.ndarray,
    groups: np.ndarray,
    *,
    last: int = 0,
    seed: int = 0,
    check: Callable[[], None] | None = None,
    **options: Any,
) -> ChosenSolution:
    """Choose by leave-one-out on some of the images, and solve on all.

    Args:
        rows: Features of the images as they are, `(n, d)`.
        mirrored: Of the same images, mirrored; None leaves them out.
        targets: Of the images.
        weights: `(n,)`, above 0.
        groups: `(n,)`, the same number for images that are left out together. An image and its mirrored copy are.
        last: How many of the features, at the end, are of the last layer; 0 where all are, or it is not known.
        seed: Of samples.
        check: Called again and again; what it raises ends the work.
        **options: Of `solve_targets`.

    Raises:
        OSError: As `solve_targets` does; so does TrainingError.
    """
    choice = choose_rows(rows, mirrored, targets, weights, groups, last=last, seed=seed, check=check)
    options |= {"last": last, "seed": seed, "check": check}
    return ChosenSolution(solve_as(choice, rows, mirrored, targets, weights, groups, **options), choice)


def solve_as(
    choice: RowChoice,
    rows: RowsLike,
    mirrored: RowsLike | None,
    targets: Targets,
    weights: np.ndarray,
    groups: np.ndarray,
    *,
    last: int = 0,
    **options: Any,
) -> RidgeSolution:
    """Solve on all images as it was chosen.

    Args:
        choice: Which rows, and how much the last layer counts; its penalty is where the search for one begins.
        rows: As for `solve_chosen`, and so are the others.
        mirrored: Likewise.
        targets: Likewise.
        weights: Likewise.
        groups: Likewise.
        last: Likewise.
        **options: Of `solve_targets`.
    """
    of_features = emphasized(np.shape(rows[:1])[1], last, choice.emphasis)
    options |= {"feature_weights": of_features, "start": choice.penalty}
    if mirrored is None or not choice.mirrored:
        return solve_targets(rows, targets, weights, groups, **options)
    twice = np.tile(np.arange(len(targets)), 2)
    return solve_targets(
        PairedRows(rows, mirrored),
        targets.take(twice),
        weights[twice],
        groups[twice],
        scored=np.arange(len(twice)) < len(targets),
        **options,
    )


def emphasized(width: int, last: int, emphasis: float) -> np.ndarray | None:
    """What features are multiplied by where the last layer's count so much more: float64 `(width,)`; None for nothing.

    Args:
        width: Number of features.
        last: How many of them, at the end, are of the last layer.
        emphasis: What these are multiplied by.
    """
    if emphasis == 1:
        return None
    found = np.ones(width)
    found[-last:] = emphasis
    return found


def choose_rows(
    rows: RowsLike,
    mirrored: RowsLike | None,
    targets: Targets,
    weights: np.ndarray,
    groups: np.ndarray,
    *,
    last: int = 0,
    seed: int = 0,
    check: Callable[[], None] | None = None,
) -> RowChoice:
    """Choose by leave-one-out on some of the images; see `solve_chosen`."""
    chosen = sample_rows(targets.strata(), groups, seed)
    plain = np.arange(len(chosen))
    both = np.tile(plain, 1 if mirrored is None else 2)
    features = [take(each, chosen) for each in (rows, mirrored) if each is not None]
    products = _products(np.concatenate(features), last)
    own = (targets.take(chosen[both]), weights[chosen[both]].astype(np.float64), groups[chosen[both]])

    def tried(emphasis: float, part: np.ndarray, start: float | None) -> tuple[float, float]:
        (check or (lambda: None))()
        gram = products[0] + emphasis**2 * products[1]
        if (trace := float(np.trace(gram))) > 0:  # 0 where all images are alike, which solving the head then tells
            gram *= len(gram) / trace
        return _error(gram[np.ix_(part, part)], own[0].take(part), own[1][part], own[2][part], len(chosen), start)

    found: dict[float, tuple[float, float]] = {}
    for emphasis in EMPHASES if last else EMPHASES[:1]:
        found[emphasis] = tried(emphasis, plain, found[emphasis / 2][0] if emphasis > 1 else None)
    emphasis = min(found, key=lambda one: found[one][1])
    penalty, without = found[emphasis]
    if not np.isfinite(without):
        return RowChoice()
    if mirrored is None:
        return RowChoice(False, emphasis, penalty)
    with_them, error = tried(emphasis, np.arange(len(both)), penalty)
    better = error < without
    return RowChoice(better, emphasis, with_them if better else penalty, (without, error))


def sample_rows(strata: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Draw whole groups with some 1,000 rows, of 50 classes at most.

    Args:
        strata: int64 `(n,)`, classes.
        groups: `(n,)`.
        seed: Of the draw.

    Returns:
        Numbers of rows, ascending. Of two groups that are larger than that, evenly spaced rows.
    """
    random = np.random.default_rng(seed)
    classes = np.unique(strata)
    if len(classes) > _CLASSES:
        classes = np.sort(random.choice(classes, _CLASSES, replace=False))
    rows = np.flatnonzero(np.isin(strata, classes))
    if len(rows) <= _IMAGES:
        return rows
    _, own, sizes = np.unique(groups[rows], return_inverse=True, return_counts=True)
    order = random.permutation(len(sizes))
    count = max(2, int(np.searchsorted(np.cumsum(sizes[order]), _IMAGES)) + 1)
    found = rows[np.isin(own.ravel(), order[:count])]
    return found[:: max(1, len(found) // _IMAGES)]


def _products(features: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
    """The products of standardized rows, by the features of the layers below and by those of the last."""
    standard = StandardizedRows(features, *moments(features))[:]
    below, above = (standard[:, :-last], standard[:, -last:]) if last else (standard, standard[:, :0])
    return below @ below.T, above @ above.T


def _error(
    gram: np.ndarray, targets: Targets, weights: np.ndarray, groups: np.ndarray, scored: int, start: float | None
) -> tuple[float, float]:
    """The best penalty and its error on the first `scored` rows; see `choose_penalty`."""
    n = len(targets)
    weights = weights * (n / weights.sum())
    mean = weights @ gram / n  # of the rows, times each of them
    centered = gram - mean - mean[:, None] + mean @ weights / n
    roots = np.sqrt(weights)
    centered = (roots[:, None] * centered * roots).astype(np.float64)
    averages = targets.weighted(slice(0, n), weights).sum(axis=1) / n
    means = Means(float(n), np.empty(0), np.asarray(averages), np.empty((0, 0)))
    problem = Problem(np.empty((n, 0), np.float32), targets, weights)
    together = RowGroups(groups)
    counted = targets.answerable(together) & (np.arange(n) < scored)
    loo = LeaveOneOut(DualSystem(problem, means, centered), together)
    return choose_penalty(loo, np.arange(len(together)), counted, start)


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
