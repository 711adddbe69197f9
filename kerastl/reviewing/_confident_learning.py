"""Which labels are wrong, by confident learning.

It is that of Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70 (2021). An image counts as one of a class if it scores at least as much there as
images with that label do on average. How often labels and such counts disagree says how many labels of each kind are
wrong; those that disagree most are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kerastl.errors import UsageError

# Of scores that are equal but for rounding, such as all those of a class.
_TOLERANCE = 1e-6


def find_label_errors(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Find labels that are likely wrong, the most likely first.

    Of each pair of a label and a class as many images are taken as the confident joint counts, those with the largest
    difference between the probabilities of the two ("prune by noise rate", section 3.2 of the paper), unless the label
    is the most probable class after all. They are ranked by the normalized margin: the probability of the label less
    that of the best other class.

    Args:
        labels: `(n,)`, each in `[0, classes)`.
        probabilities: `(n, classes)`, rows sum to 1, of models that have not seen the image: by leave-one-out or
            cross-validation.

    Returns:
        Numbers of rows, `(m,)`.

    Raises:
        UsageError: The shapes do not fit together, or values are out of range.

    Example:
        >>> import numpy as np
        >>> from kerastl.reviewing import find_label_errors
        >>> labels = np.array([0, 0, 0, 1, 1, 1])
        >>> first = np.array([0.9, 0.8, 0.1, 0.2, 0.1, 0.3])
        >>> find_label_errors(labels, np.stack([first, 1 - first], axis=1)).tolist()
        [2]
    """
    joint = confident_joint(labels, probabilities)
    found = np.zeros(len(labels), np.bool_)
    for label, counts in enumerate(joint):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:  # a class keeps an image at least
            continue
        for other in np.flatnonzero(counts):
            if other != label:
                gain = probabilities[rows, other] - probabilities[rows, label]
                found[rows[np.argsort(-gain, kind="stable")[: counts[other]]]] = True
    found &= probabilities.argmax(axis=1) != labels
    chosen = np.flatnonzero(found)
    return chosen[np.argsort(normalized_margins(labels, probabilities)[chosen], kind="stable")]


def confident_joint(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Count images by the label they have and the class they confidently are of, scaled to all images.

    It is equation 1 of the paper with the thresholds of equation 2, calibrated as in equation 3: each row sums to the
    number of images with that label.

    Args:
        labels: As for `find_label_errors`, and so are the probabilities.
        probabilities: Likewise.

    Returns:
        Counts `(classes, classes)`: rows are labels, columns classes.

    Raises:
        UsageError: As for `find_label_errors`.

    Example:
        >>> import numpy as np
        >>> from kerastl.reviewing import confident_joint
        >>> first = np.array([0.9, 0.8, 0.1, 0.2, 0.1, 0.3])
        >>> confident_joint(np.array([0, 0, 0, 1, 1, 1]), np.stack([first, 1 - first], axis=1)).tolist()
        [[2, 1], [0, 3]]
    """
    _check(labels, probabilities)
    classes = probabilities.shape[1]
    sizes = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, own, minlength=classes)
    thresholds = np.divide(sums, sizes, out=np.full(classes, np.inf), where=sizes > 0)
    confident = np.where(probabilities >= thresholds - _TOLERANCE, probabilities, -1)
    some = confident.max(axis=1) >= 0
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels[some], confident[some].argmax(axis=1)), 1)
    # A class of which no image is confident has right labels, too.
    np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1))
    expected = np.stack([np.bincount(labels, column, minlength=classes) for column in probabilities.T], axis=1)
    scaled = counts / counts.sum(axis=1, keepdims=True) * sizes[:, None]
    return np.stack([_rounded(*rows) for rows in zip(scaled, expected, strict=True)])


def normalized_margins(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """The probability of each label less that of the best other class, `(n,)`, from -1 to 1."""
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    margins: NDArray[np.floating] = probabilities[rows, labels] - others.max(axis=1)
    return margins


def _rounded(values: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers with the same sum: those with the largest remainders are rounded up.

    Of equal remainders, which small counts have, those go first of which more images are expected.
    """
    found = np.floor(values + _TOLERANCE)
    missing = round(float(values.sum() - found.sum()))
    found[np.lexsort((-expected, np.round(found - values, 6)))[:missing]] += 1
    return found.astype(np.int64)


def _check(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> None:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or probabilities.shape[1] < 2:
        raise UsageError(
            "labels must have shape (n,) and probabilities (n, classes), of 2 classes or more. Received: "
            f"labels.shape={labels.shape}, probabilities.shape={probabilities.shape}"
        )
    if not len(labels):
        raise UsageError("labels must have one element at least. Received: none")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise UsageError(f"labels must be whole numbers from 0 to {probabilities.shape[1] - 1}")
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0):
        raise UsageError("probabilities must be finite and not negative")
