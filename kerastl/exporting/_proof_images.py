"""The images that exports are compared on: labeled ones, others, or those that come with what is installed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kerastl import _progress as progress
from kerastl._base.text import printable
from kerastl._classifier import Classifier
from kerastl._inputs import given
from kerastl.data import Item
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._scan import scan_as
from kerastl.errors import DataError, ImageError, KerastlError, MissingDataError, UsageError
from kerastl.evaluation._labeled import Labeled, class_folders_of, compute, label_format_of, labeled, parted
from kerastl.exporting._builtin_images import BUILT_IN, builtin_images
from kerastl.images import open_image
from kerastl.inference._engines import KerasEngine, cores
from kerastl.inference._ordered_map import ordered_map

if TYPE_CHECKING:
    from kerastl.exporting._source import ExportSource

# Of 1,000 images that all agree, at least 99.6 % of others do (see `images_needed`).
MOST_IMAGES = 1_000
# Whole images take long to decode, and to resize in a network.
_MOST_WHOLE = 200
_LOOKED_AT = 100_000  # paths
_BYTES = 1 << 29  # of memory
_BATCH = 32

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class ProofImages:
    """Images that exports are compared on, and what Keras answers.

    Args:
        source: The model.
        pixels: uint8 array of shape (n, height, width, 3), n at least 1.
        data: Where they are from, for people.
        labeled: Which classes they have; None where that is not known.
        items: The labeled images in the order of `pixels`.
        classifier: What `labeled` goes by.
        trained: How many of the labeled images the model was trained on, whose figures flatter it.
        failed: Images that could not be read, and why.
        notes: What to know, one line each.
        sources: What `pixels` were read from, as `kerastl.images.open_image` takes it; empty where that is gone.
    """

    source: ExportSource
    pixels: np.ndarray
    data: str
    labeled: Labeled | None = None
    items: tuple[Item, ...] = ()
    classifier: Classifier | None = None
    trained: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: Sequence[Any] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def input(self, number: int, *, whole: bool = True) -> np.ndarray:
        """An image as exports take it: uint8 array of shape (1, height, width, 3), `whole` where they resize it."""
        if not (whole and self.source.with_resize and self.sources):
            return self.pixels[number : number + 1]
        return np.asarray(open_image(self.sources[number]))[None]

    @cached_property
    def expected(self) -> np.ndarray:
        """The Keras model's answers: float32 array of shape (n, outputs)."""
        engine = KerasEngine(self.source.model)
        with progress.stage("asking the Keras model", len(self)) as told:
            rows = []
            for start in range(0, len(self), _BATCH):
                rows.append(engine.predict(self.pixels[start : start + _BATCH]))
                told.advance(len(rows[-1]))
        return np.concatenate(rows)


def read_images(data: Any, source: ExportSource) -> ProofImages:
    """Read what exports are compared on, at most `MOST_IMAGES`, chosen at random and always the same.

    Args:
        data: Labeled images as `kerastl.evaluate` takes them, or others as `Classifier.classify` takes many. None takes
            those that 8-bit integers are not fitted to, of images that were given for that; else built-in ones.
        source: The model.

    Raises:
        DataError: Not one image can be read.
        UsageError: `data` is nothing of that kind, or it must be given, since the model takes no images.
    """
    if data is not None:
        return _of_data(data, source)
    if source.calibrate is not None and not source.with_resize:
        return ProofImages(source, source.judging, "calibration images that integers are not fitted to")
    if len(source.metadata.reader.shape) != 3:
        what = source.metadata.reader.describe()
        raise UsageError(
            f"{printable(source.metadata.name)} takes {what}: name some with --prove DATA (prove= in Python)"
        )
    images = tuple(builtin_images())
    pixels = np.stack([source.metadata.reader.read(image) for image in images])
    return ProofImages(source, pixels, BUILT_IN, sources=images)


def _of_data(data: Any, source: ExportSource) -> ProofImages:
    classifier = Classifier(source.spec, KerasEngine(source.model))
    try:
        with progress.stage("looking for images"):
            columns = TableColumns(labels=label_format_of(classifier, None))
            dataset = scan_as(data, columns, for_training=False, usual=class_folders_of(classifier))
        known = parted(classifier, dataset)
        try:
            found = labeled(classifier, known, None)
        except DataError:  # the model was trained on each, which tells of exports as well as others would
            found = labeled(classifier, known, "all")
    except (DataError, UsageError) as error:
        if isinstance(error, MissingDataError) and not _exists(data):
            raise
        return _unlabeled(data, source, error)
    return _labeled(found, _name_of(data), classifier, source)


def _exists(data: Any) -> bool:
    return not isinstance(data, (str, os.PathLike)) or os.path.exists(data)  # noqa: PTH110 - pathlib raises for a name that is too long


def _labeled(found: Labeled, name: str, classifier: Classifier, source: ExportSource) -> ProofImages:
    chosen = replace(found, items=_some(found.items, source))
    what = "reading images to compare exports on"
    items, pixels, failed = compute(chosen, classifier, lambda read, _: list(read), what=what)
    notes = (*found.selection.notes, *_chosen_among(len(chosen.items), len(found.items)))
    trained = sum(found.parted.is_trained(item) for item in items)
    files = [found.dataset.file(item) for item in items]
    if (part := found.selection.split) != "all":
        name = f"{name}, {part}"  # which says that they chose the model, or were left out of its training
    return ProofImages(source, np.stack(pixels), name, chosen, items, classifier, trained, failed, notes, files)


def _unlabeled(data: Any, source: ExportSource, why: KerastlError) -> ProofImages:
    """Images without labels, or with labels that are of no use: `why` says so."""
    images = [image for image in islice(given(data).images, _LOOKED_AT) if not isinstance(image, KerastlError)]
    chosen = _some(images, source)
    read = partial(_read, source=source)
    with progress.stage("reading images to compare exports on", len(chosen)) as told:
        pixels, sources, failed = [], [], {}
        for number, (image, result) in enumerate(zip(chosen, ordered_map(read, chosen, cores()), strict=True)):
            if isinstance(result, KerastlError):
                is_path = isinstance(image, (str, os.PathLike))
                failed[_called(image) if is_path else f"image {number + 1:,}"] = _reason(result)
            else:
                pixels.append(result)
                sources.append(image)
            told.advance()
    if not pixels:
        raise why
    progress.current().say(f"no accuracy is told: {why}")
    notes = ("no accuracy: these images have no labels that the model knows", *_chosen_among(len(chosen), len(images)))
    return ProofImages(source, np.stack(pixels), _name_of(data), failed=failed, notes=notes, sources=sources)


def _name_of(data: Any) -> str:
    """What data is called in cards and proofs: these go to others, whom the folders above it do not concern."""
    return _called(data) if isinstance(data, (str, os.PathLike)) else "the given images"


def _called(path: str | os.PathLike[str]) -> str:
    return printable(Path(os.fspath(path)).absolute().name) or "the given images"


def _reason(error: KerastlError) -> str:
    return error.reason if isinstance(error, ImageError) else str(error)


def _read(images: list[Any], source: ExportSource) -> list[np.ndarray | KerastlError]:
    read: list[np.ndarray | KerastlError] = []
    for image in images:
        try:
            read.append(source.metadata.reader.read(image))
        except (ImageError, UsageError) as error:
            read.append(error)
    return read


def _some(images: Sequence[_T], source: ExportSource) -> tuple[_T, ...]:
    """As many as are compared, in their order."""
    most = _MOST_WHOLE if source.with_resize else MOST_IMAGES
    most = max(1, min(most, _BYTES // math.prod(source.metadata.reader.shape)))
    if len(images) <= most:
        return tuple(images)
    places = np.random.default_rng(0).choice(len(images), most, replace=False)
    return tuple(images[place] for place in sorted(places.tolist()))


def _chosen_among(count: int, there: int) -> Iterable[str]:
    return [f"{count:,} of {there:,} images, chosen at random"] if count < there else []
