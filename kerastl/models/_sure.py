"""The deepest place in a tree of classes that a model is sure of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastl._base.text import brief, percent

if TYPE_CHECKING:
    import numpy as np

    from kerastl.models._hierarchy import Hierarchy


@dataclass(frozen=True, slots=True)
class SureAnswer:
    """What a model is sure of, be it a class or a group of classes.

    Args:
        min_score: How sure it had to be, between 0 and 1.
        label: The name of the class or group; None where not even a group at the top scores that high.
        score: The probability of all its classes together; None where there is none.
        path: The names from the top of the tree down to it.
        index: The place of the class in the model's output; None for a group.
        wnid: Its WordNet id, in ImageNet's tree.

    Example:
        >>> from kerastl.models import SureAnswer
        >>> answer = SureAnswer(0.9, "dog", 0.931, ("animal", "dog"), wnid="n02084071")
        >>> print(answer, answer.depth)
        dog 93.1 % 2
    """

    min_score: float
    label: str | None = None
    score: float | None = None
    path: tuple[str, ...] = ()
    index: int | None = None
    wnid: str | None = None

    @property
    def depth(self) -> int:
        """The level in the tree: 1 at the top, 0 where nothing is sure."""
        return len(self.path)

    def __str__(self) -> str:
        if self.label is None or self.score is None:
            return f"nothing is sure at {100 * self.min_score:.6g} %"  # 99.99 % is not 100 %
        return f"{brief(self.label)} {percent(self.score)}"

    def as_dict(self) -> dict[str, Any]:
        """The fields, as they stand in JSON, with `depth`."""
        return {
            "label": self.label,
            "score": None if self.score is None else float(f"{self.score:.7g}"),
            "depth": self.depth,
            "path": list(self.path),
            "index": self.index,
            "wnid": self.wnid,
            "min_score": self.min_score,
        }


def sure_node(hierarchy: Hierarchy, scores: Sequence[float], min_score: float) -> int | None:
    """Find the deepest node that is sure: from the top down to the best one below, as long as that scores enough.

    Of what scores more than one half there is one at most on each level. This is what Deng et al. 2012 (Hedging Your
    Bets: Optimizing Accuracy-Specificity Trade-offs in Large Scale Visual Recognition) compare theirs with: the most
    specific node whose posterior probability reaches a threshold.

    Args:
        hierarchy: The tree.
        scores: One a node, for an image, as `Hierarchy.scores` adds them up.
        min_score: Between 0 and 1.

    Returns:
        The node; of equal ones the first. None where not even a node at the top scores enough.
    """
    node = None
    while below := hierarchy.children.get(node):
        best = max(below, key=scores.__getitem__)
        if scores[best] < min_score:
            break
        node = best
    return node


def sure_answers(hierarchy: Hierarchy, probabilities: np.ndarray, min_score: float) -> list[SureAnswer]:
    """Say what is sure of each image.

    Args:
        hierarchy: The tree of the classes.
        probabilities: Array of shape (n, classes).
        min_score: Between 0 and 1.
    """
    return [
        _answer(hierarchy, row, sure_node(hierarchy, row, min_score), min_score)
        for row in hierarchy.scores(probabilities).tolist()  # whose numbers are faster to get at one by one
    ]


def _answer(hierarchy: Hierarchy, scores: Sequence[float], node: int | None, min_score: float) -> SureAnswer:
    if node is None:
        return SureAnswer(min_score)
    return SureAnswer(
        min_score,
        hierarchy.names[node],
        min(scores[node], 1.0),  # not beyond by rounding
        tuple(hierarchy.names[each] for each in hierarchy.path(node)),
        node if node < hierarchy.classes else None,
        None if hierarchy.wnids is None else hierarchy.wnids[node],
    )
