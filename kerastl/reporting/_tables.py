"""What the page shows in rows and columns: confusions, classes, corruptions, findings of the data check."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerastl.evaluation._metrics import ClassScores, ConfusionMatrix
from kerastl.evaluation._robustness import Robustness

if TYPE_CHECKING:
    from kerastl.data._findings import CheckReport, Finding

# More classes than this: no numbers in the cells; and no names, but an image.
NUMBERED, NAMED = 20, 60
# So few classes leave room for the confused pairs beside the matrix.
BESIDE = 5
# More rows than this are folded away.
CLASSES, PAIRS, EXAMPLES, UNUSED = 20, 12, 3, 20
# So that a single mistake among many images can still be seen.
_FAINTEST = 0.3
_BLUE, _ORANGE = (0, 114, 178), (213, 94, 0)
# For kinds with a finding a class.
_KINDS = {"class_too_small": "classes too small to learn and to validate", "small_class": "classes with few images"}


@dataclass(frozen=True)
class Cell:
    """A colored number.

    Args:
        value: The number.
        strength: Of the color, in [0, 1].
    """

    value: float
    strength: float


@dataclass(frozen=True)
class Matrix:
    """What was taken for what.

    Args:
        names: The classes, in the order of rows and columns.
        rows: A row a right class; empty where `image` shows it.
        image: PNG as a data URI: a pixel a cell; empty where there are few classes.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    image: str = ""

    @property
    def numbered(self) -> bool:
        """Whether there is room for numbers."""
        return len(self.names) <= NUMBERED


def matrix(confusion: ConfusionMatrix, names: Sequence[str]) -> Matrix:
    """Make a confusion matrix ready to be shown.

    The strength of a color is the root of the fraction of the right class's images, so that a few mistakes are seen.

    Args:
        confusion: The counts.
        names: The names of all classes of the model, by index.
    """
    counts = confusion.counts
    strengths = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    strengths = np.where(counts > 0, np.maximum(strengths, _FAINTEST), 0)
    shown = tuple(names[index] for index in confusion.classes)
    if len(shown) > NAMED:
        return Matrix(shown, (), _image(strengths))
    rows = zip(counts.tolist(), strengths.tolist(), strict=True)
    return Matrix(shown, tuple(tuple(map(Cell, *row)) for row in rows))


def _image(strengths: np.ndarray) -> str:
    """A transparent image, for light pages and dark ones."""
    from PIL import Image

    full = np.where(np.eye(len(strengths), dtype=bool)[..., None], _BLUE, _ORANGE)
    pixels = np.concatenate([np.where(strengths[..., None] > 0, full, 0), np.rint(255 * strengths)[..., None]], axis=-1)
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), "RGBA").save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def worst_first(classes: Sequence[ClassScores]) -> list[ClassScores]:
    """The classes by rising F1; of equal ones the larger first."""
    return sorted(classes, key=lambda scores: (scores.f1, -scores.support, scores.label))


@dataclass(frozen=True)
class Distance:
    """How many answers are so many classes off.

    Args:
        off: Classes that the answer is above the right one; below 0 below it.
        count: Images.
        fraction: Of all images.
        strength: Of the most frequent distance, in [0, 1].
    """

    off: int
    count: int
    fraction: float
    strength: float


def distances(predicted: np.ndarray, truth: np.ndarray) -> list[Distance]:
    """Answers by how many classes they are off, from the most too low to the most too high."""
    off, counts = np.unique(predicted - truth, return_counts=True)
    return [
        Distance(int(one), int(count), float(count / len(truth)), float(count / counts.max()))
        for one, count in zip(off, counts, strict=True)
    ]


@dataclass(frozen=True)
class Corruption:
    """One row of the table of corruptions.

    Args:
        name: The corruption.
        cells: Accuracy at each strength from weak to strong, colored by what it lost.
        mean: Over them.
    """

    name: str
    cells: tuple[Cell, ...]
    mean: Cell


def corruptions(robustness: Robustness) -> list[Corruption]:
    """The rows of the table of corruptions, the most harmful first."""

    def cell(accuracy: float) -> Cell:
        lost = (robustness.clean - accuracy) / robustness.clean if robustness.clean else 0.0
        return Cell(accuracy, min(max(lost, 0.0), 1.0))

    rows = [
        Corruption(name, tuple(map(cell, row)), cell(float(np.mean(row)))) for name, row in robustness.accuracy.items()
    ]
    return sorted(rows, key=lambda row: row.mean.value)


@dataclass(frozen=True)
class Problem:
    """One finding of the data check.

    Args:
        is_problem: Whether it spoils training; else it is a warning.
        message: One line.
        examples: The first few, one line each.
        more: How many examples were left out.
    """

    is_problem: bool
    message: str
    examples: tuple[str, ...]
    more: int


def problems(report: CheckReport) -> list[Problem]:
    """What `kerastl check` finds, problems first; many findings of one kind become one with examples."""
    kinds: dict[str, list[Finding]] = {}
    for finding in report.findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return [problem for group in kinds.values() for problem in _problems(group)]


def _problems(group: Sequence[Finding]) -> Iterator[Problem]:
    """The findings of one kind."""
    if len(group) > EXAMPLES:
        first = group[0]
        examples = tuple(finding.message for finding in group[:EXAMPLES])
        message = f"{len(group):,} {_KINDS.get(first.kind, 'findings of one kind')}"
        yield Problem(first.severity == "problem", message, examples, len(group) - EXAMPLES)
        return
    for finding in group:
        examples = tuple(map(str, finding.evidence[:EXAMPLES]))
        more = max(0, len(finding.evidence) - EXAMPLES)
        yield Problem(finding.severity == "problem", finding.message, examples, more)
