"""How good answers are along a tree of classes: at each level of it, and where it is gone down as far as is sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerastl._base.text import percent
from kerastl.models._hierarchy import Hierarchy
from kerastl.models._sure import sure_node

SURE_AT = (0.8, 0.9, 0.95)
"""The scores that are asked for."""
# Images whose scores of all groups are held at once.
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class DepthAccuracy:
    """Accuracy at one level of the tree.

    Args:
        depth: The level, from 1 at the top; classes above it stand for themselves.
        groups: How many groups and classes there are to choose from.
        accuracy: Fraction of the images whose right class lies in the best of them, by the scores added up.
    """

    depth: int
    groups: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class SureAccuracy:
    """What `Classifier.classify` with `sure` says of the images.

    Args:
        min_score: The score that was asked for.
        answered: Fraction of the images of which something is sure.
        accuracy: Fraction of these whose right class is the answer, or lies below it; 0 if there are none.
        named: Fraction of all images whose answer is a class, not a group.
        depth: Mean level of the answers, 0 where nothing is sure.
    """

    min_score: float
    answered: float
    accuracy: float
    named: float
    depth: float


@dataclass(frozen=True, slots=True)
class TreeScores:
    """How good answers are along the tree.

    Args:
        depths: A row a level.
        sure: A row a score that is asked for.

    Example:
        >>> import kerastl
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> tree = kerastl.evaluate("kerastl_mini", images).tree
        >>> tree.depths[0].accuracy, tree.sure[1].min_score
        (1.0, 0.9)
    """

    depths: tuple[DepthAccuracy, ...]
    sure: tuple[SureAccuracy, ...]

    def as_dict(self) -> dict[str, Any]:
        """The rows, as JSON values."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The rows as text."""
        for row in self.depths:
            yield f"depth {row.depth:2}, {row.groups:,} groups and classes: {percent(row.accuracy)}"
        for one in self.sure:
            if not one.answered:
                yield f"--sure {one.min_score:g}: is sure of nothing"
                continue
            yield (
                f"--sure {one.min_score:g}: answers {percent(one.answered)} at a mean depth of {one.depth:.1f}, "
                f"{percent(one.accuracy)} of them right; {percent(one.named)} name a class"
            )


def tree_scores(hierarchy: Hierarchy, probabilities: np.ndarray, truth: np.ndarray) -> TreeScores:
    """Compare answers with the right classes along a tree.

    Args:
        hierarchy: The tree of the classes.
        probabilities: Array of shape (n, classes), values in [0, 1]; n is at least 1.
        truth: The right classes: int64 array of shape (n,).
    """
    depths = (_at_depth(hierarchy, depth, probabilities, truth) for depth in range(1, max(hierarchy.depths) + 1))
    answers = np.concatenate([_sure_nodes(hierarchy, rows) for rows in _chunks(probabilities)])
    sure = (_sure(hierarchy, at, nodes, truth) for at, nodes in zip(SURE_AT, answers.T, strict=True))
    return TreeScores(tuple(depths), tuple(sure))


def _chunks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))


def _at_depth(hierarchy: Hierarchy, depth: int, probabilities: np.ndarray, truth: np.ndarray) -> DepthAccuracy:
    nodes, group_of = np.unique(hierarchy.at_depth(depth), return_inverse=True)
    order = np.argsort(group_of, kind="stable")
    starts = np.searchsorted(group_of[order], np.arange(len(nodes)))
    sums = (np.add.reduceat(rows[:, order], starts, axis=1, dtype=np.float64) for rows in _chunks(probabilities))
    best = [rows.argmax(axis=1) for rows in sums]
    return DepthAccuracy(depth, len(nodes), float((np.concatenate(best) == group_of[truth]).mean()))


def _sure_nodes(hierarchy: Hierarchy, probabilities: np.ndarray) -> np.ndarray:
    """The sure node of each image for each of `SURE_AT`, -1 for none: int64 array of shape (n, scores)."""
    found = [[sure_node(hierarchy, row, at) for at in SURE_AT] for row in hierarchy.scores(probabilities).tolist()]
    return np.array([[-1 if node is None else node for node in row] for row in found], np.int64)


def _sure(hierarchy: Hierarchy, min_score: float, nodes: np.ndarray, truth: np.ndarray) -> SureAccuracy:
    answered = nodes >= 0
    right = [int(node) in hierarchy.path(int(label)) for node, label in zip(nodes, truth, strict=True)]
    depths = np.array([0, *hierarchy.depths])[nodes + 1]
    return SureAccuracy(
        min_score,
        float(answered.mean()),
        float(np.mean(np.array(right)[answered])) if answered.any() else 0.0,
        float((answered & (nodes < hierarchy.classes)).mean()),
        float(depths.mean()),
    )
