"""Colors and shapes of classes, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# The palette of Okabe and Ito without black, which stays apart with every kind of color blindness. Of the yellow a
# darker one, which shows on white, too.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#D6C400")
SHAPES = ("o", "s", "^", "D")
"""As matplotlib calls them: a circle, a square, a triangle, a diamond."""


def class_styles(positions: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """Give each class a color, and a shape that tells it from the others of its color.

    The largest classes come first. When all colors are taken, a class gets the one whose classes lie farthest away, so
    that neighbors differ.

    Args:
        positions: float, shape (n, 2), of images on a plane.
        codes: int64 of shape (n,), their classes; -1 for none.
        count: Classes that there are.

    Returns:
        int64 of shape (count, 2): places in `PALETTE` and in `SHAPES`.
    """
    import numpy as np

    of_class = codes >= 0
    sizes = np.bincount(codes[of_class], minlength=count)
    sums = [np.bincount(codes[of_class], weights=positions[of_class, axis], minlength=count) for axis in (0, 1)]
    centers = np.stack(sums, axis=1) / np.maximum(sizes, 1)[:, None]
    styles = np.zeros((count, 2), np.int64)
    taken: list[list[int]] = [[] for _ in PALETTE]
    for each in np.argsort(-sizes, kind="stable"):
        distances = [
            np.linalg.norm(centers[others] - centers[each], axis=1).min() if others else np.inf for others in taken
        ]
        color = int(np.argmax(distances))
        styles[each] = color, len(taken[color]) % len(SHAPES)
        taken[color].append(each)
    return styles
