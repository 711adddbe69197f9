"""The normal equations of ridge regression, solved for one penalty after the other by Cholesky's decomposition.

For rows X of shape (n, d), centered and each times the root of its weight, targets Y and a penalty p, the coefficients
are (X'X + p)^-1 X'Y or, with fewer rows than features, X'(XX' + p)^-1 Y (Hastie, Tibshirani and Friedman, The Elements
of Statistical Learning, 2009, sections 3.4.1 and 18.3.5). For the few penalties that are looked at, decompositions take
less time than one eigenbasis: with 4,096 features 0.9 s each against 6.1 s on two cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from kerastl.finetuning._solver_targets import Targets
from kerastl.finetuning._standardization import ROWS, RowsLike, parts, take

# Up to so many products, they are computed in float64, which takes twice as long.
_EXACT = 2 * 10**11
# Bytes of all rows together up to which they are read once.
_HELD = 2**29


@dataclass(frozen=True)
class Problem:
    """What is to be solved.

    Args:
        features: Standardized rows, `(n, d)`.
        targets: Of the rows, `(n, t)`.
        weights: float64 `(n,)`, of each row, above 0.
        check: Called again and again; what it raises ends the work.
    """

    features: RowsLike
    targets: Targets
    weights: np.ndarray
    check: Callable[[], None] = lambda: None

    def parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """A few rows at a time, float32, and which they are."""
        for number, part in enumerate(parts(self.features)):
            self.check()
            yield slice(number * ROWS, number * ROWS + len(part)), part

    def means(self, each: Callable[[slice, np.ndarray], None] = lambda rows, part: None) -> Means:
        """The means of targets and features, and the sums that both are taken from.

        Args:
            each: Gets the rows, too, so that they need not be read again.
        """
        width = np.shape(self.features[:1])[1]
        sums, total, mean = np.zeros((self.targets.width, width)), np.zeros(self.targets.width), np.zeros(width)
        for rows, part in self.parts():
            weighted, exact = self.targets.weighted(rows, self.weights), part.astype(np.float64)
            sums += weighted @ exact
            total += weighted.sum(axis=1)
            mean += self.weights[rows] @ exact
            each(rows, part)
        weight = float(self.weights.sum())
        return Means(weight, mean / weight, total / weight, sums)


class Means(NamedTuple):
    """Weighted means of a problem.

    Args:
        weight: The sum of the rows' weights.
        features: float64 `(d,)`.
        targets: float64 `(t,)`.
        sums: float64 `(t, d)`, the weighted products of targets and features.
    """

    weight: float
    features: np.ndarray
    targets: np.ndarray
    sums: np.ndarray

    @property
    def moments(self) -> np.ndarray:
        """float64 `(d, t)`: the products of centered features and targets."""
        return (self.sums - self.weight * np.outer(self.targets, self.features)).T


class Fit(Protocol):
    """The solution for one penalty."""

    def residuals(self, rows: np.ndarray, features: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """What is left of the targets of groups of rows, and how much of each is not its own doing.

        Args:
            rows: Numbers of rows, `(groups, size)`.
            features: Of these rows, from `System.read`.

        Returns:
            Residuals times the root of the weights, float64 `(groups, size, t)`; and the blocks of I - H for the hat
            matrix H of the centered, weighted rows, float64 `(groups, size, size)`.
        """

    def kernel(self) -> np.ndarray:
        """The coefficients, float64 `(d, t)`."""


class System(Protocol):
    """Normal equations.

    Attributes:
        problem: That they are of.
        means: Of the problem.
        rank: No group of more rows than this is to be looked at by `Fit.residuals`.
    """

    problem: Problem
    means: Means
    rank: int

    def fit(self, penalty: float) -> Fit:
        """Solve for a penalty, which is relative to the sum of the weights."""

    def read(self, rows: np.ndarray) -> np.ndarray | None:
        """What `Fit.residuals` needs to know of rows, which ascend: `(rows, d)`, centered; None where nothing."""


def ridge_system(problem: Problem) -> PrimalSystem | DualSystem:
    """Make the smaller of the two systems.

    It takes some n d min(n, d) operations, each fit min(n, d)^3, and memory for a few matrices of that side.
    """
    n, width = len(problem.targets), np.shape(problem.features[:1])[1]
    dtype = np.dtype(np.float64 if n * width * min(n, width) <= _EXACT else np.float32)
    if n < width:
        means = problem.means()
        return DualSystem(problem, means, _outer(problem, means.features, dtype))
    return PrimalSystem(problem, dtype)


class PrimalSystem:
    """From the products of features.

    Args:
        problem: With more rows than features.
        dtype: Of what takes long.
    """

    def __init__(self, problem: Problem, dtype: np.dtype) -> None:
        self.problem = problem
        self.rank = np.shape(problem.features[:1])[1]
        self.gram = np.zeros((self.rank, self.rank))
        self._dtype = dtype

        def add(rows: slice, part: np.ndarray) -> None:
            weighted = part * np.sqrt(problem.weights[rows]).astype(dtype)[:, None]
            self.gram += weighted.T @ weighted

        self.means = problem.means(add)
        center = self.means.features
        self.gram -= self.means.weight * np.outer(center, center)  # little: the rows are standardized

    def fit(self, penalty: float) -> Fit:
        """See `System`."""
        self.problem.check()
        return _PrimalFit(self, _factor(self.gram, penalty * self.means.weight, self._dtype))

    def read(self, rows: np.ndarray) -> np.ndarray:
        """See `System`."""
        return take(self.problem.features, rows).astype(self._dtype) - self.means.features.astype(self._dtype)


class _PrimalFit:
    def __init__(self, system: PrimalSystem, factor: np.ndarray) -> None:
        from scipy.linalg import cho_solve

        self._system, self._factor = system, factor
        solved = cho_solve((factor, True), system.means.moments.astype(factor.dtype), check_finite=False)
        self._kernel = solved.astype(np.float64)

    def residuals(self, rows: np.ndarray, features: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        from scipy.linalg import solve_triangular

        assert features is not None  # noqa: S101 - `PrimalSystem.read` gives them
        problem, means, (groups, size) = self._system.problem, self._system.means, rows.shape
        roots = np.sqrt(problem.weights[rows])[..., None]
        flat = features.reshape(groups * size, -1)
        fitted = (flat @ self._kernel.astype(flat.dtype)).reshape(groups, size, -1) + means.targets
        turned = solve_triangular(self._factor, flat.astype(self._factor.dtype).T, lower=True, check_finite=False).T
        own = turned.reshape(groups, size, -1)
        hat = roots * (own @ own.swapaxes(1, 2)) * roots.swapaxes(1, 2)
        return roots * (problem.targets.of(rows) - fitted), np.eye(size) - hat

    def kernel(self) -> np.ndarray:
        return self._kernel


class DualSystem:
    """From the products of rows.

    Args:
        problem: With fewer rows than features.
        means: Of it.
        gram: `(n, n)`, the products of the rows, centered and each times the root of its weight.
    """

    def __init__(self, problem: Problem, means: Means, gram: np.ndarray) -> None:
        self.problem, self.means, self.rank = problem, means, len(gram)
        self._gram = gram
        rows = np.arange(len(gram))
        self._centered = np.sqrt(problem.weights)[:, None] * (problem.targets.of(rows) - means.targets)

    def fit(self, penalty: float) -> Fit:
        """See `System`."""
        self.problem.check()
        absolute = penalty * self.means.weight
        factor = _factor(self._gram, absolute, self._gram.dtype)
        return _DualFit(self, factor, absolute, self._centered)

    def read(self, rows: np.ndarray) -> None:
        """See `System`."""


class _DualFit:
    def __init__(self, system: DualSystem, factor: np.ndarray, penalty: float, targets: np.ndarray) -> None:
        from scipy.linalg import cho_solve, get_lapack_funcs

        self._system, self._penalty = system, penalty
        self._own = cho_solve((factor, True), targets.astype(factor.dtype), check_finite=False).astype(np.float64)
        (potri,) = get_lapack_funcs(("potri",), (factor,))
        self._inverse: np.ndarray = potri(factor, lower=1, overwrite_c=1)[0]  # its lower half

    def residuals(self, rows: np.ndarray, features: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        # I - H is p (XX' + p)^-1, without the rounding of a difference.
        one, other = rows[:, :, None], rows[:, None, :]
        own = self._inverse[np.maximum(one, other), np.minimum(one, other)]
        return self._penalty * self._own[rows], self._penalty * own.astype(np.float64)

    def kernel(self) -> np.ndarray:
        problem, mean = self._system.problem, self._system.means.features
        own = np.sqrt(problem.weights)[:, None] * self._own
        found = np.zeros((len(mean), own.shape[1]))
        for rows, part in problem.parts():
            found += (part - mean).T @ own[rows]
        return found


def _outer(problem: Problem, mean: np.ndarray, dtype: np.dtype) -> np.ndarray:
    n, center = len(problem.targets), mean.astype(dtype)
    if n * len(center) * dtype.itemsize <= _HELD:
        held = np.concatenate([_weighted(part, center, problem.weights[rows]) for rows, part in problem.parts()])
        whole: np.ndarray = held @ held.T
        return whole
    gram = np.zeros((n, n), dtype)
    for rows, part in problem.parts():
        weighted = _weighted(part, center, problem.weights[rows])
        for others, other in problem.parts():
            if others.start > rows.start:
                break
            gram[rows, others] = weighted @ _weighted(other, center, problem.weights[others]).T
            gram[others, rows] = gram[rows, others].T
    return gram


def _weighted(part: np.ndarray, mean: np.ndarray, weights: np.ndarray) -> np.ndarray:
    centered = part.astype(mean.dtype) - mean
    centered *= np.sqrt(weights).astype(mean.dtype)[:, None]
    return centered


def _factor(gram: np.ndarray, penalty: float, dtype: np.dtype) -> np.ndarray:
    """The lower triangular factor of a matrix with a penalty on its diagonal."""
    from scipy.linalg import LinAlgError, cholesky

    shifted = np.array(gram, dtype, order="F")
    shifted.flat[:: len(gram) + 1] += dtype.type(penalty)
    try:
        factor: np.ndarray = cholesky(shifted, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        if dtype == np.float64:
            raise
        return _factor(gram, penalty, np.dtype(np.float64))  # so small a penalty is lost in float32
    return factor
