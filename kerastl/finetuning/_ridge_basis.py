"""The eigenbasis in which ridge regression is solved for any penalty at once, from whichever Gram matrix is smaller.

For centered rows X of shape (n, d), each times the root of its weight, targets Y, X'X = V S V' and a penalty p, the
coefficients are V (S + p)^-1 (X V)'Y (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2009,
section 3.4.1). Where rows are fewer than features, S and X V come from XX' instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl.finetuning._standardization import ROWS, RowsLike, parts, take

# Up to so many products, they are computed in float64, which takes twice as long.
_EXACT = 2 * 10**11
# Directions along which rows vary by less than this fraction of the most are rounding.
_NOTHING = {np.dtype(np.float64): 1e-13, np.dtype(np.float32): 1e-7}


@dataclass(frozen=True)
class Problem:
    """What is to be solved.

    Args:
        features: Standardized rows, `(n, d)`.
        labels: int64 `(n,)`, each in `[0, classes)`.
        weights: float64 `(n,)`, of each row, above 0.
        classes: Number of classes.
        check: Called again and again; what it raises ends the work.
    """

    features: RowsLike
    labels: np.ndarray
    weights: np.ndarray
    classes: int
    check: Callable[[], None] = lambda: None

    def parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """A few rows at a time, float32, and which they are."""
        for number, part in enumerate(parts(self.features)):
            self.check()
            yield slice(number * ROWS, number * ROWS + len(part)), part

    def indicators(self, rows: slice) -> Any:
        """The weighted one-hot targets of some rows, as a sparse matrix `(classes, rows)`."""
        from scipy.sparse import csr_array

        labels = self.labels[rows]
        return csr_array((self.weights[rows], (labels, np.arange(len(labels)))), shape=(self.classes, len(labels)))


@dataclass(frozen=True)
class RidgeBasis:
    """The problem in the basis of its eigenvectors.

    Args:
        eigenvalues: float64 `(r,)`, above 0.
        moments: float64 `(r, classes)`, the weighted products of the rows and the one-hot targets.
        priors: float64 `(classes,)`, the weighted means of the one-hot targets.
        weight: The sum of the rows' weights.
        mean: float64 `(d,)`, the weighted mean of the features.
        rotate: Numbers of rows, ascending, to the rows in this basis: `(n, r)`, centered, not weighted.
        kernel_of: Coefficients in this basis, `(r, classes)`, to those of the features, `(d, classes)`.
    """

    eigenvalues: np.ndarray
    moments: np.ndarray
    priors: np.ndarray
    weight: float
    mean: np.ndarray
    rotate: Callable[[np.ndarray], np.ndarray]
    kernel_of: Callable[[np.ndarray], np.ndarray]

    def coefficients(self, penalty: float) -> np.ndarray:
        """The solution, float64 `(r, classes)`; its intercept are the priors, because the rows are centered."""
        return self.moments / self.penalized(penalty)[:, None]

    def penalized(self, penalty: float) -> np.ndarray:
        """The eigenvalues with a penalty, which is relative to the sum of the weights."""
        return self.eigenvalues + penalty * self.weight


def ridge_basis(problem: Problem) -> RidgeBasis:
    """Find the basis by the eigenvectors of the smaller Gram matrix.

    It takes some 2 n d min(n, d) + 9 min(n, d)^3 operations, and memory for a few matrices of that side.
    """
    n, width = len(problem.labels), np.shape(problem.features[:1])[1]
    dtype = np.dtype(np.float64 if n * width * min(n, width) <= _EXACT else np.float32)
    return (_dual if n < width else _primal)(problem, width, dtype)


def _primal(problem: Problem, width: int, dtype: np.dtype) -> RidgeBasis:
    gram, sums = np.zeros((width, width)), np.zeros((problem.classes, width))
    for rows, part in problem.parts():
        sums += problem.indicators(rows) @ part.astype(np.float64)
        weighted = part.astype(dtype) * np.sqrt(problem.weights[rows]).astype(dtype)[:, None]
        gram += weighted.T @ weighted
    weight, mean, priors = _means(problem, sums)
    gram -= weight * np.outer(mean, mean)  # little: the rows are standardized
    eigenvalues, vectors = _eigen(gram, dtype)
    narrow = vectors.astype(dtype, copy=False)
    return RidgeBasis(
        eigenvalues,
        vectors.T @ (sums - weight * np.outer(priors, mean)).T,
        priors,
        weight,
        mean,
        lambda rows: (take(problem.features, rows) - mean.astype(np.float32)).astype(dtype) @ narrow,
        lambda coefficients: vectors @ coefficients,
    )


def _dual(problem: Problem, width: int, dtype: np.dtype) -> RidgeBasis:
    sums = np.zeros((problem.classes, width))
    for rows, part in problem.parts():
        sums += problem.indicators(rows) @ part.astype(np.float64)
    weight, mean, priors = _means(problem, sums)
    n = len(problem.labels)
    gram = np.zeros((n, n))
    for rows, part in problem.parts():
        weighted = _weighted(part, mean, problem.weights[rows], dtype)
        for others, other in problem.parts():
            if others.start > rows.start:
                break
            gram[rows, others] = weighted @ _weighted(other, mean, problem.weights[others], dtype).T
            gram[others, rows] = gram[rows, others].T
    eigenvalues, vectors = _eigen(gram, dtype)
    roots, lengths = np.sqrt(problem.weights)[:, None], np.sqrt(eigenvalues)
    rotated = vectors * lengths / roots
    moments = (problem.indicators(slice(n)) @ rotated).T

    def kernel_of(coefficients: np.ndarray) -> np.ndarray:
        own = roots * (vectors @ (coefficients / lengths[:, None]))
        kernel = np.zeros((width, coefficients.shape[1]))
        for rows, part in problem.parts():
            kernel += (part - mean).T @ own[rows]
        return kernel

    return RidgeBasis(eigenvalues, moments, priors, weight, mean, rotated.__getitem__, kernel_of)


def _means(problem: Problem, sums: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    weight = float(problem.weights.sum())
    priors = np.bincount(problem.labels, problem.weights, minlength=problem.classes) / weight
    return weight, sums.sum(axis=0) / weight, priors


def _weighted(part: np.ndarray, mean: np.ndarray, weights: np.ndarray, dtype: np.dtype) -> np.ndarray:
    centered = part.astype(dtype) - mean.astype(dtype)
    centered *= np.sqrt(weights).astype(dtype)[:, None]
    return centered


def _eigen(gram: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    from scipy.linalg import eigh

    eigenvalues, vectors = eigh(gram, overwrite_a=True, check_finite=False, driver="evd")
    kept = eigenvalues > _NOTHING[dtype] * max(eigenvalues[-1], np.finfo(np.float64).tiny)
    return eigenvalues[kept], np.ascontiguousarray(vectors[:, kept])
