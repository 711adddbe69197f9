"""What the top of the page says of each task: which figures, what they mean, and what they say in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl._base.text import brief, percent
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._multilabel_result import MultilabelEvaluation
from kerastl.evaluation._ordinal_result import OrdinalEvaluation
from kerastl.evaluation._regression_result import RegressionEvaluation
from kerastl.evaluation._result import Evaluation
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION

# Scores that are off by less on average are as good as right.
_HONEST = 0.02
# What always answering the largest class reaches is worth a word from here on.
_NAIVE = 0.1


@dataclass(frozen=True)
class Reading:
    """What the top of the page says.

    Args:
        shown: The figures that a reader looks for first, in that order; evaluation.json has the others.
        meanings: What each of them means, or what it would be by guessing; a few words.
        facts: What else was evaluated, as names and values.
        sentences: What the figures say.
    """

    shown: tuple[str, ...]
    meanings: Callable[[Any], Mapping[str, str]]
    facts: Callable[[Any], Iterator[tuple[str, str]]]
    sentences: Callable[[Any], Iterator[str]]


def _range(evaluation: BaseEvaluation, name: str) -> str:
    """Between which ends a figure lies, in words."""
    figure = evaluation.figures[name]
    low, high = (evaluation.shown(name, end) for end in (figure.low, figure.high))
    return f"between {low} and {high} on other images of this kind"


def _subject(evaluation: BaseEvaluation, verb: str) -> str:
    return f"Left out of its training, the model {verb}" if evaluation.leave_one_out else f"The model {verb}"


def _count(n: int) -> str:
    return f"{n:,} image{'' if n == 1 else 's'}"


# One class an image.


def _class_meanings(evaluation: Evaluation) -> dict[str, str]:
    classes = len(evaluation.labels)
    return {
        "accuracy": "images whose best class is right",
        "top_k_accuracy": f"right class among the best {evaluation.k}",
        "macro_f1": "mean over the classes",
        "log_loss": f"0 is perfect, guessing {math.log(classes):.3f}",
        "calibration_error": "mean gap between score and accuracy",
        "brier_score": f"0 is perfect, guessing {1 - 1 / classes:.3f}",
    }


def _class_facts(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    yield "Classes", f"{len(evaluation.classes):,} of the model's {len(evaluation.labels):,}"
    if evaluation.temperature != 1:
        yield "Temperature", f"{evaluation.temperature:.3f}"


def _class_sentences(evaluation: Evaluation) -> Iterator[str]:
    n = len(evaluation)
    largest = max(evaluation.classes, key=lambda scores: scores.support)
    fraction = largest.support / n
    naive = f"; always answering “{brief(largest.label)}” would be right on {percent(fraction)}"
    yield (
        f"{_subject(evaluation, 'is')} right on {int(evaluation.right.sum()):,} of {_count(n)}, "
        f"{percent(evaluation.accuracy)} ({_range(evaluation, 'accuracy')}){naive if fraction >= _NAIVE else ''}."
    )
    if evaluation.confused and evaluation.confused[0].count > 1:
        pair = evaluation.confused[0]
        support = next(scores.support for scores in evaluation.classes if scores.label == pair.label)
        yield (
            f"Its most frequent mistake is to take “{brief(pair.label)}” for “{brief(pair.predicted)}”: "
            f"{pair.count:,} of {support:,}."
        )
    elif evaluation.confused:
        yield "It made no mistake twice."
    else:
        yield "It made no mistake."
    yield _on_scores(evaluation)


def _on_scores(evaluation: Evaluation) -> str:
    score = float(evaluation.probabilities.max(axis=1).astype(np.float64).mean())
    gap = score - evaluation.accuracy
    if abs(gap) < _HONEST:
        return f"On average its scores ({percent(score)}) are as high as they should be."
    manner = "too sure of itself" if gap > 0 else "more modest than it need be"
    return f"It is {manner}: its scores average {percent(score)}."


# Classes that have an order.


def _ordinal_meanings(evaluation: OrdinalEvaluation) -> dict[str, str]:
    return {
        **_class_meanings(evaluation),
        "within_one": "images whose class is the best one or next to it",
        "mean_rank_error": "how many classes off on average",
        "quadratic_kappa": "1 is perfect, 0 is chance",
    }


def _ordinal_sentences(evaluation: OrdinalEvaluation) -> Iterator[str]:
    first, *others = _class_sentences(evaluation)
    yield first
    middle = int(np.median(evaluation.truth))
    naive = float(np.abs(evaluation.truth - middle).mean())
    yield (
        f"It is {evaluation.mean_rank_error:.2f} classes off on average; always answering "
        f"“{brief(evaluation.labels.names[middle])}” would be {naive:.2f} off."
    )
    yield from others


# Any number of labels an image.


def _label_meanings(evaluation: MultilabelEvaluation) -> dict[str, str]:
    # Scores that say nothing give a label the average precision of its frequency.
    by_chance = float(np.mean([scores.support / len(evaluation) for scores in evaluation.classes] or [0.0]))
    return {
        "mean_average_precision": f"mean over the labels, guessing {percent(by_chance)}",
        "macro_f1": "mean over the labels",
        "micro_f1": "all labels together",
        "subset_accuracy": "images whose labels are all right",
        "hamming_loss": "labels of images told wrongly",
        "calibration_error": "mean gap between score and truth",
    }


def _label_facts(evaluation: MultilabelEvaluation) -> Iterator[tuple[str, str]]:
    yield "Labels", f"{len(evaluation.classes):,} of the model's {len(evaluation.labels):,}"
    yield (
        "Labels an image",
        f"{evaluation.truth.sum(axis=1).mean():.2f}, given {evaluation.given.sum(axis=1).mean():.2f}",
    )
    yield "Thresholds", f"chosen for {evaluation.aim}" if evaluation.aim else "0.5"


def _label_sentences(evaluation: MultilabelEvaluation) -> Iterator[str]:
    right, n = int(evaluation.right.sum()), len(evaluation)
    yield (
        f"{_subject(evaluation, 'gives')} {right:,} of {_count(n)} all of their labels and no other "
        f"({percent(right / n)}, {_range(evaluation, 'subset_accuracy')})."
    )
    if evaluation.classes:
        worst = min(evaluation.classes, key=lambda scores: scores.average_precision)
        yield (
            f"The mean average precision is {percent(evaluation.mean_average_precision)} over "
            f"{len(evaluation.classes):,} labels; the worst is “{brief(worst.label)}” with "
            f"{percent(worst.average_precision)}."
        )
    else:
        yield "None of these images has a label, so that nothing tells how well labels are found."
    missed = int((evaluation.truth & ~evaluation.given).sum())
    wrong = int((evaluation.given & ~evaluation.truth).sum())
    yield f"Labels are missed {missed:,} times and given wrongly {wrong:,} times."


# A number an image.


def _number_meanings(evaluation: RegressionEvaluation) -> dict[str, str]:
    return {
        "mean_absolute_error": f"always the mean: {evaluation.number(evaluation.by_mean)}",
        "root_mean_squared_error": "large errors count more",
        "median_absolute_error": "half of the errors are smaller",
        "r_squared": "1 is perfect, 0 the mean alone",
        "coverage": f"numbers inside their interval; meant {percent(evaluation.level, 0)}",
        "interval_width": "the same for all images",
    }


def _number_facts(evaluation: RegressionEvaluation) -> Iterator[tuple[str, str]]:
    low, high = (evaluation.number(float(end)) for end in (evaluation.truth.min(), evaluation.truth.max()))
    yield "Number", evaluation.target
    yield "True numbers", f"{low} to {high}"


def _number_sentences(evaluation: RegressionEvaluation) -> Iterator[str]:
    error, naive = evaluation.mean_absolute_error, evaluation.by_mean
    yield (
        f"{_subject(evaluation, 'is')} {evaluation.number(error)} off on average over {_count(len(evaluation))} "
        f"({_range(evaluation, 'mean_absolute_error')}); always saying their mean would be "
        f"{evaluation.number(naive)} off."
    )
    bias = evaluation.figures["bias"]
    if bias.low > 0 or bias.high < 0:
        manner = "large" if bias.value > 0 else "small"
        yield f"It takes numbers for too {manner}: by {evaluation.number(abs(bias.value))} on average."
    if "coverage" in evaluation.figures:
        yield (
            f"Its intervals hold {percent(evaluation.figures['coverage'].value)} of the numbers, and were made to hold "
            f"{percent(evaluation.level, 0)}."
        )


READINGS: Mapping[str, Reading] = {
    CLASSIFICATION: Reading(
        ("accuracy", "top_k_accuracy", "macro_f1", "log_loss", "calibration_error", "brier_score"),
        _class_meanings, _class_facts, _class_sentences,
    ),
    ORDINAL: Reading(
        ("accuracy", "within_one", "mean_rank_error", "quadratic_kappa", "log_loss", "calibration_error"),
        _ordinal_meanings, _class_facts, _ordinal_sentences,
    ),
    MULTILABEL: Reading(
        ("mean_average_precision", "macro_f1", "micro_f1", "subset_accuracy", "hamming_loss", "calibration_error"),
        _label_meanings, _label_facts, _label_sentences,
    ),
    REGRESSION: Reading(
        (
            "mean_absolute_error", "root_mean_squared_error", "median_absolute_error", "r_squared", "coverage",
            "interval_width",
        ),
        _number_meanings, _number_facts, _number_sentences,
    ),
}  # fmt: skip
"""By task."""
