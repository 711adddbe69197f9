"""What validation predictions say about a model that learnt little or nothing.

A model that answers at chance looks like any other from outside. Each sign of it is named here in one line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastl.errors import TrainingError
from kerastl.labels import percent
from kerastl.text import printable

ADVICE = "look at the pictures and their labels (kerastl check), or try another --backbone"

# An accuracy is at chance when guessing reaches it with at least this probability ...
_PLAUSIBLE = 0.01
# ... and a model halfway between chance and perfect falls so low with less than this: else there are too few pictures.
_DOUBTFUL = 0.05
# A constant answer may have this many exceptions, as a fraction of the pictures that another answer would suit.
_EXCEPTIONS = 0.05
_FEW = 3
# A class is common from this many pictures on, when they are at least half of what would be even.
_COMMON = 5
# Below this relative difference scores are equal but for rounding.
_EQUAL = 1e-5
_NAMED = 5


class NothingLearntError(TrainingError):
    """The model gives every picture the same answer: there is nothing to keep."""


def same_for_all(probabilities: np.ndarray) -> bool:
    """Whether every picture gets the same scores, whatever it shows.

    Args:
        probabilities: float32 `(n, classes)`, n at least 1.
    """
    low, high = probabilities.min(axis=0), probabilities.max(axis=0)
    return bool(len(probabilities) > 1 and (high - low <= _EQUAL * high).all())


def diagnose(probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Name what is doubtful about the answers on validation pictures.

    Args:
        probabilities: float32 `(n, classes)`, rows sum to 1.
        labels: int64 `(n,)`, each in `[0, classes)`.
        classes: Names.

    Returns:
        One line for each of: accuracy at chance level, a constant answer, equal scores, classes never predicted.
        None where the pictures are of one class, or too few to tell.
    """
    size = len(classes)
    actual = np.bincount(labels, minlength=size)
    predicted = np.bincount(probabilities.argmax(axis=1), minlength=size)
    if np.count_nonzero(actual) < 2:
        return []
    right = int((probabilities.argmax(axis=1) == labels).sum())
    constant = _constant(actual, predicted, classes)
    found = [
        _chance(actual, predicted, right),
        constant,
        _equal_scores(probabilities),
        None if constant else _never_predicted(actual, predicted, classes),
    ]
    return [line for line in found if line]


def _chance(actual: np.ndarray, predicted: np.ndarray, right: int) -> str | None:
    """Compare with the same answers given to pictures at random, which is fair to rare classes, too."""
    from scipy.special import bdtr, bdtrc

    count = int(actual.sum())
    chance = float(actual @ predicted) / count**2
    reached_by_guessing = 1.0 if right == 0 else bdtrc(right - 1, count, chance)
    missed_by_a_fair_model = bdtr(right, count, (1 + chance) / 2)
    if reached_by_guessing < _PLAUSIBLE or missed_by_a_fair_model > _DOUBTFUL:
        return None
    return (
        f"the accuracy on validation pictures is at chance level: {percent(right / count)} of {count:,} are right, and "
        f"{percent(chance)} would be by guessing; {ADVICE}"
    )


def _constant(actual: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> str | None:
    count, top = int(actual.sum()), int(predicted.argmax())
    others, answered = count - int(actual[top]), count - int(predicted[top])
    if others < _FEW or answered > _EXCEPTIONS * others:
        return None
    how_many = f"all {count:,}" if answered == 0 else f"{int(predicted[top]):,} of {count:,}"
    return (
        f"the answer is nearly always the same: {how_many} validation pictures are taken for "
        f"'{printable(classes[top])}', and {others:,} of them are something else; {ADVICE}"
    )


def _equal_scores(probabilities: np.ndarray) -> str | None:
    low, high = probabilities.min(axis=1), probabilities.max(axis=1)
    equal = int((high - low <= _EQUAL * high).sum())
    if 2 * equal < len(probabilities):
        return None
    return f"the scores of all classes are equal for {equal:,} of {len(probabilities):,} validation pictures; {ADVICE}"


def _never_predicted(actual: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> str | None:
    """Common classes; or, where all have few pictures, most of the classes there are."""
    present = np.count_nonzero(actual)
    missed = np.flatnonzero((actual > 0) & (predicted == 0))
    common = missed[(actual[missed] >= _COMMON) & (2 * present * actual[missed] >= actual.sum())]
    if len(common):
        missed = common
    elif 2 * len(missed) <= present or actual.sum() < 4 * _COMMON:
        return None
    names = ", ".join(f"'{printable(classes[number])}'" for number in missed[:_NAMED])
    if len(missed) > _NAMED:
        names += f" and {len(missed) - _NAMED:,} more"
    pictures = int(actual[missed].sum())
    return (
        f"never predicted: {names} ({len(missed):,} of {present:,} classes, {pictures:,} validation pictures); "
        "more pictures of them would help, or --class-weights balanced where they are rare"
    )
