"""`kerastl.clustering.cluster`: groups of the images of an index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from kerastl._progress import Verbose, shown, stage
from kerastl.clustering._count import chosen_count
from kerastl.clustering._kmeans import fitted
from kerastl.clustering._naming import names_of
from kerastl.clustering._reduction import reduced
from kerastl.clustering._result import Cluster, ClusteredImage, Clusters
from kerastl.errors import UsageError
from kerastl.index import Index

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLUSTERS = 10_000
_EXAMPLES = 3
_BLOCK = 65_536


def cluster(
    db: str | os.PathLike[str],
    clusters: int | Literal["auto"] = "auto",
    *,
    seed: int = 0,
    verbose: Verbose = "auto",
) -> Clusters:
    """Find groups of images that belong together, without labels.

    The vectors' 50 main dimensions, half whitened, are clustered by k-means. Groups are named by the classes that the
    model of the index says of their images more than of others.

    Args:
        db: The folder of an index, which `kerastl index` makes.
        clusters: How many; `auto` takes the number that is found again best when halves of up to 2,000 of the images
            are clustered by themselves (Lange et al. 2004); of those nearly as good, that with the largest silhouette
            (Rousseeuw 1987).
        seed: Of the first centers, and of the halves.
        verbose: What is shown while it works, as for `kerastl.load`.

    Returns:
        The groups, the largest first, and the group of each image.

    Raises:
        UsageError: An argument is wrong, or there are fewer images than groups.
        KerastlError: There is no index, or it cannot be read.

    Example:
        >>> from kerastl.clustering import cluster
        >>> from kerastl.index import build
        >>> print(build("data/shapes", "cluster.db", "kerastl_mini"))
        88 added
        >>> print(cluster("cluster.db", 4))
        88 images in 4 groups
    """
    check_clusters(clusters)
    index = Index(db)
    with shown(verbose):
        paths = index.paths()
        if clusters != "auto" and clusters > len(paths):
            raise UsageError(f"clusters must be at most the number of images, {len(paths):,}. Received: {clusters:,}")
        rows = index.rows(["predicted", "score"]).to_pydict()
        labels, stability = labels_of(index.vectors(), clusters, seed)
        return described(paths, index.vectors(), labels, rows["predicted"], rows["score"], stability, str(index.root))


def check_clusters(clusters: object) -> None:
    """Raise `UsageError` for what is no number of clusters."""
    number = isinstance(clusters, int) and not isinstance(clusters, bool) and 1 <= clusters <= MOST_CLUSTERS
    if clusters != "auto" and not number:
        raise UsageError(
            f"clusters must be auto, or a whole number from 1 to {MOST_CLUSTERS:,}. Received: {clusters!r}"
        )


def labels_of(
    vectors: NDArray[np.float32], clusters: int | Literal["auto"], seed: int
) -> tuple[NDArray[np.int64], float | None]:
    """The cluster of each image, and the stability of a number that was chosen.

    Args:
        vectors: Shape (n, d), of length 1.
        clusters: How many.
        seed: As for `cluster`.

    Returns:
        Numbers from 0 on, the largest cluster first, shape (n,); fewer clusters where fewer vectors differ.
    """
    if not len(vectors):
        return np.zeros(0, np.int64), None
    stability = None
    with stage("grouping images"):
        small = reduced(vectors, seed)
        if clusters == "auto":
            choice = chosen_count(small, seed)
            clusters, stability = choice.count, choice.stability
        if clusters == 1 or not small.shape[1]:
            return np.zeros(len(vectors), np.int64), stability
        found = fitted(small, clusters, seed).labels_
    _, first, labels, counts = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks[labels], stability


def described(
    paths: Sequence[str],
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    predicted: Sequence[str | None],
    scores: Sequence[float | None],
    stability: float | None,
    root: str = "",
) -> Clusters:
    """Tell of clusters.

    Args:
        paths: Of the images.
        vectors: Of the images.
        labels: The cluster of each, from 0 on.
        predicted: What the model says of each.
        scores: Of that.
        stability: Of the number of clusters.
        root: The folder that paths start at.
    """
    names = names_of(labels.tolist(), predicted, scores)
    near = _similarities(vectors, labels, len(names))
    found = []
    for number, name in enumerate(names):
        members = np.flatnonzero(labels == number)
        nearest = members[np.lexsort((members, -near[members]))][:_EXAMPLES]
        found.append(Cluster(number + 1, name, len(members), tuple(paths[place] for place in nearest)))
    images = [
        ClusteredImage(path, label + 1, names[label], similarity)
        for path, label, similarity in zip(paths, labels.tolist(), near.tolist(), strict=True)
    ]
    return Clusters(found, images, stability, root)


def _similarities(vectors: NDArray[np.float32], labels: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """The cosine of each vector with the mean of its cluster, shape (n,)."""
    means = np.zeros((count, vectors.shape[1]), np.float64)
    for start in range(0, len(vectors), _BLOCK):
        np.add.at(means, labels[start : start + _BLOCK], vectors[start : start + _BLOCK])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    means = means / np.where(lengths > 0, lengths, 1)
    blocks = [
        np.einsum("ij,ij->i", vectors[start : start + _BLOCK], means[labels[start : start + _BLOCK]])
        for start in range(0, len(vectors), _BLOCK)
    ]
    return np.round(np.concatenate([np.empty(0), *blocks]), 6)
