"""The inverse that ridge regression's solution and its answers for rows left out are read from, and how it changes.

For standardized rows X of shape (n, d) and a penalty p, it is the upper left block B of the inverse of

    [[XX' + p, 1], [1', 0]]

whose border stands for the bias, which is not penalized. The coefficients are X'BY, and what is left of the targets of
rows G when these are left out is (B_GG)^-1 (BY)_G (Cook and Weisberg, Residuals and Influence in Regression, 1982,
section 2.2). Where the rows start from does not matter, since B1 = 0.

Rows that go or come, and features whose scale changes, change few rows, columns or ranks of the matrix that is
inverted. Its inverse follows by Schur complements and by the identity of Sherman, Morrison and Woodbury (Golub and
Van Loan, Matrix Computations, 2013, sections 2.1.4 and 3.2.11): n^2 operations for each, where inverting anew takes
n^2 (n + d).
"""

from __future__ import annotations

import numpy as np

# Rows of the inverse that change at a time, so that no second matrix of its size is made.
_ROWS = 512


def bordered_inverse(rows: np.ndarray, penalty: float, dtype: np.dtype) -> np.ndarray:
    """Compute it.

    Args:
        rows: float32 `(n, d)`, centered.
        penalty: On the diagonal, more than 0.
        dtype: float64, or float32 where that takes too long.

    Returns:
        `(n, n)`, symmetric.

    Raises:
        scipy.linalg.LinAlgError: So small a penalty is lost in `dtype`.
    """
    from scipy.linalg import cholesky, get_lapack_funcs

    exact = rows.astype(dtype, copy=False)
    gram = exact @ exact.T
    gram.flat[:: len(gram) + 1] += dtype.type(penalty)
    # The transpose of an array in rows is one in columns, as LAPACK wants it; this one is symmetric.
    factor = cholesky(gram.T, lower=True, overwrite_a=True, check_finite=False)
    (potri,) = get_lapack_funcs(("potri",), (factor,))
    inverse = potri(factor, lower=1, overwrite_c=1)[0].T
    mirror(inverse)
    own = inverse.sum(axis=1)
    _subtract(inverse, own[:, None] / own.sum(), own[None])
    return inverse


def mirror(matrix: np.ndarray) -> None:
    """Copy the upper half of a matrix into its lower half."""
    for start in range(0, len(matrix), _ROWS):
        block = matrix[start : start + _ROWS]
        own = block[:, start : start + _ROWS]
        own[:] = np.triu(own) + np.triu(own, 1).T
        block[:, :start] = matrix[:start, start : start + _ROWS].T


def without_rows(inverse: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """The inverse without some rows of the problem; it takes the place of the one given.

    Args:
        inverse: `(n, n)`.
        gone: Numbers of the rows, ascending and fewer than n.
    """
    kept = np.setdiff1d(np.arange(len(inverse)), gone, assume_unique=True)
    crossing = inverse[np.ix_(gone, kept)]
    moved = np.linalg.solve(inverse[np.ix_(gone, gone)], crossing)
    found = inverse[: len(kept), : len(kept)]
    for start in range(0, len(kept), _ROWS):  # no row comes before it is read
        found[start : start + _ROWS] = inverse[kept[start : start + _ROWS]][:, kept]
    _subtract(found, crossing.T, moved)
    return found


def with_rows(inverse: np.ndarray, rows: np.ndarray, new: np.ndarray, penalty: float) -> np.ndarray:
    """The inverse with further rows of the problem, behind the others.

    Args:
        inverse: `(n, n)`.
        rows: float32 `(n, d)`, the rows that there are, centered.
        new: float32 `(m, d)`, the others; the mean of `rows` is taken off them, too.
        penalty: On the diagonal.
    """
    n, m, dtype = len(inverse), len(new), inverse.dtype
    both = new.astype(dtype)
    products = rows @ new.T if dtype == np.float32 else _exact_products(rows, both)
    products -= products.mean(axis=0)  # which is 0 but for rounding, and would be multiplied by the inverse
    moved = inverse @ products + dtype.type(1 / n)  # with the border, whose part is 1/n where rows are centered
    corner = both @ both.T - products.T @ (moved - dtype.type(1 / n)) + dtype.type(penalty / n)
    corner.flat[:: m + 1] += dtype.type(penalty)
    corner = np.linalg.inv((corner + corner.T) / 2)
    found = np.empty((n + m, n + m), dtype)
    found[:n, :n] = inverse
    found[:n, n:] = -moved @ corner
    found[n:, :n] = found[:n, n:].T
    found[n:, n:] = corner
    _subtract(found[:n, :n], found[:n, n:], moved.T)
    return found


def with_scales(inverse: np.ndarray, features: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """The inverse where the products of some features count more or less; it takes the place of the one given.

    Args:
        inverse: `(n, n)`.
        features: float32 `(n, j)`, their columns, centered.
        changes: `(j,)`, what is added to the weight of each one's products, which was 1; no 0.
    """
    columns = features.astype(inverse.dtype)
    moved = inverse @ columns
    inner = columns.T @ moved
    inner.flat[:: len(inner) + 1] += (1 / changes).astype(inverse.dtype)
    _subtract(inverse, moved, np.linalg.solve(inner, moved.T))
    return inverse


def _exact_products(rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The products of rows in float32 with others in float64, without a copy of all."""
    parts = [rows[start : start + _ROWS].astype(new.dtype) @ new.T for start in range(0, len(rows), _ROWS)]
    return np.concatenate(parts)


def _subtract(matrix: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Take a product of two narrow matrices off a matrix, in its place."""
    for start in range(0, len(matrix), _ROWS):
        matrix[start : start + _ROWS] -= left[start : start + _ROWS] @ right
