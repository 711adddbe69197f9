"""How accuracy grows with the number of images: a power law, fitted to many samples at once.

That the error falls as a power of the number of images, down to a floor, is what Cortes et al. ("Learning Curves:
Asymptotic Values and Rate of Convergence", NeurIPS 1993) and Hestness et al. ("Deep Learning Scaling is Predictable,
Empirically", 2017) found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Exponents that are tried. Below, the curve would never bend; above, it would be flat after a few images.
_EXPONENTS = np.arange(0.1, 1.51, 0.05)


class PowerLaws(NamedTuple):
    """Accuracy = ceiling - scale x images ^ -exponent, for each of some samples.

    Args:
        ceiling: `(samples,)`, at most 1.
        scale: `(samples,)`, at least 0.
        exponent: `(samples,)`.
    """

    ceiling: np.ndarray
    scale: np.ndarray
    exponent: np.ndarray

    def at(self, images: float) -> np.ndarray:
        """The accuracy with so many images, `(samples,)`, from 0 to 1."""
        found: np.ndarray = np.clip(self.ceiling - self.scale * images**-self.exponent, 0, 1)
        return found


def fit_power_laws(sizes: np.ndarray, accuracies: np.ndarray) -> PowerLaws:
    """Fit the law to each sample by least squares, points weighted by their images.

    For each exponent the rest is a line in images ^ -exponent, whose best ceiling is lowered to 1 where it is above.

    Args:
        sizes: `(points,)`, images, above 0.
        accuracies: `(samples, points)`, from 0 to 1.
    """
    weights = sizes / sizes.sum()
    best = np.full(len(accuracies), np.inf)
    found = np.zeros((3, len(accuracies)))
    means = accuracies @ weights
    for exponent in _EXPONENTS:
        powers = sizes**-exponent
        middle = weights @ powers
        slope = (accuracies - means[:, None]) @ (weights * (powers - middle))
        scale = np.maximum(-slope / (weights @ (powers - middle) ** 2), 0) if len(sizes) > 1 else 0 * slope
        ceiling = means + scale * middle
        above = ceiling > 1
        scale = np.where(above, (1 - accuracies) @ (weights * powers) / (weights @ powers**2), scale)
        ceiling = np.minimum(ceiling, 1)
        error = (accuracies - ceiling[:, None] + scale[:, None] * powers) ** 2 @ weights
        better = error < best
        best[better] = error[better]
        for row, values in zip(found, (ceiling, scale, np.full(len(best), exponent)), strict=True):
            row[better] = values[better]
    return PowerLaws(*found)
