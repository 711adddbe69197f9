"""k-means of scikit-learn, the same on each run."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MANY = 50_000  # vectors, from which on they are gone through in small batches


def fitted(vectors: NDArray[np.float32], clusters: int, seed: int, starts: int = 5) -> Any:
    """An estimator of scikit-learn's, with `labels_`, int32 (n,), and `predict`.

    Args:
        vectors: Shape (n, d).
        clusters: How many; at most `n`.
        seed: Of the first centers (k-means++, Arthur & Vassilvitskii 2007).
        starts: How many times it is tried, the best is taken.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    method = KMeans if len(vectors) < _MANY else MiniBatchKMeans
    # Threads add up in any order, and the last bit decides which center is nearer now and then.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different vectors than clusters
        return method(clusters, n_init=starts, random_state=seed).fit(vectors)
