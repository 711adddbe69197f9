"""How unlike the training images an image is: the distance to the nearest of them (Sun et al. 2022).

Features are the vector that the network's last layer decides by, scaled to length 1. The distance is one minus the
cosine. `benchmarks/rejection.py` compares this with other scores.
"""

from __future__ import annotations

import numpy as np

# More training images than that are sampled: a few megabytes in the model's file, and little time for an answer.
MOST_REFERENCES = 4096
# Numbers, whatever the number of features: 16 MiB in 16 bits.
MOST_NUMBERS = 1 << 23
# Rows that are compared at a time.
_ROWS = 1024
_TINY = 1e-12


def choose_references(labels: np.ndarray, most: int = MOST_REFERENCES, seed: int = 0) -> np.ndarray:
    """Choose training images as references, the classes as evenly as their sizes allow.

    Args:
        labels: Integer array of shape (n,): the classes.
        most: How many at most.
        seed: Of the choice.

    Returns:
        Integer array of shape (min(n, most),): places, ascending.
    """
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(labels))
    # The first image of each class, then the second of each, and so on.
    turn = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        mine = shuffled[labels[shuffled] == label]
        turn[mine] = np.arange(len(mine))
    in_turn = shuffled[np.argsort(turn[shuffled], kind="stable")]
    return np.sort(in_turn[:most])


def distances(features: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Measure how far features are from the nearest reference.

    Args:
        features: float array of shape (n, d), rows of length 1.
        references: float array of shape (m, d), rows of length 1.

    Returns:
        float32 array of shape (n,), values in [0, 2].
    """
    nearest = (features.astype(np.float32) @ references.astype(np.float32).T).max(axis=1)
    return np.clip(1 - nearest, 0, 2)


def distances_to_others(features: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Measure how far references are from the nearest other one.

    Args:
        features: float array of shape (n, d), rows of length 1.
        references: The same, as they are kept.

    Returns:
        float32 array of shape (n,), values in [0, 2]; empty where there are no two.
    """
    found = []
    kept = references.astype(np.float32)
    for start in range(0, len(features) if len(features) > 1 else 0, _ROWS):
        cosines = features[start : start + _ROWS].astype(np.float32) @ kept.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        found.append(np.clip(1 - cosines.max(axis=1), 0, 2))
    return np.concatenate(found) if found else np.empty(0, np.float32)


def unit_length(features: np.ndarray) -> np.ndarray:
    """Scale rows to length 1, as the features of `kerastl.models._feature_model` are; rows of zeros stay.

    Args:
        features: float array of shape (n, d).

    Returns:
        float32 array of the same shape.
    """
    single = np.asarray(features, np.float32)
    return single / np.maximum(np.linalg.norm(single, axis=1, keepdims=True), _TINY)


def most_references(features: int) -> int:
    """How many references are kept of a number of features."""
    return max(1, min(MOST_REFERENCES, MOST_NUMBERS // features))
