"""Names of clusters, from what a model says of their images."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

_LABELS = 3  # that a name is made of at most


def names_of(clusters: Sequence[int], predicted: Sequence[str | None], scores: Sequence[float | None]) -> list[str]:
    """Name clusters by the classes that are said of their images more than of others.

    Each class counts with the scores it has in a cluster, times log(1 + a / f), where f is its scores in all clusters,
    and a those of all classes in a cluster on average (class-based TF-IDF, Grootendorst 2022). A name that two clusters
    would have is made longer by their next classes.

    Args:
        clusters: Of each image, from 0 on, each number at least once.
        predicted: The best class of each image; None where there is none.
        scores: Its score.

    Returns:
        A name for each cluster, each another one.
    """
    count = max(clusters, default=-1) + 1
    weights = [Counter[str]() for _ in range(count)]
    for cluster, label, score in zip(clusters, predicted, scores, strict=True):
        if label:
            weights[cluster][label] += 1.0 if score is None else max(float(score), 0.0)  # type: ignore[assignment]
    everywhere = Counter[str]()
    for weight in weights:
        everywhere.update(weight)
    average = sum(everywhere.values()) / max(count, 1)
    ranked = [
        sorted(weight, key=lambda label: (-weight[label] * math.log1p(average / max(everywhere[label], 1e-9)), label))
        for weight in weights
    ]
    return _distinct([labels[:_LABELS] for labels in ranked])


def _distinct(ranked: Sequence[Sequence[str]]) -> list[str]:
    """The first label of each, or as many as make it another than all others; a number where nothing does."""
    lengths = [1] * len(ranked)
    for _ in range(_LABELS):
        names = [", ".join(labels[:length]) for labels, length in zip(ranked, lengths, strict=True)]
        taken = Counter(names)
        lengths = [
            length + (taken[name] > 1 and length < len(labels))
            for name, labels, length in zip(names, ranked, lengths, strict=True)
        ]
    seen: Counter[str] = Counter()
    found = []
    for name in names if ranked else []:
        seen[name] += 1
        alone = taken[name] == 1 and name
        found.append(name if alone else f"{name or 'group'} {seen[name]}")
    return found
