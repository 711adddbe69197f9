"""The top of the page: what was evaluated, the figures, and what they say in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.reporting._readings import READINGS


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


def tiles(evaluation: BaseEvaluation) -> list[Tile]:
    """The headline figures with their intervals, but for those that these images do not tell."""
    reading, texts = READINGS[evaluation.task], evaluation.figure_texts()
    meanings, found = reading.meanings(evaluation), []
    for key in reading.shown:
        figure = evaluation.figures.get(key)
        if figure is not None and key in texts and not math.isnan(figure.value):
            name = texts[key][:1].upper() + texts[key][1:]
            fraction = key in evaluation.fractions
            found.append(Tile(key, name, figure.value, figure.low, figure.high, fraction, meanings[key]))
    return found


def facts(evaluation: BaseEvaluation) -> list[tuple[str, str]]:
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
        *READINGS[evaluation.task].facts(evaluation),
    ]
    return found


def reading(evaluation: BaseEvaluation) -> str:
    """What the figures say, in a few sentences."""
    return " ".join(READINGS[evaluation.task].sentences(evaluation))
