"""Hold a model against labelled pictures."""

from __future__ import annotations

import os

import numpy as np

from kerastl.classifier import Classifier, load
from kerastl.data import Dataset
from kerastl.errors import ModelError, UsageError
from kerastl.evaluation.bootstrap import RESAMPLES
from kerastl.evaluation.labelled import Progress, compute, labelled
from kerastl.evaluation.result import Evaluation
from kerastl.evaluation.selection import Part


def evaluate(
    model: str | os.PathLike[str] | Classifier,
    data: str | os.PathLike[str] | Dataset,
    split: Part | None = None,
    *,
    k: int = 5,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Hold a model against labelled pictures.

    Classes are matched by name. Pictures of classes that the model does not know are left out and counted; classes of
    the model without pictures are named.

    Args:
        model: What `kerastl.load` takes, or what it gave.
        data: A folder or a table of labelled pictures, or what `kerastl.data.scan` made of one. Where it is what the
            model was trained on, its parts are those of the training.
        split: `train`, `val`, `test` or `all`; `None` takes `val` where there is one, else all.
        k: Of the top-k accuracy, and of the classes kept for each picture; more than there are means all.
        resamples: Of the bootstrap behind the intervals.
        seed: Of the bootstrap.
        progress: Called with the pictures done and their number.

    Returns:
        The figures, and all that is needed to draw them.

    Raises:
        UsageError: An argument is wrong.
        DataError: There is nothing to evaluate on: no such folder or part, no class that the model knows, no picture
            that can be read.
    """
    if k < 1 or resamples < 1:
        raise UsageError(f"k and resamples must be at least 1. Received: k={k}, resamples={resamples}")
    classifier = model if isinstance(model, Classifier) else load(model)
    pictures = labelled(classifier, data, split)
    kept, rows, failed = compute(
        pictures, classifier, lambda pixels, _: list(classifier.predict_pixels(pixels)), progress
    )
    probabilities = np.stack(rows)
    if not np.isfinite(probabilities).all():
        raise ModelError(f"{classifier.name}: its scores are not numbers (NaN): its weights are broken")
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
        pictures.selection.notes,
        resamples=resamples,
        seed=seed,
    )
