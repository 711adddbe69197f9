"""What the page shows of labels that may stand together: how well each is found, curves, and pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastl._base.text import percent
from kerastl._metrics.multilabel import co_occurrence
from kerastl.evaluation._multilabel_metrics import LabelScores, PrecisionRecall
from kerastl.evaluation._multilabel_result import MultilabelEvaluation
from kerastl.reporting._axes import Axes, fraction_axes
from kerastl.reporting._tables import NUMBERED

# More curves than this make nobody wiser.
CURVES = 12
# Points of a curve that can be told apart on a page.
_POINTS = 200
# So that a single image among many can still be seen.
_FAINTEST = 0.15


def worst_first(classes: Sequence[LabelScores]) -> list[LabelScores]:
    """The labels by rising average precision; of equal ones the more frequent first."""
    return sorted(classes, key=lambda scores: (scores.average_precision, -scores.support, scores.label))


@dataclass(frozen=True)
class PrecisionRecallChart:
    """Precision against recall of one label.

    Args:
        label: Its name.
        average_precision: The area under the curve.
        line: The curve, as an SVG path.
        at: Where its threshold stands: x, y and the words for it.
        axes: Of the chart.
    """

    label: str
    average_precision: float
    line: str
    at: tuple[float, float, str]
    axes: Axes


def curves(evaluation: MultilabelEvaluation) -> list[PrecisionRecallChart]:
    """Curves of the labels that are found worst."""
    return [_curve(evaluation.curve(scores)) for scores in worst_first(evaluation.classes)[:CURVES]]


def _curve(curve: PrecisionRecall) -> PrecisionRecallChart:
    axes = fraction_axes("recall", "precision")
    some = np.unique(np.linspace(0, len(curve.recall) - 1, _POINTS).round().astype(int))
    points = [
        f"{axes.x(float(recall)):.1f} {axes.y(float(precision)):.1f}"
        for recall, precision in zip(curve.recall[some], curve.precision[some], strict=True)
    ]
    recall, precision = curve.at
    words = f"at the threshold: precision {percent(precision)}, recall {percent(recall)}"
    return PrecisionRecallChart(
        curve.label, curve.average_precision, "M" + "L".join(points), (axes.x(recall), axes.y(precision), words), axes
    )


@dataclass(frozen=True)
class PairCell:
    """How often two labels stand together.

    Args:
        true: Images that have both.
        given: Images that are given both.
        strength: Of the color, in [0, 1]: the larger one as a fraction of the rarer label's images.
    """

    true: int
    given: int
    strength: float

    @property
    def differs(self) -> bool:
        """Whether answers are off by more than a quarter."""
        return 4 * abs(self.true - self.given) > max(self.true, self.given)


@dataclass(frozen=True)
class Together:
    """Which labels stand together.

    Args:
        names: The labels, in the order of rows and columns.
        rows: A row a label; on the diagonal how often it stands at all.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[PairCell, ...], ...]


def together(evaluation: MultilabelEvaluation) -> Together | None:
    """Counts of all pairs of labels that occur; None where there are too many for numbers."""
    places = np.flatnonzero(evaluation.truth.any(axis=0) | evaluation.given.any(axis=0))
    if not 1 < len(places) <= NUMBERED:
        return None
    true, given = (co_occurrence(sets[:, places]) for sets in (evaluation.truth, evaluation.given))
    each = np.maximum(true.diagonal(), given.diagonal())
    strength = np.maximum(true, given) / np.maximum(np.minimum(each[:, None], each[None, :]), 1)
    strength = np.where(np.maximum(true, given) > 0, np.clip(np.sqrt(strength), _FAINTEST, 1), 0)
    rows = tuple(
        tuple(PairCell(*cell) for cell in zip(*row, strict=True))
        for row in zip(true.tolist(), given.tolist(), strength.tolist(), strict=True)
    )
    return Together(tuple(evaluation.labels.names[place] for place in places), rows)
