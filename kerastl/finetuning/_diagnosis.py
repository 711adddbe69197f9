"""What answers on validation or left-out images say about a model that learnt little or nothing.

A model that answers at chance looks like any other from outside. Each sign of it is named here in one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastl._base.text import percent, printable
from kerastl.errors import TrainingError
from kerastl.finetuning._scores import ScoreKind

ADVICE = "look at the images and their labels (kerastl check), or try another --model"

# An accuracy is at chance when guessing reaches it with at least this probability ...
_PLAUSIBLE = 0.01
# ... and a model halfway between chance and perfect falls so low with less than this: else there are too few images.
_DOUBTFUL = 0.05
# A constant answer may have this many exceptions, as a fraction of the images that another answer would suit.
_EXCEPTIONS = 0.05
# So many images are no accident: a model that finds every second one misses them all with a probability of 3 %.
_COMMON = 5
# So many others are enough where the answer has no exception; any model may miss one.
_SEVERAL = 2
# Below this relative difference scores are equal but for rounding.
_EQUAL = 1e-5
_NAMED = 5


@dataclass(frozen=True)
class _Words:
    """How a kind of answers is spoken of.

    Args:
        images: What was answered.
        by: Where the accuracy is from.
        worse: What may be behind answers that are worse than guesses.
    """

    images: str
    by: str
    worse: str


WORDS: dict[ScoreKind, _Words] = {
    "validation": _Words(
        "validation images", "on validation images", "the labels of train and val may mean different things"
    ),
    # Without an image, its class is the rarer one: who can only go by frequencies guesses any other.
    "leave_one_out": _Words("left-out images", "by leave-one-out", "the images may say nothing about their labels"),
}


class NothingLearntError(TrainingError):
    """The head gives every image the same answer, whatever its features: there is nothing to keep."""


def diagnose(
    probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str], kind: ScoreKind = "validation"
) -> list[str]:
    """Name what is doubtful about the answers on images that the weights have not seen.

    Args:
        probabilities: float32 `(n, classes)`, rows sum to 1.
        labels: int64 `(n,)`, each in `[0, classes)`.
        classes: Names.
        kind: What the images are.

    Returns:
        One line for each of: equal scores or a constant answer, accuracy at chance level, classes never predicted. None
        where the images are of one class, or too few to tell.
    """
    size, words = len(classes), WORDS[kind]
    actual = np.bincount(labels, minlength=size)
    predicted = np.bincount(probabilities.argmax(axis=1), minlength=size)
    if np.count_nonzero(actual) < 2:
        return []
    right = int((probabilities.argmax(axis=1) == labels).sum())
    same = _equal_scores(probabilities, words) or _constant(actual, predicted, classes, words)
    found = [line for line in (same, _chance(actual, predicted, right, words)) if line]
    if found:
        found[0] += f"; {ADVICE}"
    missed = None if same else _never_predicted(actual, predicted, classes, words)
    return [*found, missed] if missed else found


def _chance(actual: np.ndarray, predicted: np.ndarray, right: int, words: _Words) -> str | None:
    """Compare with the same answers given to images at random, which is fair to rare classes, too."""
    from scipy.special import bdtr, bdtrc

    count = int(actual.sum())
    chance = float(actual @ predicted) / count**2
    if bdtr(right, count, chance) < _PLAUSIBLE:
        return (
            f"the accuracy {words.by} is worse than by guessing: {percent(right / count)} of {count:,} are right, and "
            f"{percent(chance)} would be by guessing: {words.worse}"
        )
    reached_by_guessing = 1.0 if right == 0 else bdtrc(right - 1, count, chance)
    missed_by_a_fair_model = bdtr(right, count, (1 + chance) / 2)
    if reached_by_guessing < _PLAUSIBLE or missed_by_a_fair_model > _DOUBTFUL:
        return None
    return (
        f"the accuracy {words.by} is at chance level: {percent(right / count)} of {count:,} are right, and "
        f"{percent(chance)} would be by guessing"
    )


def _constant(actual: np.ndarray, predicted: np.ndarray, classes: Sequence[str], words: _Words) -> str | None:
    count, top = int(actual.sum()), int(predicted.argmax())
    others, answered = count - int(actual[top]), count - int(predicted[top])
    always = answered == 0 and others >= _SEVERAL and count >= 4 * _COMMON
    if not always and (others < _COMMON or answered > _EXCEPTIONS * others):
        return None
    nearly, how_many = ("", f"all {count:,}") if always else ("nearly ", f"{int(predicted[top]):,} of {count:,}")
    return (
        f"the answer is {nearly}always the same: {how_many} {words.images} are taken for "
        f"'{printable(classes[top])}', and {others:,} of them are something else"
    )


def _equal_scores(probabilities: np.ndarray, words: _Words) -> str | None:
    """Look for scores that do not depend on the image, and for those that do not depend on the class."""
    if len(probabilities) > 2 and _equal(probabilities, axis=0).all():
        return f"all {len(probabilities):,} {words.images} get the same scores"
    even = int(_equal(probabilities, axis=1).sum())
    if 2 * even < len(probabilities):
        return None
    return f"the scores of all classes are equal for {even:,} of {len(probabilities):,} {words.images}"


def _equal(probabilities: np.ndarray, axis: int) -> np.ndarray:
    low, high = probabilities.min(axis=axis), probabilities.max(axis=axis)
    return high - low <= _EQUAL * high


def _never_predicted(actual: np.ndarray, predicted: np.ndarray, classes: Sequence[str], words: _Words) -> str | None:
    """Name common classes, with half as many images as the average or more; or most classes, where all are small."""
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
    images = int(actual[missed].sum())
    return (
        f"never predicted: {names} ({len(missed):,} of {present:,} classes, {images:,} {words.images}); "
        "more images of them would help, or --class-weights balanced where they are rare"
    )
