"""How good features are: spread, rank and the neighbors' vote; and what stops a run whose features collapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastl.errors import TrainingError

if TYPE_CHECKING:
    import numpy as np

NEIGHBORS = 20
TEMPERATURE = 0.07


def relative_spread(embeddings: np.ndarray) -> float:
    """Standard deviation of unit-length embeddings, relative to what it is when they point everywhere alike.

    The mean over dimensions of the standard deviation of `z / |z|`, times the root of d (Chen and He 2021,
    Exploring Simple Siamese Representation Learning, section 4.1).

    Args:
        embeddings: float `(n, d)`, one row an image.

    Returns:
        From 0, where all rows are the same, to about 1.

    Example:
        >>> import numpy as np
        >>> from kerastl.pretraining import relative_spread
        >>> everywhere = np.random.default_rng(0).normal(size=(1000, 64))
        >>> round(relative_spread(np.ones((8, 4))), 1), round(relative_spread(everywhere), 1)
        (0.0, 1.0)
    """
    import numpy as np

    values = np.asarray(embeddings, np.float64)
    unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    return float(unit.std(axis=0).mean() * np.sqrt(values.shape[1]))


def effective_rank(embeddings: np.ndarray, epsilon: float = 1e-7) -> float:
    """RankMe: the exponential of the entropy of the singular values (Garrido et al. 2023, equations 1 and 2).

    Args:
        embeddings: float `(n, d)`, one row an image.
        epsilon: Added to the singular values' shares.

    Returns:
        From 1, where all rows are multiples of one, to `min(n, d)`. 0 for rows of zeros.

    Example:
        >>> import numpy as np
        >>> from kerastl.pretraining import effective_rank
        >>> round(effective_rank(np.eye(8)), 3), round(effective_rank(np.ones((8, 4))), 3)
        (8.0, 1.0)
    """
    import numpy as np

    values = np.linalg.svd(np.asarray(embeddings, np.float64), compute_uv=False)
    if not values.sum() > 0:
        return 0.0
    shares = values / values.sum() + epsilon
    return float(np.exp(-(shares * np.log(shares)).sum()))


def neighbor_accuracy(
    known: np.ndarray,
    known_labels: np.ndarray,
    asked: np.ndarray,
    asked_labels: np.ndarray,
    neighbors: int = NEIGHBORS,
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


class CollapseError(TrainingError):
    """All images get the same features: what was learnt is worth nothing."""


@dataclass
class CollapseMonitor:
    """Stops a run whose embeddings have collapsed.

    A network that has not learnt yet gives nearly the same for all images, too: the first steps do not count.

    Args:
        spread_floor: Smallest `relative_spread` that is not suspect.
        rank_floor: Smallest `effective_rank` that is not suspect.
        grace: Steps before anything is suspect.
        patience: Suspect looks in a row that mean collapse.
        suspect: How many there were so far.

    Example:
        >>> from kerastl.pretraining import CollapseMonitor
        >>> monitor = CollapseMonitor(patience=5)
        >>> monitor.rank_floor, monitor.patience
        (1.5, 5)
    """

    spread_floor: float = 0.05
    rank_floor: float = 1.5
    grace: int = 100
    patience: int = 3
    suspect: int = 0

    def look(self, step: int, spread: float, rank: float) -> None:
        """Take note of one measurement.

        Args:
            step: Steps done.
            spread: From `relative_spread`.
            rank: From `effective_rank`.

        Raises:
            CollapseError: It is one too many.
        """
        fine = spread >= self.spread_floor and rank >= self.rank_floor
        self.suspect = 0 if fine or step < self.grace else self.suspect + 1
        if self.suspect >= self.patience:
            raise CollapseError(
                f"the features have collapsed: for {self.suspect} looks in a row all images get nearly the same "
                f"(spread {spread:.3f} of 1, effective rank {rank:.1f}). Try a lower --learning-rate, a larger "
                "--batch-size, or --method barlow"
            )
