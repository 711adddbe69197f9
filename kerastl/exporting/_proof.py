"""Compare exports with the Keras model, on images: the same answers, as good, how fast, how large."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from kerastl import _progress as progress
from kerastl._base.text import message
from kerastl.calibration._thresholds import values_of
from kerastl.errors import KerastlError
from kerastl.evaluation._answered import Answered
from kerastl.evaluation._base_result import Figure
from kerastl.evaluation._results import RESULTS
from kerastl.exporting._format import ExportFormat
from kerastl.exporting._proof_images import ProofImages
from kerastl.exporting._proof_row import ProofRow
from kerastl.inference._engines import Engine
from kerastl.inference._export import decided
from kerastl.inference._precision import MIN_AGREEMENT, same_answers
from kerastl.models._metadata import Metadata
from kerastl.tasks._task import TASKS

MIN_AGREEMENT_FLOAT = 0.995
"""Exports in float32 and float16 that give the same answer less often are refused; `MIN_AGREEMENT` is of integers."""
CALIBRATION_ERROR = "calibration_error"
# Answers to several images at once may differ by rounding from those to one.
_ROUNDING = 0.02
_TOGETHER = 3
_FEWEST_TIMES = 5
# From so many images on one may differ, whatever the bound.
_SOME = 20


def bound(export_format: ExportFormat, min_agreement: float | None = None, images: int = 1 << 62) -> float:
    """The fraction of answers that must be the same.

    Args:
        export_format: Its format, which has a bound of its own.
        min_agreement: What goes before that; None where nothing was asked for.
        images: How many are compared. Of few, one is more than the format's own bound leaves room for, and a single
            image between two classes says little of others: one may differ.
    """
    if min_agreement is not None:
        return min_agreement
    own = MIN_AGREEMENT if export_format.quantized else MIN_AGREEMENT_FLOAT
    return min(own, 1 - 1 / images) if images >= _SOME else own


def prove(export_format: ExportFormat, path: Path, images: ProofImages, min_agreement: float | None = None) -> ProofRow:
    """Run an export, and compare it with the Keras model.

    Args:
        export_format: Its format.
        path: The file or folder that holds it.
        images: What `read_images` gave.
        min_agreement: The fraction of answers that must be the same; None takes the format's own.

    Returns:
        The figures; what is to be refused has a `reason`.
    """
    wanted = bound(export_format, min_agreement, len(images))
    return compared(export_format.name, lambda: export_format.open(path), megabytes(path), images, wanted)


def compared(
    name: str, opened: Callable[[], Engine], size: float, images: ProofImages, wanted: float, *, whole: bool = True
) -> ProofRow:
    """Compare an engine with the Keras model.

    Args:
        name: What the row is called.
        opened: Opens the engine.
        size: Megabytes of what it runs.
        images: What to compare on.
        wanted: The fraction of answers that must be the same.
        whole: Whether it takes whole images where the source says so, and resizes them itself.
    """
    expected = images.expected
    try:
        with progress.stage(f"{name}: comparing with the Keras model", len(images)) as told:
            engine = opened()
            outputs, milliseconds = answers(engine, partial(images.input, whole=whole), len(images), told.update)
            if fault := _fault(outputs, expected):
                return _broken(name, images, wanted, size, fault)
            fault = _together(engine, images.pixels[:_TOGETHER])
    except KerastlError as error:
        return _broken(name, images, wanted, size, str(error))
    except Exception as error:  # of the library that runs it
        reason = message(f"{type(error).__name__}: {error}".splitlines()[0])
        return _broken(name, images, wanted, size, f"what was written cannot be run ({reason})")
    same = _same(outputs, expected, images.source.metadata)
    difference = float(np.abs(outputs.astype(np.float64) - expected).max())
    figures = figures_of(outputs, images)
    return ProofRow(name, len(images), same, wanted, difference, milliseconds, size, figures, fault, images.data)


def _broken(name: str, images: ProofImages, wanted: float, size: float, fault: str) -> ProofRow:
    return ProofRow(name, len(images), 0, wanted, math.nan, math.nan, size, fault=fault, data=images.data)


def answers(
    engine: Engine, image: Callable[[int], np.ndarray], count: int, told: Callable[[int], None] | None = None
) -> tuple[np.ndarray, float]:
    """Have an engine answer one image after the other.

    Args:
        engine: What answers.
        image: Gives each by its number, as uint8 array of shape (1, height, width, 3).
        count: How many there are.
        told: Called with how many are done.

    Returns:
        float32 array of shape (n, outputs), and the median of the milliseconds for one image.
    """
    engine.predict(image(0))  # gets ready
    rows: list[np.ndarray] = []
    seconds: list[float] = []
    for number in range(max(count, _FEWEST_TIMES)):
        pixels = image(number % count)
        start = time.perf_counter()
        row = engine.predict(pixels)
        seconds.append(time.perf_counter() - start)
        if number < count:
            rows.append(row)
            if told is not None:
                told(len(rows))
    return np.concatenate(rows), 1_000 * statistics.median(seconds)


def _fault(outputs: np.ndarray, expected: np.ndarray) -> str:
    """What is wrong with answers whatever they say; empty where nothing is."""
    if outputs.shape != expected.shape:
        return f"its answers have the shape {outputs.shape}, and those of the Keras model {expected.shape}"
    if not np.isfinite(outputs).all():
        return "some of its answers are not numbers (NaN or infinite)"
    return ""


def _together(engine: Engine, pixels: np.ndarray) -> str:
    """Whether several images at once get the answers that each gets alone: what is wrong, or nothing."""
    several = engine.predict(pixels)
    alone = np.concatenate([engine.predict(pixels[i : i + 1]) for i in range(len(pixels))])
    if several.shape != alone.shape:
        return f"{len(alone)} images together give answers of the shape {several.shape}"
    if not np.abs(several - alone).max() <= _ROUNDING * max(1.0, float(np.abs(alone).max())):
        return "several images together get other answers than each of them alone"
    return ""


def _same(outputs: np.ndarray, expected: np.ndarray, metadata: Metadata) -> int:
    """How many answers are the same, as kerastl would tell them."""
    kind = TASKS[metadata.task].kind
    thresholds = np.asarray(values_of(metadata) if kind == "indicators" else (), np.float32)
    same = same_answers(outputs, expected, kind, thresholds)
    if kind == "index":
        # Where rounding decides between two classes, either is the answer.
        same = same | ~decided(expected)
    return int(same.sum())


def figures_of(outputs: np.ndarray, images: ProofImages) -> dict[str, Figure]:
    """How good answers are: the first figure of the task and the calibration error, each with its interval.

    Args:
        outputs: float32 array of shape (n, outputs).
        images: What was answered; without labels there are no figures.
    """
    if images.labeled is None or images.classifier is None:
        return {}
    answered = Answered(images.classifier, images.labeled, images.items, outputs, images.failed, ())
    evaluation = RESULTS[images.source.metadata.task].of(answered)
    names = (next(iter(evaluation.names)), CALIBRATION_ERROR)
    return {name: evaluation.figures[name] for name in names if name in evaluation.figures}


def megabytes(path: Path) -> float:
    """What a file or a folder takes on the disk, in MB of 2**20 bytes."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return round(sum(each.stat().st_size for each in files) / 2**20, 3)
