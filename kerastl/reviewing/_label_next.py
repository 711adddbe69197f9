"""Which images to label next: uncertain ones that are unlike each other and unlike what is labeled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kerastl.errors import UsageError

# Candidates for each image that is chosen: among so many of the most uncertain ones the most different are taken.
_CANDIDATES = 10
_ROWS = 4_096


def choose_to_label(
    probabilities: NDArray[np.floating],
    vectors: NDArray[np.floating],
    count: int,
    labeled: NDArray[np.floating] | None = None,
) -> NDArray[np.int64]:
    """Choose images whose labels would help most.

    Of the images whose two best classes are nearest to each other (margin sampling: Scheffer, Decomain and Wrobel 2001)
    those are taken, one after the other, that are farthest from all that is labeled or taken already (greedy k-center:
    Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018,
    algorithm 1). The first few are therefore good if only a few are labeled.

    Args:
        probabilities: `(n, classes)`, of images without labels.
        vectors: `(n, d)`, rows of length 1.
        count: How many to choose.
        labeled: `(m, d)`, vectors of the images that have labels; default is none.

    Returns:
        Numbers of rows, `(count,)`, or `(n,)` where there are fewer.

    Raises:
        UsageError: The shapes do not fit together, or `count` is below 0.

    Example:
        >>> import numpy as np
        >>> from kerastl.reviewing import choose_to_label
        >>> probabilities = np.array([[0.5, 0.5], [0.51, 0.49], [0.6, 0.4]])
        >>> vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> choose_to_label(probabilities, vectors, 2).tolist()
        [0, 2]
    """
    if probabilities.ndim != 2 or vectors.ndim != 2 or len(probabilities) != len(vectors):
        raise UsageError(
            "probabilities must have shape (n, classes) and vectors (n, d). Received: "
            f"probabilities.shape={probabilities.shape}, vectors.shape={vectors.shape}"
        )
    if count < 0:
        raise UsageError(f"count must be 0 or more. Received: count={count}")
    margins = top_margins(probabilities)
    candidates = np.argsort(margins, kind="stable")[: _CANDIDATES * count]
    own = vectors[candidates].astype(np.float32, copy=False)
    # The cosine with the nearest that is labeled or taken.
    nearest = np.full(len(own), -np.inf, np.float32)
    for start in range(0, 0 if labeled is None else len(labeled), _ROWS):
        assert labeled is not None  # noqa: S101 - the range is empty otherwise
        part = labeled[start : start + _ROWS].astype(np.float32, copy=False)
        np.maximum(nearest, (own @ part.T).max(axis=1), out=nearest)
    taken: list[int] = []
    while len(taken) < min(count, len(own)):
        place = int(nearest.argmin())  # the most uncertain of those that are equally far
        taken.append(place)
        np.maximum(nearest, own @ own[place], out=nearest)
        nearest[taken] = np.inf
    return candidates[np.array(taken, np.int64)]


def top_margins(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far the best class lies before the second, `(n,)`, from 0 to 1."""
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    margins: NDArray[np.floating] = best[:, 1] - best[:, 0]
    return margins
