"""Compare a model with labeled images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._classifier import Classifier, load
from kerastl._progress import stage
from kerastl.calibration import _state as stored
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._state import CalibrationState
from kerastl.data import Dataset, Item
from kerastl.data._layouts.columns import TableOptions
from kerastl.data._scan import scan
from kerastl.errors import ModelError, UsageError
from kerastl.evaluation._bootstrap import RESAMPLES
from kerastl.evaluation._calibrating import names_hash
from kerastl.evaluation._labeled import Labeled, Progress, compute, labeled, parted
from kerastl.evaluation._rejecting import rejection
from kerastl.evaluation._result import Evaluation
from kerastl.evaluation._robustness import robustness
from kerastl.evaluation._selection import Part

if TYPE_CHECKING:
    from typing_extensions import Unpack


def evaluate(
    model: str | os.PathLike[str] | Classifier,
    data: Any,
    split: Part | None = None,
    *,
    k: int = 5,
    resamples: int = RESAMPLES,
    seed: int = 0,
    corruptions: bool = False,
    others: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    trust: bool = False,
    **columns: Unpack[TableOptions],
) -> Evaluation:
    """Compare a model with labeled images.

    Classes are matched by name. Images of classes that the model does not know are left out and counted; classes of
    the model without images are named.

    Args:
        model: What `kerastl.load` takes, or what it gave.
        data: A folder or a table of labeled images, or what else `kerastl.data.scan` takes. Where it is what the
            model was trained on, its parts are those of the training. Other images that the model was trained on are
            left out, by what is in them, and counted in a note.
        split: `train`, `val`, `test` or `all`; `None` takes `val` or else `test` where there is one, else all that the
            model was not trained on.
        k: Of the top-k accuracy, and of the classes kept for each image; more than there are means all.
        resamples: Of the bootstrap behind the intervals.
        seed: Of the bootstrap, and of what is random in corruptions.
        corruptions: Whether to show the model the images made worse, too; takes 36 times as long.
        others: A folder with images of other things, to see how well they are rejected. The model must be calibrated.
        progress: Called with the images done and their number.
        trust: As for `kerastl.load`.
        **columns: How a table is to be read: see `kerastl.data.scan`.

    Returns:
        The figures, and all that is needed to draw them.

    Raises:
        UsageError: An argument is wrong; or the model is not calibrated, and `others` is given.
        DataError: There is nothing to evaluate on: no such folder or part, no class that the model knows, no image
            that can be read.
    """
    if k < 1 or resamples < 1:
        raise UsageError(f"k and resamples must be at least 1. Received: k={k}, resamples={resamples}")
    with stage("looking for images"):  # before the model, which takes longer to load
        dataset = scan(data, for_training=False, **columns)
    classifier = model if isinstance(model, Classifier) else load(model, trust=trust)
    fitted = None if others is None else _state(classifier)
    images = labeled(classifier, parted(classifier, dataset, progress), split)
    kept, probabilities, ood_scores, failed = _predictions(classifier, images, fitted, progress)
    rejected = None if fitted is None or others is None else rejection(ood_scores, classifier, fitted, others, progress)
    return Evaluation(
        classifier.name,
        str(images.dataset.root),
        images.selection.part,
        classifier.labels,
        tuple(item.path for item in kept),
        images.truth(kept),
        probabilities,
        min(k, len(classifier.labels)),
        images.unknown,
        images.matching,
        failed,
        (*images.selection.notes, *_fitted_here(classifier, images.dataset, kept)),
        temperature.of(classifier.metadata),
        robustness(images, classifier, seed, progress) if corruptions else None,
        rejected,
        resamples=resamples,
        seed=seed,
        classifier=classifier,
        dataset=images.dataset,
    )


def _state(classifier: Classifier) -> CalibrationState:
    state = stored.read(classifier.file)
    state.check_rejection()
    return state


def _predictions(
    classifier: Classifier, images: Labeled, state: CalibrationState | None, progress: Progress | None
) -> tuple[tuple[Item, ...], np.ndarray, np.ndarray, dict[str, str]]:
    """The images that could be read, their probabilities (n, classes) and ood_scores (n,), and what failed."""

    def work(pixels: np.ndarray, _: Sequence[Item]) -> list[tuple[np.ndarray, float]]:
        if state is None:
            return [(row, 0.0) for row in classifier.predict_pixels(pixels)]
        own, features = classifier.predict_features(pixels)
        scaled = temperature.scaled(own, temperature.of(classifier.metadata))
        return list(zip(scaled, state.ood_scores(features), strict=True))

    kept, rows, failed = compute(images, classifier, work, progress)
    probabilities = np.stack([row for row, _ in rows])
    if not np.isfinite(probabilities).all():
        raise ModelError(f"{classifier.name}: its scores are not numbers (NaN): its weights are broken")
    return kept, probabilities, np.array([ood_score for _, ood_score in rows]), failed


def _fitted_here(classifier: Classifier, dataset: Dataset, items: Sequence[Item]) -> tuple[str, ...]:
    summary = classifier.metadata.extra.get(stored.SUMMARY, {})
    fitted = summary.get("data_digest", summary.get("pictures"))  # its name before kerastl 0.2
    if fitted is None or fitted != names_hash(dataset, items):
        return ()
    return ("the model was calibrated on these images: the calibration error flatters it a little",)
