"""What a model card tells: taken from the model's metadata, its run folder and the images it was compared on.

Metadata may have been written by anyone, and by older versions: what cannot be read is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kerastl._base.text import percent
from kerastl.calibration import _temperature as temperature
from kerastl.data._dataset import SPLITS
from kerastl.data._tables import rows
from kerastl.errors import KerastlError, UnknownNameError
from kerastl.evaluation._base_result import Figure
from kerastl.exporting._proof import figures_of
from kerastl.finetuning._answer_facts import answer_facts
from kerastl.finetuning._folder import SPLIT
from kerastl.finetuning._outcome import caveat, choice_made, reached
from kerastl.images import Resize
from kerastl.models._backbone import Backbone
from kerastl.models._registry import BACKBONES
from kerastl.tasks._task import FIGURES, TASKS

if TYPE_CHECKING:
    from kerastl.exporting._source import ExportSource
    from kerastl.models._metadata import Metadata

PUBLISHED = "imagenet"  # weights, as `kerastl.finetune` calls them
# Fewer images of a class than this are said to be few.
_FEW = 20
_NEVER = 10

_T = TypeVar("_T")


@dataclass(frozen=True)
class Measured:
    """One figure of how good the model is.

    Args:
        name: Of the figure, such as `accuracy`.
        label: For people.
        figure: The value and its interval; the ends are NaN where there is none.
        images: On how many.
        on: Which images, for people.
        is_fraction: Whether it lies in [0, 1], and is shown in percent.
    """

    name: str
    label: str
    figure: Figure
    images: int
    on: str
    is_fraction: bool


def backbone_of(metadata: Metadata) -> Backbone | None:
    """The network of the catalog whose published weights a model was made from, or has; None where it is none."""
    settings = metadata.extra.get("settings")
    weights = settings.get("weights") if isinstance(settings, dict) else None
    if metadata.backbone is None or weights not in (None, PUBLISHED):
        return None
    try:
        return BACKBONES[metadata.backbone]
    except (UnknownNameError, KerastlError):
        return None


def run_metrics(metadata: Metadata) -> Mapping[str, Any]:
    """What `metrics.json` of a run says; nothing of a model that was not fine-tuned."""
    found = metadata.extra.get("metrics")
    return found if isinstance(found, dict) else {}


def read(function: Callable[[], _T], otherwise: _T) -> _T:
    """What a function makes of stored values; something else where these are not what it expects."""
    try:
        return function()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, KerastlError):
        return otherwise


def measured(source: ExportSource) -> list[Measured]:
    """How good the model is: what its run measured, and what was measured on labeled images at the export."""
    by_run: list[Measured] = read(lambda: list(_of_run(source.metadata)), [])
    return [*by_run, *_of_images(source)]


def _of_run(metadata: Metadata) -> Iterator[Measured]:
    metrics, task = run_metrics(metadata), TASKS[metadata.task]
    for part, on in (("val", "validation images of its training"), ("loo", "its training images, each left out once")):
        if metrics.get(f"{part}_loss") is None:
            continue
        for figure in (task.figure, *(FIGURES[name] for name in task.other_figures if name in FIGURES)):
            value = metrics.get(f"{part}_{figure.name}")
            if isinstance(value, (int, float)):
                low, high = metrics.get(f"{part}_{figure.name}_interval", (float("nan"), float("nan")))
                interval = Figure(float(value), float(low), float(high))
                count = int(metrics[f"{part}_images"])
                yield Measured(figure.name, figure.label, interval, count, on, figure.is_fraction)


def _of_images(source: ExportSource) -> Iterator[Measured]:
    images = source.images
    if images.trained:  # what flatters is no measure
        return
    for name, figure in figures_of(images.expected, images).items():
        known = FIGURES.get(name)
        label = name.replace("_", " ") if known is None else known.label
        fraction = name == "calibration_error" or (known is not None and known.is_fraction)
        yield Measured(name, label, figure, len(images), f"labeled images ({images.data})", fraction)


def class_counts(source: ExportSource) -> dict[str, dict[str, int]]:
    """Images of each class by part of the training, as the run folder's split says; empty where there is none."""
    table = source.spec.weights_file.parent / SPLIT
    if TASKS[source.metadata.task].kind == "number" or not table.is_file():
        return {}
    names = TASKS[source.metadata.task].class_names
    none: Counter[tuple[str, str]] = Counter()
    counted = read(lambda: Counter((name, part) for _, _, label, part in rows(table) for name in names(label)), none)
    parts = [part for part in SPLITS if any(found == part for _, found in counted)]
    return {
        name: {part: counted[name, part] for part in parts}
        for name in source.metadata.labels.names
        if any(counted[name, part] for part in parts)
    }


def training_facts(metadata: Metadata) -> Iterator[str]:
    """How the model came about, a line each."""
    metrics = run_metrics(metadata)
    if not metrics:
        return
    yield read(
        lambda: "Images: {train_images:,} trained on, {val_images:,} validated on".format(**metrics), "Images: unknown"
    )
    recipe = metadata.extra.get("recipe")
    if isinstance(recipe, dict):
        why = f": {recipe['why']}" if isinstance(recipe.get("why"), str) and recipe["why"] else ""
        yield f"Recipe: {recipe.get('name', 'unknown')}{why}"
    if choice := read(lambda: choice_made(metrics), None):
        yield f"Kept: {choice}"
    if text := read(lambda: ": ".join(filter(None, [reached(metrics), caveat(metrics)])), ""):
        yield f"Reached: {text}"
    settings = metadata.extra.get("settings")
    if isinstance(settings, dict):
        chosen = {name: settings.get(name) for name in ("seed", "precision", "class_weights", "budget")}
        yield "Settings: " + ", ".join(f"{name} {value}" for name, value in chosen.items() if value is not None)
    versions = metadata.extra.get("versions")
    if isinstance(versions, dict):
        yield "Made with: " + ", ".join(f"{name} {version}" for name, version in versions.items())


def limits(source: ExportSource) -> Iterator[str]:
    """What the model cannot do, or what is not known of it, a line each."""
    metadata, metrics = source.metadata, run_metrics(source.metadata)
    kind = TASKS[metadata.task].kind
    if kind == "index":
        yield (
            f"It always answers one of its {len(metadata.labels):,} classes, also for images of other things; a high "
            "score is no proof that an image shows one of them"
        )
    if isinstance(metadata.reader, Resize):
        yield f"It sees an image at {metadata.reader.width} x {metadata.reader.height} pixels; what is smaller is lost"
    yield _on_scores(metadata, kind)
    yield from _few(class_counts(source))
    yield from _never_answered(source)
    warnings = metrics.get("warnings")
    if isinstance(warnings, list):
        yield from (str(warning) for warning in warnings)
    if metrics.get("complete") is False:
        yield "Its training was stopped early"
    on_answers: list[str] = read(lambda: answer_facts(metadata), [])
    yield from on_answers
    yield (
        "It was compared with no images but those named here: on others, from other cameras, places or times, it may "
        "do worse"
    )


def _on_scores(metadata: Metadata, kind: str) -> str:
    what = "Intervals" if kind == "number" else "Scores"
    on = {temperature.LABELED: "labeled images", temperature.LEAVE_ONE_OUT: "its training images, each left out once"}
    fitted = read(lambda: temperature.fitted_on(metadata), None)
    if fitted in on:
        return f"{what} were calibrated on {on[fitted]}, and hold for images like those"
    return f"{what} were not calibrated: they need not be right as often as they say"


def _few(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    few = [name for name, parts in counts.items() if parts.get("train", _FEW) < _FEW]
    if few:
        shown = ", ".join(few[:_NEVER]) + (f" and {len(few) - _NEVER:,} more" if len(few) > _NEVER else "")
        yield f"Classes with fewer than {_FEW} images to train on: {shown}"


def _never_answered(source: ExportSource) -> Iterator[str]:
    """Classes that labeled images have, and that were never the answer."""
    images = source.images
    if images.labeled is None or TASKS[source.metadata.task].kind != "index":
        return
    there = set(images.labeled.truth(images.items).tolist())
    never = sorted(there - set(np.argmax(images.expected, axis=1).tolist()))
    if never:
        names = [source.metadata.labels.names[place] for place in never]
        shown = ", ".join(names[:_NEVER]) + (f" and {len(names) - _NEVER:,} more" if len(names) > _NEVER else "")
        yield f"Classes that were never the answer on {len(images):,} labeled images: {shown}"


def shown(one: Measured, value: float) -> str:
    """A value of a figure, for people."""
    return percent(value) if one.is_fraction else f"{value:.4g}"
