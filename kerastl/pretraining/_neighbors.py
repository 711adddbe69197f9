"""How well features know classes that nobody has told them: the nearest neighbors' vote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NEIGHBOURS = 20
TEMPERATURE = 0.07


def neighbor_accuracy(
    known: np.ndarray,
    known_labels: np.ndarray,
    asked: np.ndarray,
    asked_labels: np.ndarray,
    neighbors: int = NEIGHBOURS,
) -> float:
    """Accuracy of the weighted vote of the nearest neighbors by cosine (Wu et al. 2018, section 3.4).

    A neighbor with cosine s votes with weight `exp(s / 0.07)`.

    Args:
        known: Features `(n, d)` of the images that vote.
        known_labels: Their classes, int `(n,)`.
        asked: Features `(m, d)` of the images that are voted on.
        asked_labels: Their classes, int `(m,)`.
        neighbors: How many vote; all, if there are fewer.

    Returns:
        In [0, 1].

    Example:
        >>> import numpy as np
        >>> from kerastl.pretraining import neighbor_accuracy
        >>> known, labels = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
        >>> neighbor_accuracy(known, labels, np.array([[0.9, 0.1]]), np.array([0]), neighbors=1)
        1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    voters = KNeighborsClassifier(min(neighbors, len(known)), weights=_votes, metric="cosine", algorithm="brute")
    return float((voters.fit(known, known_labels).predict(asked) == asked_labels).mean())


def _votes(distances: Any) -> Any:
    import numpy as np

    # Cosine is 1 minus distance; a common factor changes no vote.
    return np.exp(-np.asarray(distances) / TEMPERATURE)
