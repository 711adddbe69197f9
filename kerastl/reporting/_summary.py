"""The top of the page: what was evaluated, the figures, and what they say in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kerastl._base.text import brief, percent
from kerastl.evaluation._result import FIGURES, FRACTIONS, Evaluation

# Those that a reader looks for first; evaluation.json has the others.
_SHOWN = ("accuracy", "top_k_accuracy", "macro_f1", "log_loss", "calibration_error", "brier_score")
# Scores that are off by less on average are as good as right.
_HONEST = 0.02
# What always answering the largest class reaches is worth a word from here on.
_NAIVE = 0.1


@dataclass(frozen=True)
class Tile:
    """One figure.

    Args:
        key: Its name in evaluation.json.
        name: What readers call it.
        value: The figure.
        low: Lower end of its interval.
        high: Upper end.
        is_fraction: Whether it lies between 0 and 1 and reads best as per cent.
        meaning: What it means, or what it would be by guessing; a few words.
    """

    key: str
    name: str
    value: float
    low: float
    high: float
    is_fraction: bool
    meaning: str


def tiles(evaluation: Evaluation) -> list[Tile]:
    """The headline figures with their intervals."""
    meanings = _meanings(evaluation)
    found = []
    for key in _SHOWN:
        if key == "top_k_accuracy" and not 1 < evaluation.k < len(evaluation.labels):
            continue
        figure = evaluation.figures[key]
        name = FIGURES[key].format(k=evaluation.k)
        found.append(
            Tile(
                key, name[:1].upper() + name[1:], figure.value, figure.low, figure.high, key in FRACTIONS, meanings[key]
            )
        )
    return found


def _meanings(evaluation: Evaluation) -> dict[str, str]:
    classes = len(evaluation.labels)
    return {
        "accuracy": "images whose best class is right",
        "top_k_accuracy": f"right class among the best {evaluation.k}",
        "macro_f1": "mean over the classes",
        "log_loss": f"0 is perfect, guessing {math.log(classes):.3f}",
        "calibration_error": "mean gap between score and accuracy",
        "brier_score": f"0 is perfect, guessing {1 - 1 / classes:.3f}",
    }


def facts(evaluation: Evaluation) -> list[tuple[str, str]]:
    """What was evaluated on what, as names and values."""
    found = []
    if evaluation.classifier is not None:
        metadata = evaluation.classifier.metadata
        if (origin := metadata.made_from) not in (metadata.name, "unknown"):
            found.append(("Network", origin))
        found.append(("Input", metadata.reader.describe()))
        if recipe := (metadata.extra.get("recipe") or {}).get("name"):
            found.append(("Recipe", str(recipe)))
        if trained := (metadata.extra.get("metrics") or {}).get("train_images"):
            found.append(("Trained on", f"{trained:,} images"))
    found += [
        ("Data", evaluation.data),
        ("Split", evaluation.part),
        ("Images", f"{len(evaluation):,}"),
        ("Classes", f"{len(evaluation.classes):,} of the model's {len(evaluation.labels):,}"),
    ]
    if evaluation.temperature != 1:
        found.append(("Temperature", f"{evaluation.temperature:.3f}"))
    return found


def reading(evaluation: Evaluation) -> str:
    """What the figures say, in two or three sentences."""
    return " ".join(_sentences(evaluation))


def _sentences(evaluation: Evaluation) -> Iterator[str]:
    figure, n = evaluation.figures["accuracy"], len(evaluation)
    largest = max(evaluation.classes, key=lambda scores: scores.support)
    fraction = largest.support / n
    naive = f"; always answering “{brief(largest.label)}” would be right on {percent(fraction)}"
    naive = naive if fraction >= _NAIVE else ""
    subject = "Left out of its training, the model is" if evaluation.leave_one_out else "The model is"
    yield (
        f"{subject} right on {int(evaluation.right.sum()):,} of {n:,} image{'' if n == 1 else 's'}, "
        f"{percent(figure.value)} (between {percent(figure.low)} and {percent(figure.high)} on other images of this "
        f"kind){naive}."
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
