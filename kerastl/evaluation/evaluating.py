"""Hold a model against labelled pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.classifier import Classifier, load
from kerastl.data import Dataset, Item
from kerastl.data.layouts.columns import TableOptions
from kerastl.data.scanning import scan
from kerastl.errors import ModelError, UsageError
from kerastl.evaluation.bootstrap import RESAMPLES
from kerastl.evaluation.calibrating import names_hash
from kerastl.evaluation.labelled import Labelled, Progress, compute, labelled, parted
from kerastl.evaluation.rejecting import rejection
from kerastl.evaluation.result import Evaluation
from kerastl.evaluation.robustness import robustness
from kerastl.evaluation.selection import Part
from kerastl.progress import stage
from kerastl.trust import stored, temperature
from kerastl.trust.stored import Trust

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
    """Hold a model against labelled pictures.

    Classes are matched by name. Pictures of classes that the model does not know are left out and counted; classes of
    the model without pictures are named.

    Args:
        model: What `kerastl.load` takes, or what it gave.
        data: A folder or a table of labelled pictures, or what else `kerastl.data.scan` takes. Where it is what the
            model was trained on, its parts are those of the training. Other pictures that the model was trained on are
            left out, by what is in them, and counted in a note.
        split: `train`, `val`, `test` or `all`; `None` takes `val` or else `test` where there is one, else all that the
            model was not trained on.
        k: Of the top-k accuracy, and of the classes kept for each picture; more than there are means all.
        resamples: Of the bootstrap behind the intervals.
        seed: Of the bootstrap, and of what is random in corruptions.
        corruptions: Whether to show the model the pictures made worse, too; takes 36 times as long.
        others: A folder with pictures of other things, to see how well they are rejected. The model must be calibrated.
        progress: Called with the pictures done and their number.
        trust: As for `kerastl.load`.
        **columns: How a table is to be read: see `kerastl.data.scan`.

    Returns:
        The figures, and all that is needed to draw them.

    Raises:
        UsageError: An argument is wrong; or the model is not calibrated, and `others` is given.
        DataError: There is nothing to evaluate on: no such folder or part, no class that the model knows, no picture
            that can be read.
    """
    if k < 1 or resamples < 1:
        raise UsageError(f"k and resamples must be at least 1. Received: k={k}, resamples={resamples}")
    with stage("looking for pictures"):  # before the model, which takes longer to load
        dataset = scan(data, for_training=False, **columns)
    classifier = model if isinstance(model, Classifier) else load(model, trust=trust)
    fitted = None if others is None else _trust(classifier)
    pictures = labelled(classifier, parted(classifier, dataset, progress), split)
    kept, probabilities, novelties, failed = _predictions(classifier, pictures, fitted, progress)
    rejected = None if fitted is None or others is None else rejection(novelties, classifier, fitted, others, progress)
    return Evaluation(
        classifier.name,
        str(pictures.dataset.root),
        pictures.selection.part,
        classifier.labels,
        tuple(item.path for item in kept),
        pictures.truth(kept),
        probabilities,
        min(k, len(classifier.labels)),
        pictures.unknown,
        pictures.matching,
        failed,
        (*pictures.selection.notes, *_fitted_here(classifier, pictures.dataset, kept)),
        temperature.of(classifier.card),
        robustness(pictures, classifier, seed, progress) if corruptions else None,
        rejected,
        resamples=resamples,
        seed=seed,
        classifier=classifier,
        dataset=pictures.dataset,
    )


def _trust(classifier: Classifier) -> Trust:
    trust = stored.read(classifier.file)
    trust.check_rejection()
    return trust


def _predictions(
    classifier: Classifier, pictures: Labelled, trust: Trust | None, progress: Progress | None
) -> tuple[tuple[Item, ...], np.ndarray, np.ndarray, dict[str, str]]:
    """The pictures that could be read, their probabilities (n, classes) and novelties (n,), and what failed."""

    def work(pixels: np.ndarray, _: Sequence[Item]) -> list[tuple[np.ndarray, float]]:
        if trust is None:
            return [(row, 0.0) for row in classifier.predict_pixels(pixels)]
        own, features = classifier.predict_features(pixels)
        scaled = temperature.scaled(own, temperature.of(classifier.card))
        return list(zip(scaled, trust.novelty(features), strict=True))

    kept, rows, failed = compute(pictures, classifier, work, progress)
    probabilities = np.stack([row for row, _ in rows])
    if not np.isfinite(probabilities).all():
        raise ModelError(f"{classifier.name}: its scores are not numbers (NaN): its weights are broken")
    return kept, probabilities, np.array([novelty for _, novelty in rows]), failed


def _fitted_here(classifier: Classifier, dataset: Dataset, items: Sequence[Item]) -> tuple[str, ...]:
    fitted = classifier.card.extra.get(stored.SUMMARY, {}).get("pictures")
    if fitted is None or fitted != names_hash(dataset, items):
        return ()
    return ("the model was calibrated on these pictures: the calibration error flatters it a little",)
