"""The most confident errors, each with its image and with what made the model say so."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.text import percent
from kerastl._progress import CountCallback
from kerastl.errors import ImageError, KerastlError
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._multilabel_result import MultilabelEvaluation
from kerastl.evaluation._regression_result import RegressionEvaluation
from kerastl.evaluation._result import Evaluation
from kerastl.reporting._thumbnails import SIDE, data_uri
from kerastl.tasks._label_text import join_labels
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION

if TYPE_CHECKING:
    import numpy as np

    from kerastl._classifier import Classifier


@dataclass(frozen=True)
class Wrong:
    """One answer that is wrong, in words.

    Args:
        path: The image, relative to the data.
        index: The output of the model that is to be explained.
        predicted: What the model said.
        score: How sure it was; may be empty.
        before: What stands before `label`, in one sentence with it.
        label: What is right.
        after: What stands behind.
    """

    path: str
    index: int
    predicted: str
    score: str
    before: str
    label: str
    after: str


@dataclass(frozen=True)
class Mistake(Wrong):
    """The same with its image.

    Args:
        image: What the network saw, as a data URI; empty where the file cannot be read any more.
        overlay: The same with what spoke for `predicted`; empty where there is no explanation.
        trouble: Why there is no explanation or no image; empty if there are.
    """

    image: str
    overlay: str
    trouble: str


def worst(evaluation: BaseEvaluation, most: int, progress: CountCallback | None = None) -> list[Mistake]:
    """Look at the mistakes that the model was most sure of.

    An image that cannot be explained, for whatever reason, is shown without an explanation.

    Args:
        evaluation: With its classifier; without it there are no explanations.
        most: How many at most.
        progress: Called with the mistakes done and their number, first with 0.
    """
    answers = _WRONG[evaluation.task](evaluation, most)
    if answers and progress is not None:
        progress(0, len(answers))
    found = []
    for answer in answers:
        found.append(_mistake(answer, Path(evaluation.data), evaluation.classifier))
        if progress is not None:
            progress(len(found), len(answers))
    return found


def _of_classes(evaluation: Evaluation, most: int) -> list[Wrong]:
    found = []
    for answer in evaluation.mistakes(most):
        best, after = answer.predictions[0], f" ({percent(answer.label_score)})"
        found.append(Wrong(answer.path, best.index, best.label, percent(best.score), "is ", answer.label, after))
    return found


def _of_labels(evaluation: MultilabelEvaluation, most: int) -> list[Wrong]:
    """The most confident of each label first, then the second of each, so that no label fills the page."""
    seen: Counter[int] = Counter()
    turns = []
    for mistake in evaluation.mistakes():
        turns.append((seen[mistake.index], mistake))
        seen[mistake.index] += 1
    first = sorted(turns, key=lambda turn: turn[0])[:most]  # stable: the most confident of each turn first
    has = dict(zip(evaluation.paths, evaluation.truth, strict=True))
    found = []
    for _, one in first:
        names = [evaluation.labels.names[place] for place in has[one.path].nonzero()[0]]
        said = "missed; it has " if one.missed else "given wrongly; it has "
        found.append(Wrong(one.path, one.index, one.label, percent(one.score), said, join_labels(names) or "none", ""))
    return found


def _of_numbers(evaluation: RegressionEvaluation, most: int) -> list[Wrong]:
    show = evaluation.number
    return [
        Wrong(
            answer.path, 0, show(answer.predicted), "", "is ", show(answer.truth),
            f", so that it is {show(abs(answer.error))} too {'large' if answer.error > 0 else 'small'}",
        )
        for answer in evaluation.mistakes(most)
    ]  # fmt: skip


_WRONG: Mapping[str, Callable[[Any, int], list[Wrong]]] = {
    CLASSIFICATION: _of_classes,
    ORDINAL: _of_classes,
    MULTILABEL: _of_labels,
    REGRESSION: _of_numbers,
}


def _mistake(wrong: Wrong, root: Path, classifier: Classifier | None) -> Mistake:
    image = overlay = trouble = ""
    try:
        pixels = _pixels(root / wrong.path, classifier)
        image = data_uri(pixels)
        if classifier is not None:
            overlay = data_uri(classifier.explain(pixels, wrong.index).overlay())
    except ImageError as error:
        trouble = error.reason
    except KerastlError as error:
        trouble = str(error)
    except Exception as error:  # a backend may fail in any way, which must not cost the report
        logging.getLogger(__name__).debug("%s is not explained", wrong.path, exc_info=True)
        trouble = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    return Mistake(**asdict(wrong), image=image, overlay=overlay, trouble=trouble[:200])


def _pixels(file: Path, classifier: Classifier | None) -> np.ndarray:
    from kerastl.images import Resize, load_pixels

    return load_pixels(file, Resize(SIDE, SIDE, "pad")) if classifier is None else classifier.pixels(file)
