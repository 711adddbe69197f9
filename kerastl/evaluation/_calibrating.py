"""Fit on validation images what tells how far to trust an answer, and store it with the model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastl._base.arguments import keywords
from kerastl._base.text import printable
from kerastl._classifier import Classifier
from kerastl._load import labels_of_model
from kerastl._metrics import log_losses
from kerastl._progress import ProgressCallback, Verbose, shown, stage
from kerastl.calibration import _conformal as conformal
from kerastl.calibration import _ood as ood
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._leave_one_out import calibrated, leave_one_out_state
from kerastl.calibration._state import CalibrationState
from kerastl.calibration._temperature import LEAVE_ONE_OUT
from kerastl.data import Dataset, Item
from kerastl.data._inspection import fingerprint
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.label_format import format_of
from kerastl.data._scan import scan_as
from kerastl.errors import DataError, ModelError, UsageError
from kerastl.evaluation._calibration import Calibration
from kerastl.evaluation._labeled import Labeled, class_folders_of, compute, labeled, parted
from kerastl.evaluation._left_out import LeftOut, left_out
from kerastl.evaluation._metrics import reliability
from kerastl.evaluation._selection import EvaluationSplit
from kerastl.evaluation._training_parts import Parted
from kerastl.inference._open import open_engine
from kerastl.models import _metadata as metadata_file
from kerastl.models._feature_model import feature_model
from kerastl.models._spec import names_backbone, resolve

FALSE_ALARMS = 0.05
_FOLDS = 5
# By how much the probabilities of a network that computes in 16 bits may miss 1 in all.
_ROUNDING = 0.02


@keywords()
def calibrate(
    model: str | os.PathLike[str] | Classifier,
    data: Any,
    split: EvaluationSplit | None = None,
    *,
    false_alarms: float = FALSE_ALARMS,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    verbose: Verbose = "auto",
    trust: bool = False,
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    label_separator: str | None = None,
) -> Calibration:
    """Fit temperature, sets of classes and rejection, and store them in the model's file.

    The figures after the temperature are cross-validated: those of an image come from a temperature that was fitted
    without it. Where they are no better, scores stay as they are. The temperature goes into the network: plain Keras
    gives the same probabilities from the file.

    Args:
        model: A run folder or a `.keras` file of kerastl's, or what `kerastl.load` made of one.
        data: Labeled images: the folder of the training, whose validation images are taken, or another one. Those
            that the model was trained on are left out, and counted in a note.
        split: Which part; `None` takes `val` or else `test` where there is one, else all.
        false_alarms: Fraction of the images like these that rejection may flag, between 0 and 1.
        seed: Of the folds, and of the choice of training images to compare with.
        progress: Called with what is being done, how many images are done, and their number.
        verbose: What is shown while it works: 0 warnings only, 1 bars on a terminal, 2 lines; `auto` shows bars on a
            terminal and lines in a notebook.
        trust: As for `kerastl.load`.
        images: The folder that a table's paths start at, or whose images it names. This and the next three as for
            `kerastl.data.scan`.
        path_column: The table's column of paths, names or ids of images.
        label_column: Its column of labels.
        split_column: Its column of train, val and test.
        classes: Of nested folders, which are the classes, as for `kerastl.data.scan`; None takes those that the model
            was trained with.
        label_separator: What stands between the labels in a cell of a table; None finds it.

    Returns:
        What was fitted. A classifier that was loaded before does not know of it.

    Raises:
        UsageError: An argument is wrong, or the model is one of the catalog, which has no file of its own.
        DataError: The images cannot be used, or the model was trained on each of them.
        ModelError: The network gives no probabilities.

    Example:
        >>> import kerastl
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", "probe", verbose=0)
        >>> calibration = kerastl.calibrate(run.folder, "data/shapes")
        >>> calibration.images, calibration.temperature > 0
        (88, True)
        >>> answer = kerastl.load(run.folder).classify("data/shapes/star/star_00.jpg", coverage=0.9)
        >>> "star" in [prediction.label for prediction in answer.predictions]
        True
    """
    if not 0 < false_alarms < 1:
        raise UsageError(f"false_alarms must be between 0 and 1. Received: {false_alarms}")
    labels = format_of(*labels_of_model(model), label_separator)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    with shown(verbose):
        with stage("looking for images"):  # before the model, which takes longer to load
            dataset = scan_as(data, columns, for_training=False, usual=class_folders_of(model))
        return _calibrate(_own_model(model, trust), dataset, split, false_alarms, seed, progress)


def _calibrate(
    classifier: Classifier,
    dataset: Dataset,
    split: EvaluationSplit | None,
    false_alarms: float,
    seed: int,
    progress: ProgressCallback | None,
) -> Calibration:
    known = parted(classifier, dataset, progress)
    if split is None and temperature.inside(classifier.metadata) == 1:
        answers = left_out(classifier, known)
        if answers is not None:
            return _by_leave_one_out(classifier, answers, false_alarms, seed, progress)
    chosen = _not_trained_on(classifier, known, split)
    looked = _look(classifier, chosen, progress, "scoring images")
    fitted = CalibrationState(np.sort(conformal.scores(looked.own, looked.labels)))
    try:
        fitted = _with_rejection(fitted, looked.features, classifier, known, false_alarms, seed, progress)
    except (DataError, UsageError) as reason:
        fitted = replace(fitted, unfitted=str(reason))
    with stage("fitting the temperature"):
        found, losses, errors = _temperature(looked.own, looked.labels, seed)
    n = len(looked.labels)
    result = Calibration(
        classifier.name,
        dataset.root.absolute().name,
        chosen.selection.split,
        n,
        names_hash(known.dataset, looked.items),
        found,
        losses,
        errors,
        n / (n + 1),
        0 if fitted.references is None else len(fitted.references),
        false_alarms,
        fitted.ood_threshold,
        (*chosen.selection.notes, *_notes(classifier, looked, fitted, found)),
    )
    with stage("storing the calibration in the model"):
        state_file.write(classifier.file, classifier.metadata, fitted, found, result.as_dict(), classifier.keras_model)
    return result


def _not_trained_on(classifier: Classifier, known: Parted, split: EvaluationSplit | None) -> Labeled:
    try:
        return labeled(classifier, known, split, fresh=True)
    except DataError as error:
        asked = [item for item in known.dataset.items if split in (None, "all", item.split)]
        if asked and all(map(known.is_trained, asked)) and temperature.fitted_on(classifier.metadata) == LEAVE_ONE_OUT:
            raise DataError(f"{error}; its scores were calibrated by leave-one-out when it was trained") from None
        raise


def _by_leave_one_out(
    classifier: Classifier, answers: LeftOut, false_alarms: float, seed: int, progress: ProgressCallback | None
) -> Calibration:
    """Fit sets and rejection anew on what the run has kept; the temperature is in the head since it was solved."""
    images, own = answers.images, answers.probabilities
    labels, n = images.truth(answers.items), len(own)

    def features(places: np.ndarray) -> np.ndarray:
        some = replace(images, items=tuple(answers.items[place] for place in places))
        looked = _look(classifier, some, progress, "looking at the training images")
        for path, reason in looked.failed.items():
            raise DataError(f"{images.dataset.root}: {printable(path)} cannot be read any more ({reason})")
        return looked.features

    fitted = leave_one_out_state(own, labels, answers.groups, features, false_alarms=false_alarms, seed=seed)
    found = float(classifier.metadata.extra.get(temperature.INSIDE, {}).get("value", 1.0))
    both = (temperature.undo(own, found), own)
    counted = len(fitted.set_scores)
    result = Calibration(
        classifier.name,
        images.dataset.root.absolute().name,
        "train, by leave-one-out",
        n,
        names_hash(images.dataset, answers.items),
        found,
        *_before_and_after(both, labels),
        counted / (counted + 1),
        0 if fitted.references is None else len(fitted.references),
        false_alarms,
        fitted.ood_threshold,
        (*answers.notes, *_notes(classifier, _Looked(answers.items, own, own, labels, answers.failed), fitted, found)),
    )
    with stage("storing the calibration in the model"):
        stored = calibrated(fitted, found, false_alarms)
        extra = {**classifier.metadata.extra, **stored.extra, state_file.SUMMARY: result.as_dict()}
        metadata_file.update(classifier.file, replace(classifier.metadata, extra=extra), stored.members)
    return result


def _own_model(model: str | os.PathLike[str] | Classifier, trust: bool) -> Classifier:
    """A model with a file of its own to store things in; said before a published one is fetched."""
    published = model.file.suffix != ".keras" if isinstance(model, Classifier) else names_backbone(os.fspath(model))
    if published:
        name = model.name if isinstance(model, Classifier) else os.fspath(model)
        raise UsageError(f"{name} is a published network: only what you fine-tuned can be calibrated")
    if isinstance(model, Classifier):
        return model
    spec = resolve(model, trust=trust)
    # One network gives probabilities and features: the one that only answers need not be compiled here.
    return Classifier(spec, open_engine(feature_model(spec)), with_features=True)


def _notes(classifier: Classifier, looked: _Looked, fitted: CalibrationState, found: float) -> Iterator[str]:
    yield from (f"{path}: {reason}; left out" for path, reason in looked.failed.items())
    if fitted.unfitted:
        yield f"rejection was not fitted: {fitted.unfitted}"
    if _one_class(looked.labels):
        name = printable(classifier.labels.names[looked.labels[0]])
        yield (
            f"all of these images are of one class ('{name}'): no temperature is fitted, and coverage and rejection "
            "hold for images of that class only; calibrate with images of every class"
        )
    elif found == 1:
        yield "no temperature makes these images more likely, cross-validated: scores stay as they are"


def _one_class(labels: np.ndarray) -> bool:
    return len(np.unique(labels)) == 1


def names_hash(dataset: Dataset, items: Sequence[Item]) -> str:
    """Name some images: a hash of their paths and labels."""
    return fingerprint(replace(dataset, items=tuple(replace(item, split=None) for item in items)), {})


@dataclass(frozen=True)
class _Looked:
    """What the network says of images, as it was before any calibration.

    `own` are probabilities (n, classes), `features` (n, d), `labels` the right classes (n,).
    """

    items: tuple[Item, ...]
    own: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    failed: Mapping[str, str]


def _look(classifier: Classifier, images: Labeled, progress: ProgressCallback | None, what: str) -> _Looked:
    kept, rows, failed = compute(
        images,
        classifier,
        lambda pixels, _: list(zip(*_before(classifier, pixels), strict=True)),
        progress,
        what,
    )
    own, features = (np.stack(column) for column in zip(*rows, strict=True))
    if not (own.min() >= 0 and np.abs(own.sum(axis=1) - 1).max() <= _ROUNDING):
        raise ModelError(
            f"{printable(classifier.name)}: what it gives are no probabilities (0 or more, and 1 in all): only a "
            "network that ends in a softmax can be calibrated"
        )
    return _Looked(kept, own, features, images.truth(kept), failed)


def _before(classifier: Classifier, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities before an earlier calibration, which this one takes the place of; and features."""
    given, features = classifier.predict_features(pixels)
    return temperature.undo(given, temperature.inside(classifier.metadata)), features


def _with_rejection(
    state: CalibrationState,
    features: np.ndarray,
    classifier: Classifier,
    known: Parted,
    false_alarms: float,
    seed: int,
    progress: ProgressCallback | None,
) -> CalibrationState:
    try:
        conformal.threshold(np.zeros(len(features)), 1 - false_alarms)  # before the training images are read
    except UsageError as error:
        raise UsageError(f"{error}; calibrate with more images, or with a larger --false-alarms") from None
    try:
        trained = labeled(classifier, known, "train")
    except DataError:
        raise DataError(
            f"{known.dataset.root} holds no training images, which it compares with; calibrate with the folder that "
            "the model was trained on"
        ) from None
    chosen = ood.choose_references(trained.truth(trained.items), ood.most_references(features.shape[1]), seed)
    some = replace(trained, items=tuple(trained.items[index] for index in chosen))
    references = _look(classifier, some, progress, "looking at the training images").features.astype(np.float16)
    limit = conformal.threshold(ood.distances(features, references), 1 - false_alarms)
    return replace(state, references=references, ood_threshold=limit)


def _temperature(
    own: np.ndarray, labels: np.ndarray, seed: int
) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """The temperature; log loss and calibration error, each before and after, where after is cross-validated.

    The temperature is 1 where the log loss does not fall: a few images may mislead by more than there is to gain; and
    where all images are of one class.
    """
    after = np.empty_like(own)
    order = np.random.default_rng(seed).permutation(len(labels))
    for fold in np.array_split(order, min(_FOLDS, len(labels))):
        others = np.setdiff1d(order, fold)
        after[fold] = temperature.apply(own[fold], temperature.fit(own[others], labels[others]) if len(others) else 1)
    losses, errors = _before_and_after((own, after), labels)
    if losses[1] >= losses[0] or _one_class(labels):
        return 1.0, (losses[0], losses[0]), (errors[0], errors[0])
    return temperature.fit(own, labels), (losses[0], losses[1]), (errors[0], errors[1])


def _before_and_after(
    both: tuple[np.ndarray, np.ndarray], labels: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Log loss and calibration error of two sets of answers on the same images."""
    right = both[0].argmax(axis=1) == labels
    losses = [float(log_losses(values, labels).mean()) for values in both]
    errors = [reliability(values.max(axis=1).astype(np.float64), right).error for values in both]
    return (losses[0], losses[1]), (errors[0], errors[1])
