"""Compare a model with labeled images."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastl._base.arguments import keywords
from kerastl._base.text import printable
from kerastl._classifier import Classifier
from kerastl._load import load
from kerastl._progress import ProgressCallback, Verbose, shown, stage
from kerastl._tta import TTAName, views_of
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._state import CalibrationState
from kerastl.data import Dataset, Item
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._scan import scan_as
from kerastl.errors import ModelError, UsageError
from kerastl.evaluation._answered import Answered
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._bootstrap import RESAMPLES
from kerastl.evaluation._calibrating import names_hash
from kerastl.evaluation._labeled import Labeled, class_folders_of, compute, label_format_of, labeled, parted
from kerastl.evaluation._left_out import LeftOut, hint, left_out
from kerastl.evaluation._rejection import rejection
from kerastl.evaluation._result import Evaluation
from kerastl.evaluation._results import RESULTS
from kerastl.evaluation._robustness import robustness
from kerastl.evaluation._selection import EvaluationSplit
from kerastl.evaluation._training_parts import Parted
from kerastl.models._exported.reading import refuse_features
from kerastl.tasks._task import TASKS


@keywords({"k": "top", "others": "ood_data"})
def evaluate(
    model: str | os.PathLike[str] | Classifier,
    data: Any,
    split: EvaluationSplit | None = None,
    *,
    top: int = 5,
    resamples: int = RESAMPLES,
    seed: int = 0,
    corruptions: bool = False,
    ood_data: str | os.PathLike[str] | None = None,
    tta: TTAName | None = None,
    progress: ProgressCallback | None = None,
    verbose: Verbose = "auto",
    trust: bool = False,
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    label_separator: str | None = None,
) -> Evaluation | Any:
    """Compare a model with labeled images.

    Classes are matched by name. Images of classes that the model does not know are left out and counted; classes of
    the model without images are named.

    Args:
        model: What `kerastl.load` takes, or what it gave.
        data: A folder or a table of labeled images, or what else `kerastl.data.scan` takes. Where it is what the
            model was trained on, its parts are those of the training. Other images that the model was trained on are
            left out, by what is in them, and counted in a note.
        split: `train`, `val`, `test` or `all`; `None` takes `val` or else `test` where there is one, else all that the
            model was not trained on. Where it was trained on all, in closed form, it takes what its run folder has of
            each image left out.
        top: The k of the top-k accuracy, and how many classes are kept for each image; more than there are means all.
        resamples: Of the bootstrap behind the intervals.
        seed: Of the bootstrap, and of what is random in corruptions.
        corruptions: Whether to show the model the images made worse, too; takes 36 times as long.
        ood_data: A folder with images of other things, out of distribution, to see how well they are rejected. The
            model must be calibrated.
        tta: Test-time augmentation, as for `Classifier.classify`; not with `corruptions` or `ood_data`.
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
        The figures, and all that is needed to draw them: an `Evaluation` where the model gives one class. Of another
        task it is an `OrdinalEvaluation`, a `MultilabelEvaluation` or a `RegressionEvaluation`.

    Raises:
        UsageError: An argument is wrong; or the model is not calibrated, and `ood_data` is given.
        DataError: There is nothing to evaluate on: no such folder or part, no class that the model knows, no image
            that can be read.

    Example:
        >>> import kerastl
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> evaluation = kerastl.evaluate("kerastl_mini", images)
        >>> evaluation.accuracy
        1.0
    """
    if top < 1 or resamples < 1:
        raise UsageError(f"top and resamples must be at least 1. Received: top={top}, resamples={resamples}")
    if tta is not None and (corruptions or ood_data is not None):
        raise UsageError(f"corruptions and ood_data look at one view an image. Received: tta={tta!r}")
    labels = label_format_of(model, label_separator)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    with shown(verbose):
        with stage("looking for images"):  # before the model, which takes longer to load
            dataset = scan_as(data, columns, for_training=False, usual=class_folders_of(model))
        classifier = model if isinstance(model, Classifier) else load(model, trust=trust)
        if corruptions and TASKS[classifier.metadata.task].kind != "index":
            raise UsageError(f"corruptions are for models of classes; {printable(classifier.name)} gives none")
        asked = _Asked(split, top, resamples, seed, corruptions, ood_data, tta)
        return _evaluate(classifier, dataset, asked, progress)


@dataclass(frozen=True)
class _Asked:
    """What is to be found out; see `evaluate`."""

    split: EvaluationSplit | None
    top: int
    resamples: int
    seed: int
    corruptions: bool
    ood_data: str | os.PathLike[str] | None
    tta: TTAName | None

    @property
    def by_leave_one_out(self) -> bool:
        """Whether answers that a run has kept would do."""
        return self.split is None and self.tta is None and not self.corruptions and self.ood_data is None


def _evaluate(
    classifier: Classifier, dataset: Dataset, asked: _Asked, progress: ProgressCallback | None
) -> Evaluation | Any:
    fitted = None if asked.ood_data is None else _state(classifier)
    known = parted(classifier, dataset, progress)
    if asked.by_leave_one_out and (answers := left_out(classifier, known)) is not None:
        return _by_leave_one_out(classifier, answers, asked)
    chosen = labeled(classifier, known, asked.split)
    kept, outputs, ood_scores, failed = _predictions(classifier, chosen, fitted, progress, asked.tta)
    rejected = None
    if fitted is not None and asked.ood_data is not None:
        rejected = rejection(ood_scores, classifier, fitted, asked.ood_data, progress)
    notes = (
        *chosen.selection.notes,
        *_trained(classifier, known, kept),
        *_fitted_here(classifier, chosen.dataset, kept),
        *_as_computed(classifier, asked),
    )
    answered = Answered(classifier, chosen, kept, outputs, failed, notes, asked.top, asked.resamples, asked.seed)
    robust = robustness(chosen, classifier, asked.seed, progress) if asked.corruptions else None
    return _counted(replace(answered, robustness=robust, rejection=rejected))


def _by_leave_one_out(classifier: Classifier, found: LeftOut, asked: _Asked) -> BaseEvaluation:
    answered = Answered(
        classifier, found.images, found.items, found.probabilities, found.failed, found.notes,
        asked.top, asked.resamples, asked.seed, leave_one_out=True,
    )  # fmt: skip
    return _counted(answered)


def _counted(answered: Answered) -> BaseEvaluation:
    return RESULTS[answered.classifier.metadata.task].of(answered)


def _trained(classifier: Classifier, known: Parted, items: Sequence[Item]) -> tuple[str, ...]:
    """What leave-one-out says, where the model was trained on some of these images."""
    return hint(classifier) if known.trained and any(item.path in known.trained for item in items) else ()


def _state(classifier: Classifier) -> CalibrationState:
    refuse_features(classifier.file)
    state = state_file.read(classifier.file)
    state.check_rejection()
    return state


def _predictions(
    classifier: Classifier,
    images: Labeled,
    state: CalibrationState | None,
    progress: ProgressCallback | None,
    tta: TTAName | None,
) -> tuple[tuple[Item, ...], np.ndarray, np.ndarray, dict[str, str]]:
    """The images that could be read, their probabilities (n, classes) and ood_scores (n,), and what failed."""

    def work(pixels: np.ndarray, _: Sequence[Item]) -> list[tuple[np.ndarray, float]]:
        if state is None:
            return [(row, 0.0) for row in classifier.predict_pixels(pixels)]
        own, features = classifier.predict_features(pixels)
        scaled = temperature.apply(own, temperature.to_apply(classifier.metadata))
        return list(zip(scaled, state.ood_scores(features), strict=True))

    kept, rows, failed = compute(images, classifier, work, progress, tta=tta)
    probabilities = np.stack([row for row, _ in rows])
    if not np.isfinite(probabilities).all():
        raise ModelError(f"{classifier.name}: its scores are not numbers (NaN): its weights are broken")
    return kept, probabilities, np.array([ood_score for _, ood_score in rows]), failed


def _as_computed(classifier: Classifier, asked: _Asked) -> Iterator[str]:
    """What is not as usual about how answers came about."""
    if asked.tta is not None:
        count = views_of(asked.tta, classifier.metadata.reader).count
        yield f"answers are averaged over {count} views of each image (tta {asked.tta})"
    if classifier.precision != "full":
        yield f"answers in {classifier.precision} precision"


def _fitted_here(classifier: Classifier, dataset: Dataset, items: Sequence[Item]) -> tuple[str, ...]:
    summary = classifier.metadata.extra.get(state_file.SUMMARY, {})
    fitted = summary.get("data_digest", summary.get("pictures"))  # its name before kerastl 0.2
    if fitted is None or fitted != names_hash(dataset, items):
        return ()
    return ("the model was calibrated on these images: the calibration error flatters it a little",)
