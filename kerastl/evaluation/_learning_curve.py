"""`kerastl.learning_curve`: how many images are needed?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.arguments import keywords
from kerastl._base.text import listed, printable
from kerastl._progress import Verbose, shown, stage
from kerastl.data import Dataset
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.label_format import label_format
from kerastl.data._scan import scan_as
from kerastl.embedding import load_embedder
from kerastl.errors import DataError, UsageError
from kerastl.evaluation._curve_result import CurvePoint, LearningCurve, MoreImages
from kerastl.evaluation._growing import Grown, forecast, grow
from kerastl.inference._open import EngineName
from kerastl.models._feature_model import FeatureName
from kerastl.tasks._task import CLASSIFICATION

if TYPE_CHECKING:
    from kerastl.embedding import Embedder

ADD = 200
REPEATS = 5
# Classes that are looked at more closely, where nobody names them.
_WEAKEST = 2
# Multiples of the images that are predicted for.
_TIMES = (2, 4)
# Images of which heads on all of the features are solved in seconds.
_DEEP_UP_TO = 1_000
# Beyond so many times the images the law says little.
_FAR = 8


@keywords()
def learning_curve(
    data: Any,
    model: str | os.PathLike[str] | None = None,
    *,
    add: int = ADD,
    more_of: Sequence[str] = (),
    repeats: int = REPEATS,
    features: FeatureName | None = None,
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    label_separator: str | None = None,
    engine: EngineName = "auto",
    seed: int = 0,
    trust: bool = False,
    verbose: Verbose = "auto",
) -> LearningCurve:
    """Tell what more labeled images would bring.

    Heads are solved in closed form on growing parts of the images, drawn several times, and judged by the images that
    they do not know, with leave-one-out for those that they do. A power law is fitted to that, with an interval by
    bootstrap over images and draws. It is about heads on a network as it is, such as the recipe `probe` makes them.

    Args:
        data: A labeled folder or a table, as `kerastl.data.scan` takes it. Its parts are taken together.
        model: As for `kerastl.load`; no exported file.
        add: How many more images are asked about.
        more_of: Of which classes; default is the two with the most wrong answers.
        repeats: Draws of each size, 2 or more.
        features: What heads read: `deep` or `last`, see `kerastl.Classifier.embed`. None takes `deep`, or `last` for
            more than 1,000 images: time grows with the cube of the smaller of images and features.
        images: As for `kerastl.data.scan`, and so are the next five.
        path_column: Likewise.
        label_column: Likewise.
        split_column: Likewise.
        classes: Likewise.
        label_separator: Likewise.
        engine: What runs the network.
        seed: Of the draws and of the bootstrap.
        trust: Whether a saved model may run any code.
        verbose: What is shown while it works, as for `kerastl.evaluate`.

    Returns:
        The curve, and what more images would bring.

    Raises:
        UsageError: An argument is wrong, or a class is unknown.
        DataError: There are fewer than two classes with 8 images each, or the images are not of one class each.

    Example:
        >>> import kerastl
        >>> curve = kerastl.learning_curve("data/shapes", "kerastl_mini", repeats=2, verbose=0)
        >>> curve.more[0].added, len(curve.more[0].classes)
        (200, 2)
    """
    if add < 1 or repeats < 2:
        raise UsageError(f"add must be 1 or more and repeats 2 or more. Received: add={add}, repeats={repeats}")
    labels = label_format(CLASSIFICATION, label_separator, None, None)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    with shown(verbose):
        dataset = scan_as(data, columns)
        _check(dataset, more_of)
        several = len(dataset.items) <= _DEEP_UP_TO
        embedder = load_embedder(
            model, features=features or ("deep" if several else "last"), engine=engine, trust=trust
        )
        vectors, own, notes = _embedded(embedder, dataset)
        counts = np.bincount(own, minlength=len(dataset.classes))
        if few := [name for name, count in zip(dataset.classes, counts, strict=True) if count < 2]:
            raise DataError(f"{dataset.called}: a class needs 2 images that can be read. Too few: {listed(few)}")
        if counts.mean() < 8:
            raise DataError(f"{dataset.called}: too few images for a curve: 8 a class in the mean are the least")
        return _curve(embedder, dataset, vectors, own, (add, tuple(more_of), repeats, seed), notes)


def _check(dataset: Dataset, more_of: Sequence[str]) -> None:
    if dataset.task != CLASSIFICATION:
        raise DataError(f"{dataset.called}: a learning curve is of images with one class each")
    if unknown := [name for name in more_of if name not in dataset.classes]:
        raise UsageError(f"more_of must be classes: {listed(dataset.classes)}. Received: {listed(unknown)}")


def _embedded(embedder: Embedder, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Vectors and labels of the images that can be read, of copies one, and what to know."""
    kept: dict[str, tuple[np.ndarray, int]] = {}
    failed = []
    labels = dataset.class_indices(dataset.items)
    with stage("images", len(dataset.items)) as counter:
        stream = embedder.stream([str(dataset.file(item)) for item in dataset.items])
        for image, label in zip(stream, labels.tolist(), strict=True):
            if image.vector is None:
                failed.append(f"skipped {printable(image.path)}: {image.error}")
            else:
                kept.setdefault(image.content, (image.vector, label))
            counter.advance()
    if not kept:
        raise DataError(f"{dataset.called}: not one image can be read ({failed[0]})")
    copies = len(dataset.items) - len(failed) - len(kept)
    notes = (f"{copies:,} cop{'y' if copies == 1 else 'ies'} left out",) * bool(copies)
    vectors, own = zip(*kept.values(), strict=True)
    return np.stack(vectors), np.array(own, np.int64), (*failed, *notes)


def _curve(
    embedder: Embedder,
    dataset: Dataset,
    vectors: np.ndarray,
    labels: np.ndarray,
    asked: tuple[int, tuple[str, ...], int, int],
    notes: tuple[str, ...],
) -> LearningCurve:
    add, more_of, repeats, seed = asked
    names = dataset.classes
    points = grow(vectors, labels, len(names), range(len(names)), repeats, seed)
    expected = forecast(points, seed)
    n, now = len(labels), float(points.accuracies[-1])
    more = [MoreImages(names, add, now, *expected.at(n + add), every=True)]
    grown = _weakest(names, labels, points, more_of)
    if len(grown) < len(names):
        own = grow(vectors, labels, len(names), grown, repeats, seed)
        then = forecast(own, seed).at(own.sizes[-1] + add)
        more.insert(0, MoreImages(tuple(names[place] for place in grown), add, now, *then))
    if n + add > _FAR * n:
        notes += (f"{add:,} images are far more than there are: take the prediction for a guess",)
    return LearningCurve(
        str(dataset.root),
        embedder.classifier.name,
        embedder.features,
        n,
        names,
        tuple(
            CurvePoint(round(size), float(accuracy), *expected.at(size)[1:])
            for size, accuracy in zip(points.sizes, points.accuracies, strict=True)
        ),
        tuple(CurvePoint(times * n, *expected.at(times * n)) for times in _TIMES),
        tuple(more),
        _checked(points, seed),
        (float(expected.law.ceiling[0]), float(expected.law.scale[0]), float(expected.law.exponent[0])),
        notes,
        expected,
    )


def _weakest(names: Sequence[str], labels: np.ndarray, points: Grown, more_of: Sequence[str]) -> list[int]:
    """The classes that are asked for, or those of which most images are answered wrong."""
    if more_of:
        return sorted({names.index(name) for name in more_of})
    wrong = np.bincount(labels[~points.right[-1][0]], minlength=len(names))
    return sorted(np.argsort(-wrong, kind="stable")[:_WEAKEST].tolist())


def _checked(points: Grown, seed: int) -> CurvePoint | None:
    """What the smaller half of the sizes predicts for all images."""
    whole = float(points.sizes[-1])
    half = points.upto(whole / 2 + 1)
    if len(half.sizes) < 3:
        return None
    return CurvePoint(round(whole), *forecast(half, seed).at(whole))
