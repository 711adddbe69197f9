"""What a review has found, and how it is written as a table."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kerastl._base.serialization import write_csv
from kerastl._base.text import printable

COLUMNS = (
    "kind", "rank", "path", "label", "suggestion", "label_score", "suggestion_score", "margin", "distance", "nearest"
)  # fmt: skip
"""Of the table."""


@dataclass(frozen=True)
class LabelError:
    """A label that is likely wrong.

    Args:
        path: The image.
        label: Its class, as it is labeled.
        suggestion: The most probable class.
        label_score: The probability of the label, by a head that was solved without the image.
        suggestion_score: That of the suggestion.
        margin: The first less the second, from -1 to 0: the lower, the surer.
        others: The most probable classes with their probabilities, up to nine.

    Example:
        >>> from kerastl.reviewing import LabelError
        >>> LabelError("a.jpg", "cat", "dog", 0.25, 0.75, -0.5).suggestion
        'dog'
    """

    path: str
    label: str
    suggestion: str
    label_score: float
    suggestion_score: float
    margin: float
    others: tuple[tuple[str, float], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Outlier:
    """An image that is unlike all others of its class.

    Args:
        path: The image.
        label: Its class.
        distance: To the nearest other image of the class: 1 less the cosine of their vectors.
        nearest: That image.

    Example:
        >>> from kerastl.reviewing import Outlier
        >>> Outlier("a.jpg", "cat", 0.7, "b.jpg").distance
        0.7
    """

    path: str
    label: str
    distance: float
    nearest: str


@dataclass(frozen=True)
class ToLabel:
    """An image without a label whose label would help.

    Args:
        path: The image.
        suggestion: The most probable class.
        suggestion_score: Its probability.
        margin: How far it lies before the second.
        others: As for `LabelError`.

    Example:
        >>> from kerastl.reviewing import ToLabel
        >>> ToLabel("a.jpg", "cat", 0.51, 0.02).suggestion
        'cat'
    """

    path: str
    suggestion: str
    suggestion_score: float
    margin: float
    others: tuple[tuple[str, float], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Review:
    """What looks wrong in labeled images, and what to label next.

    Args:
        source: What was reviewed, in words.
        root: The folder that paths are relative to.
        classes: Names of the classes.
        images: How many images with a label there are.
        reviewed: How many of them were compared with what a head says that does not know them.
        unlabeled: How many images have no label.
        label_errors: Labels that are likely wrong, the surest first.
        outliers: Images unlike the others of their class, the strangest first.
        label_next: Images to label, the first of them first.
        labels: Path and label of each labeled image.
        notes: What to know, one line each.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.reviewing import LabelError, Review
        >>> error = LabelError("star/star_01.jpg", "star", "circle", 0.1, 0.8, -0.7)
        >>> print(Review("a run", Path("data/shapes"), ("circle", "star"), 88, 88, 0, (error,)))
        a run: 88 of 88 labels reviewed
          star/star_01.jpg: star, rather circle (0.80)
    """

    source: str
    root: Path
    classes: tuple[str, ...]
    images: int
    reviewed: int
    unlabeled: int
    label_errors: tuple[LabelError, ...] = ()
    outliers: tuple[Outlier, ...] = ()
    label_next: tuple[ToLabel, ...] = ()
    labels: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """All of it but the labels that are not in doubt, for JSON."""
        return {
            "source": self.source,
            "root": str(self.root),
            "classes": list(self.classes),
            "images": self.images,
            "reviewed": self.reviewed,
            "unlabeled": self.unlabeled,
            "label_errors": [_row(one) for one in self.label_errors],
            "outliers": [_row(one) for one in self.outliers],
            "label_next": [_row(one) for one in self.label_next],
            "notes": list(self.notes),
        }

    def rows(self) -> Iterator[list[object]]:
        """The table: one row for each finding, with the columns of `as_dict` behind its kind and rank."""
        kinds: Sequence[tuple[str, Sequence[LabelError | Outlier | ToLabel]]] = (
            ("label_error", self.label_errors), ("outlier", self.outliers), ("label_next", self.label_next),
        )  # fmt: skip
        for kind, found in kinds:
            for rank, one in enumerate(found, start=1):
                known = {"kind": kind, "rank": rank, **_row(one)}
                yield [_cell(known.get(column)) for column in COLUMNS]

    def write_csv(self, path: str | os.PathLike[str], *, csv_safe: bool = False) -> None:
        """Write the table.

        Args:
            path: The file; replaced whole.
            csv_safe: Whether names that a spreadsheet would compute, such as `=1+1`, get an apostrophe before them.
        """
        write_csv(path, COLUMNS, self.rows(), safe=csv_safe)

    def __str__(self) -> str:
        lines = [f"{printable(self.source)}: {self.reviewed:,} of {self.images:,} labels reviewed"]
        lines += [
            f"  {one.path}: {one.label}, rather {one.suggestion} ({one.suggestion_score:.2f})"
            for one in self.label_errors
        ]
        lines += [f"  {one.path}: unlike other {one.label}" for one in self.outliers]
        lines += [f"  {one.path}: to label next" for one in self.label_next]
        return "\n".join(map(printable, lines))


def _row(one: LabelError | Outlier | ToLabel) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "others"}


def _cell(value: object) -> object:
    return f"{value:.7g}" if isinstance(value, float) else value
