"""Heads solved on growing parts of labeled images, and which images each answers right without knowing them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from kerastl._progress import stage
from kerastl.evaluation._power_law import PowerLaws, fit_power_laws
from kerastl.finetuning._ridge import solve_ridge
from kerastl.finetuning._ridge_folds import balanced_folds
from kerastl.inference._engines import cores

# Each size is so many times the one before.
_STEP = 2**0.5
_SIZES = 8
# Images of a class in the smallest part, in the mean; no class has fewer than the second.
_SMALLEST, _LEAST = 4, 2
_SAMPLES = 1_000
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Grown:
    """Which images were answered right, by heads that grow.

    Args:
        sizes: `(points,)`, images of the classes that grow, ascending.
        right: For each point bool `(repeats, n)`: whether each image was answered right.
    """

    sizes: np.ndarray
    right: Sequence[np.ndarray]

    @property
    def accuracies(self) -> np.ndarray:
        """`(points,)`, the mean over images and repeats."""
        return np.array([one.mean() for one in self.right])

    def upto(self, images: float) -> Grown:
        """The points with so many images at most."""
        count = int((self.sizes <= images).sum())
        return Grown(self.sizes[:count], self.right[:count])


@dataclass(frozen=True)
class Forecast:
    """What is expected with more images.

    Args:
        law: Fitted to the points as they are, one sample.
        samples: Fitted to what would have been seen with other images and other draws of them.
        noise: What one draw of images differs from the next, for each of the samples.
    """

    law: PowerLaws
    samples: PowerLaws
    noise: np.ndarray

    def at(self, images: float) -> tuple[float, float, float]:
        """The accuracy with so many images, and the interval that holds it in 95 of 100 cases."""
        low, high = np.quantile(np.clip(self.samples.at(images) + self.noise, 0, 1), _INTERVAL)
        return float(self.law.at(images)[0]), float(low), float(high)


def grow(
    vectors: np.ndarray, labels: np.ndarray, classes: int, grown: Sequence[int], repeats: int, seed: int = 0
) -> Grown:
    """Solve heads on growing parts.

    An image that a head was solved on is answered by the head as it would be without it (leave-one-out), every other
    one by the head itself: so all images judge each size.

    Args:
        vectors: float32 `(n, d)`.
        labels: int64 `(n,)`.
        classes: How many there are.
        grown: The classes that grow; of the others all images are always there.
        repeats: Draws of each size; of all images there is one.
        seed: Of the draws.
    """
    from threadpoolctl import threadpool_limits

    counts = np.bincount(labels, minlength=classes)[list(grown)]
    fractions = _fractions(float(counts.mean()))
    tasks = [(fraction, repeat) for fraction in fractions for repeat in range(repeats if fraction < 1 else 1)]
    rows = [draw(labels, grown, fraction, np.random.default_rng((seed, repeat))) for fraction, repeat in tasks]
    # One BLAS thread a head: several heads at once are faster than several threads of each.
    with (
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(cores()) as pool,
        stage("solving heads", len(tasks)) as counter,
    ):
        answers = []
        for one in pool.map(lambda part: _right(vectors, labels, classes, part, seed), rows):
            answers.append(one)
            counter.advance()
    sizes, right = [], []
    for fraction in fractions:
        own = [place for place, (drawn, _) in enumerate(tasks) if drawn == fraction]
        sizes.append(float(np.isin(labels[rows[own[0]]], grown).sum()))
        right.append(np.stack([answers[place] for place in own]))
    return Grown(np.array(sizes), right)


def forecast(points: Grown, seed: int = 0) -> Forecast:
    """Fit the law to the points, and to bootstrap samples of images and of draws.

    Args:
        points: Of `grow`.
        seed: Of the samples.
    """
    random = np.random.default_rng(seed)
    n = points.right[0].shape[1]
    weights = random.multinomial(n, np.full(n, 1 / n), size=_SAMPLES) / n
    accuracies = np.empty((_SAMPLES, len(points.sizes)))
    for place, right in enumerate(points.right):
        of_repeats = weights @ right.T.astype(np.float64)
        picked = random.integers(0, len(right), of_repeats.shape)
        accuracies[:, place] = np.take_along_axis(of_repeats, picked, axis=1).mean(axis=1)
    repeated = [right.mean(axis=1).std(ddof=1) for right in points.right if len(right) > 1][-2:]
    spread = float(np.mean(repeated)) if repeated else 0.0
    laws = fit_power_laws(points.sizes, accuracies)
    return Forecast(fit_power_laws(points.sizes, points.accuracies[None]), laws, random.normal(0, spread, _SAMPLES))


def _fractions(images: float) -> list[float]:
    """The parts of the images, ascending; the last is all of them."""
    count = min(_SIZES, 1 + max(0, int(np.log(images / _SMALLEST) / np.log(_STEP))))
    return [_STEP**-step for step in range(count - 1, -1, -1)]


def draw(labels: np.ndarray, grown: Sequence[int], fraction: float, random: np.random.Generator) -> np.ndarray:
    """Draw a part of each class that grows, and all images of the others: numbers of rows, ascending.

    Draws of one seed are parts of each other: what a smaller fraction gives, a larger one gives, too.
    """
    found = [np.flatnonzero(~np.isin(labels, grown))]
    for label in grown:
        rows = random.permutation(np.flatnonzero(labels == label))
        found.append(rows[: max(_LEAST, round(fraction * len(rows)))])
    return np.sort(np.concatenate(found))


def _right(vectors: np.ndarray, labels: np.ndarray, classes: int, rows: np.ndarray, seed: int) -> np.ndarray:
    """Whether each image is answered right by a head that is solved on some of them, but not on it: bool `(n,)`."""
    own = labels[rows]
    folds = balanced_folds(np.arange(len(rows)), own, seed=seed)
    head = solve_ridge(vectors[rows], own, classes, np.ones(len(rows), np.float32), folds, seed=seed)
    right = (vectors @ head.kernel + head.bias).argmax(axis=1) == labels
    right[rows] = False  # what cannot be left out is not known to be right
    right[rows[head.loo_rows]] = head.loo_probabilities.argmax(axis=1) == own[head.loo_rows]
    found: np.ndarray = right
    return found
