"""All that a comparison of exports found, as one value, in lines and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from kerastl._base import display
from kerastl._base.text import brief, percent, printable
from kerastl._metrics import wilson_interval
from kerastl.errors import KerastlError
from kerastl.exporting._format_registry import EXPORT_FORMATS
from kerastl.exporting._huggingface import FORMAT as HUGGINGFACE
from kerastl.exporting._proof import CALIBRATION_ERROR, answers, compared, figures_of, megabytes
from kerastl.exporting._proof_images import BUILT_IN, ProofImages
from kerastl.exporting._proof_row import ProofRow, counted, images_needed
from kerastl.exporting._source import ONE_THREAD
from kerastl.inference._engines import KerasEngine, LiteRTEngine, cores
from kerastl.inference._seal import sha256
from kerastl.training._outputs import versions

SCHEMA = "kerastl-proof-1"
"""What `proof.json` says it is; another number where a field changes its meaning."""
KERAS, LITERT = "keras", "litert"
PACKAGES = (
    "keras", "tensorflow", "ai-edge-litert", "numpy", "onnx", "onnxruntime", "tf2onnx", "openvino", "nncf",
)  # fmt: skip
"""Those that write and run exports."""
# One image after the other is what Keras is slow at.
_TIMED = 20


@dataclass(frozen=True)
class Proof:
    """How exports compare with the Keras model: `kerastl.export` gives it.

    Args:
        model: The model's name.
        sha256: Of the file with its weights; empty where there is none.
        task: A name of `kerastl.tasks.TASKS`.
        data: Where the images are from.
        images: How many.
        references: The Keras model itself, and what kerastl answers with, where that can be made.
        rows: The exports that were compared, those that were refused among them.
        notes: What to know, one line each.
        versions: Of the packages that were used.
    """

    model: str
    sha256: str
    task: str
    data: str
    images: int
    references: tuple[ProofRow, ...]
    rows: tuple[ProofRow, ...]
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, images: ProofImages, rows: Sequence[ProofRow]) -> Proof:
        """Put together what was found on the same images."""
        source = images.source
        file = source.spec.weights_file
        return cls(
            source.metadata.name,
            sha256(file) if file.is_file() else "",
            source.metadata.task,
            images.data,
            len(images),
            tuple(_references(images, rows)),
            tuple(rows),
            (*_notes(images, rows), *images.notes),
            versions(PACKAGES),
        )

    def with_earlier(self, earlier: Proof | None, kept: Collection[str]) -> Proof:
        """Go on telling of exports of the same model that an earlier proof tells of.

        Args:
            earlier: What stands in the folder.
            kept: Names of formats whose files are still there.
        """
        if earlier is None or not self.sha256 or earlier.sha256 != self.sha256:
            return self
        new = {row.name for row in self.rows if not row.reason}
        rows = [row for row in earlier.rows if not row.reason and row.name in kept and row.name not in new]
        elsewhere = [row for row in rows if (row.data, row.images) != (self.data, self.images)]
        notes = [f"{row.name} was compared earlier, on {counted(row.images)} ({row.data})" for row in elsewhere]
        return replace(self, rows=(*rows, *self.rows), notes=(*self.notes, *notes))

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values; `formats` are those that were kept, `refused` the others."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "sha256": self.sha256 or None,
            "task": self.task,
            "data": self.data,
            "images": self.images,
            "references": [row.as_dict() for row in self.references],
            "formats": [row.as_dict() for row in self.rows if not row.reason],
            "refused": [{**row.as_dict(), "reason": row.reason} for row in self.rows if row.reason],
            "notes": list(self.notes),
            "cores": cores(),
            "versions": self.versions,
        }

    @property
    def headings(self) -> tuple[str, ...]:
        """What the cells of `table` are; the figure of the task and the calibration error where there are labels."""
        names = self._figure_names
        shown = [_SHORT.get(name, name.replace("_", " ")) for name in names]
        return ("format", "agree", "diff", *shown, "ms", "MB")

    @property
    def _figure_names(self) -> tuple[str, ...]:
        return next((tuple(row.figures) for row in (*self.references, *self.rows) if row.figures), ())

    def table(self) -> list[list[str]]:
        """Cells for people: what exports are compared with, then they themselves."""
        own = [self._cells(row) for row in self.rows]
        return [*(self._cells(row, _CALLED[row.name]) for row in self.references), *own]

    def _cells(self, row: ProofRow, name: str = "") -> list[str]:
        shown = [_shown(name, row.figures[name].value) if name in row.figures else "" for name in self._figure_names]
        compared = row.name != KERAS and not (row.fault and math.isnan(row.difference))
        return [
            name or row.name + (" (refused)" if row.reason else ""),
            percent(row.agreement) if compared else "",
            f"{row.difference:.1e}" if compared else "",
            *shown,
            _short(row.milliseconds),
            _short(row.megabytes),
        ]

    @property
    def title(self) -> str:
        """What was compared, in a line."""
        return f"{brief(self.model)} in Keras and exported, on {counted(self.images)} ({printable(self.data)})"

    def __str__(self) -> str:
        rows = [list(self.headings), *self.table()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.headings))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([self.title, *lines, *self.intervals(), *self.notes])

    def _repr_html_(self) -> str:
        align = "l" + "r" * (len(self.headings) - 1)
        notes = (*self.intervals(), *self.notes)
        return display.table(self.table(), caption=self.title, heads=self.headings, align=align, notes=notes)

    def intervals(self) -> Iterator[str]:
        """Where the figure of the task may lie on other images, for each that was measured, in a line."""
        names = self._figure_names
        if not names:
            return
        text = partial(_shown, names[0])
        rows = [(row, _CALLED[row.name]) for row in self.references] + [(row, row.name) for row in self.rows]
        found = ((name, row.figures[names[0]]) for row, name in rows if names[0] in row.figures)
        sure = grouped((name, (figure.low, figure.high), text) for name, figure in found)
        yield f"{names[0].replace('_', ' ')}, 95 % sure: {sure}"


_CALLED = {KERAS: "Keras", LITERT: "kerastl"}
_SHORT = {CALIBRATION_ERROR: "ECE", "mean_average_precision": "mAP", "mean_absolute_error": "MAE"}
_FRACTIONS = frozenset({"accuracy", CALIBRATION_ERROR, "mean_average_precision"})


def _shown(name: str, value: float) -> str:
    return percent(value) if name in _FRACTIONS else f"{value:.4g}"


def grouped(rows: Iterable[tuple[str, tuple[float, float], Callable[[float], str]]]) -> str:
    """Intervals with the names of what they are of; one that all share is told once, without names.

    Args:
        rows: Name, both ends, and what makes a text of an end.
    """
    names: dict[str, list[str]] = {}
    for name, (low, high), text in rows:
        names.setdefault(f"{text(low)} to {text(high)}", []).append(name)
    return "; ".join(f"{ends} ({', '.join(called)})" if len(names) > 1 else ends for ends, called in names.items())


def _short(value: float) -> str:
    """Milliseconds or megabytes; nothing where they are not known."""
    return "" if math.isnan(value) else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _references(images: ProofImages, rows: Sequence[ProofRow]) -> Iterator[ProofRow]:
    source = images.source
    pixels = images.pixels[:_TIMED]
    _, milliseconds = answers(KerasEngine(source.model), lambda i: pixels[i : i + 1], len(pixels))
    file = source.spec.weights_file
    size = megabytes(file) if file.is_file() else 4 * source.model.count_params() / 2**20
    figures = figures_of(images.expected, images)
    yield ProofRow(KERAS, len(images), len(images), 0.0, 0.0, milliseconds, round(size, 3), figures, data=images.data)
    names = {row.name for row in rows}
    if LITERT not in names and names - {HUGGINGFACE}:  # what kerastl itself answers with, in one thread
        try:
            flatbuffer = source.flatbuffer
        except KerastlError:
            return  # it answers through Keras then
        size = round(len(flatbuffer) / 2**20, 3)
        opened = partial(LiteRTEngine, flatbuffer, ONE_THREAD)
        yield compared(LITERT, opened, size, images, 0.0, whole=False)  # which has no resizing inside


def _notes(images: ProofImages, rows: Sequence[ProofRow]) -> Iterator[str]:
    wanted = max((row.bound for row in rows), default=0.0)
    if 0 < wanted < 1 and len(images) < images_needed(wanted):
        sure = wilson_interval(len(images), len(images))[0]
        yield (
            f"few images: where all {len(images):,} agree, one is 95 % sure of {percent(sure)} on others; "
            f"{images_needed(wanted):,} tell {percent(wanted)}"
        )
    if images.data == BUILT_IN:
        yield "they need not look like yours: --prove DATA compares on your images, and tells the accuracy"
    if any(row.name in EXPORT_FORMATS and EXPORT_FORMATS[row.name].quantized for row in rows):
        fitted = {pixels.tobytes() for pixels in images.source.calibrating}
        if flattering := sum(pixels.tobytes() in fitted for pixels in images.pixels):
            yield f"integers were fitted to {flattering:,} of these images: --calibrate DATA names others"
    if images.failed:
        path, reason = next(iter(images.failed.items()))
        more = f"{len(images.failed):,} images cannot be read (the first: {path}: {reason})"
        yield more if len(images.failed) > 1 else f"an image cannot be read ({path}: {reason})"
    yield (
        f"milliseconds are of one image at a time; Keras and TensorFlow take {cores()} cores, other runtimes one thread"
    )
