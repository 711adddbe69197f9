"""Fit on validation images what tells how far to trust an answer, and store it with the model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastl._base.arguments import keywords
from kerastl._base.text import printable
from kerastl._classifier import Classifier
from kerastl._progress import ProgressCallback, Verbose, shown, stage
from kerastl.calibration import _conformal as conformal
from kerastl.calibration import _intervals as intervals
from kerastl.calibration import _ood as ood
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._leave_one_out import calibrated, leave_one_out_state, set_scores
from kerastl.calibration._state import CalibrationState
from kerastl.calibration._temperature import LEAVE_ONE_OUT
from kerastl.calibration._thresholds import DEFAULT_AIM, ThresholdAim, Thresholds, check_aim
from kerastl.data import Dataset, Item
from kerastl.data._inspection import fingerprint
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._scan import scan_as
from kerastl.errors import DataError, UsageError
from kerastl.evaluation._calibration import Calibration
from kerastl.evaluation._calibration_fits import Fit, Looked, fits_of
from kerastl.evaluation._labeled import Labeled, class_folders_of, compute, label_format_of, labeled, parted
from kerastl.evaluation._left_out import LeftOut, left_out
from kerastl.evaluation._selection import EvaluationSplit
from kerastl.evaluation._training_parts import Parted
from kerastl.inference._open import open_engine
from kerastl.models import _metadata as metadata_file
from kerastl.models._feature_model import feature_model
from kerastl.models._metadata import Metadata, refuse_exported
from kerastl.models._spec import names_backbone, resolve
from kerastl.tasks._task import MULTILABEL, TASKS

FALSE_ALARMS = 0.05


@keywords()
def calibrate(
    model: str | os.PathLike[str] | Classifier,
    data: Any,
    split: EvaluationSplit | None = None,
    *,
    false_alarms: float = FALSE_ALARMS,
    seed: int = 0,
    threshold_aim: str | None = None,
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

    Where a model gives several labels, thresholds are chosen in place of a temperature; where it predicts a number,
    intervals are fitted.

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
        threshold_aim: Of a model of several labels, what its thresholds are chosen for: `f1`, `precision=0.9` for a
            precision of at least that, or `recall=0.95`; None takes what they were chosen for when it was trained.
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
    asked = _Asked(split, false_alarms, seed, check_aim(threshold_aim))
    labels = label_format_of(model, label_separator)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    with shown(verbose):
        with stage("looking for images"):  # before the model, which takes longer to load
            dataset = scan_as(data, columns, for_training=False, usual=class_folders_of(model))
        return _calibrate(_own_model(model, trust), dataset, asked, progress)


@dataclass(frozen=True)
class _Asked:
    """What is to be fitted; see `calibrate`."""

    split: EvaluationSplit | None
    false_alarms: float
    seed: int
    threshold_aim: str | None

    def aim(self, metadata: Metadata) -> ThresholdAim:
        """What thresholds are for: as asked, else as the model has it, else the best F1."""
        stored = None if self.threshold_aim else Thresholds.read(metadata)
        return ThresholdAim.parse(self.threshold_aim or (stored.aim if stored else DEFAULT_AIM))


def _calibrate(
    classifier: Classifier, dataset: Dataset, asked: _Asked, progress: ProgressCallback | None
) -> Calibration:
    if asked.threshold_aim is not None and classifier.metadata.task != MULTILABEL:
        raise UsageError(f"threshold_aim is for models of several labels; {printable(classifier.name)} is none")
    known = parted(classifier, dataset, progress)
    if asked.split is None and temperature.inside(classifier.metadata) == 1:
        answers = left_out(classifier, known)
        if answers is not None:
            return _by_leave_one_out(classifier, answers, asked, progress)
    chosen = _not_trained_on(classifier, known, asked.split)
    looked = _look(classifier, chosen, progress, "scoring images")
    task = classifier.metadata.task
    fitted = CalibrationState(np.sort(set_scores(looked.own, looked.labels, task)))
    try:
        fitted = _with_rejection(fitted, looked.features, classifier, known, asked, progress)
    except (DataError, UsageError) as reason:
        fitted = replace(fitted, unfitted=str(reason))
    fits = fits_of(task)
    with stage(fits.what):
        found = fits.fit(looked, asked.aim(classifier.metadata), asked.seed)
    split, notes = chosen.selection.split, chosen.selection.notes
    result = _result(classifier, chosen.dataset, split, looked, fitted, found, asked, notes)
    with stage("storing the calibration in the model"):
        metadata = replace(classifier.metadata, extra={**classifier.metadata.extra, **found.extra})
        build = classifier.keras_model
        state_file.write(classifier.file, metadata, fitted, found.temperature, result.as_dict(), build)
    return result


def _result(
    classifier: Classifier,
    dataset: Dataset,
    split: str,
    looked: Looked,
    fitted: CalibrationState,
    found: Fit,
    asked: _Asked,
    notes: Sequence[str],
) -> Calibration:
    counted = len(fitted.set_scores)
    return Calibration(
        classifier.name,
        dataset.root.absolute().name,
        split,
        len(looked.labels),
        names_hash(dataset, looked.items),
        found.temperature,
        found.log_loss,
        found.calibration_error,
        counted / (counted + 1),
        0 if fitted.references is None else len(fitted.references),
        asked.false_alarms,
        fitted.ood_threshold,
        (*notes, *_notes(looked, fitted), *found.notes),
        classifier.metadata.task,
        found.thresholds,
        found.extra.get(intervals.INTERVAL),
    )


def _not_trained_on(classifier: Classifier, known: Parted, split: EvaluationSplit | None) -> Labeled:
    try:
        return labeled(classifier, known, split, fresh=True)
    except DataError as error:
        asked = [item for item in known.dataset.items if split in (None, "all", item.split)]
        if asked and all(map(known.is_trained, asked)) and temperature.fitted_on(classifier.metadata) == LEAVE_ONE_OUT:
            raise DataError(f"{error}; its scores were calibrated by leave-one-out when it was trained") from None
        raise


def _by_leave_one_out(
    classifier: Classifier, answers: LeftOut, asked: _Asked, progress: ProgressCallback | None
) -> Calibration:
    """Fit all anew on what the run has kept, but for the scale of scores, which is in the head since it was solved."""
    images, own, metadata = answers.images, answers.probabilities, classifier.metadata
    labels, alarms = images.truth(answers.items), asked.false_alarms

    def features(places: np.ndarray) -> np.ndarray:
        some = replace(images, items=tuple(answers.items[place] for place in places))
        looked = _look(classifier, some, progress, "looking at the training images")
        for path, reason in looked.failed.items():
            raise DataError(f"{images.dataset.called}: {printable(path)} cannot be read any more ({reason})")
        return looked.features

    fitted = leave_one_out_state(
        own, labels, answers.groups, features, false_alarms=alarms, seed=asked.seed, task=metadata.task
    )
    given = float(metadata.extra.get(temperature.INSIDE, {}).get("value", 1.0))
    looked = Looked(answers.items, own, own, labels, answers.failed, metadata.labels.names)
    found = fits_of(metadata.task).left_out(looked, asked.aim(metadata), given)
    stored = calibrated(fitted, given, alarms, metadata.task)
    found = replace(found, extra={**found.extra, **stored.extra})
    split = "train, by leave-one-out"
    result = _result(classifier, images.dataset, split, looked, fitted, found, asked, answers.notes)
    with stage("storing the calibration in the model"):
        extra = {**metadata.extra, **found.extra, state_file.SUMMARY: result.as_dict()}
        metadata_file.update(classifier.file, replace(metadata, extra=extra), stored.members)
    return result


def _own_model(model: str | os.PathLike[str] | Classifier, trust: bool) -> Classifier:
    """A model with a file of its own to store things in; said before a published one is fetched."""
    if isinstance(model, Classifier):
        refuse_exported(model.file)
    published = model.file.suffix != ".keras" if isinstance(model, Classifier) else names_backbone(os.fspath(model))
    if published:
        name = model.name if isinstance(model, Classifier) else os.fspath(model)
        raise UsageError(f"{name} is a published network: only what you fine-tuned can be calibrated")
    if isinstance(model, Classifier):
        return model
    spec = resolve(model, trust=trust)
    refuse_exported(spec.weights_file)
    # One network gives probabilities and features: the one that only answers need not be compiled here.
    return Classifier(spec, open_engine(feature_model(spec)), with_features="last")


def _notes(looked: Looked, fitted: CalibrationState) -> Iterator[str]:
    yield from (f"{path}: {reason}; left out" for path, reason in looked.failed.items())
    if fitted.unfitted:
        yield f"rejection was not fitted: {fitted.unfitted}"


def names_hash(dataset: Dataset, items: Sequence[Item]) -> str:
    """Name some images: a hash of their paths and labels."""
    return fingerprint(replace(dataset, items=tuple(replace(item, split=None) for item in items)), {})


def _look(classifier: Classifier, images: Labeled, progress: ProgressCallback | None, what: str) -> Looked:
    kept, rows, failed = compute(
        images,
        classifier,
        lambda pixels, _: list(zip(*_before(classifier, pixels), strict=True)),
        progress,
        what,
    )
    own, features = (np.stack(column) for column in zip(*rows, strict=True))
    fits_of(classifier.metadata.task).check(classifier.name, own)
    return Looked(kept, own, features, images.truth(kept), failed, classifier.labels.names)


def _before(classifier: Classifier, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities before an earlier calibration, which this one takes the place of; and features."""
    given, features = classifier.predict_features(pixels)
    return temperature.undo(given, temperature.inside(classifier.metadata)), features


def _with_rejection(
    state: CalibrationState,
    features: np.ndarray,
    classifier: Classifier,
    known: Parted,
    asked: _Asked,
    progress: ProgressCallback | None,
) -> CalibrationState:
    try:
        conformal.threshold(np.zeros(len(features)), 1 - asked.false_alarms)  # before the training images are read
    except UsageError as error:
        raise UsageError(f"{error}; calibrate with more images, or with a larger --false-alarms") from None
    try:
        trained = labeled(classifier, known, "train")
    except DataError:
        raise DataError(
            f"{known.dataset.root} holds no training images, which it compares with; calibrate with the folder that "
            "the model was trained on"
        ) from None
    truth = trained.truth(trained.items)
    strata = truth if TASKS[classifier.metadata.task].kind == "index" else np.zeros(len(truth), np.int64)
    chosen = ood.choose_references(strata, ood.most_references(features.shape[1]), asked.seed)
    some = replace(trained, items=tuple(trained.items[index] for index in chosen))
    references = _look(classifier, some, progress, "looking at the training images").features.astype(np.float16)
    limit = conformal.threshold(ood.distances(features, references), 1 - asked.false_alarms)
    return replace(state, references=references, ood_threshold=limit)
