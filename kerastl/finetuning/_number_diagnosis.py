"""What numbers given for validation or left-out images say about a model that learnt little or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kerastl._base.text import measured, printable
from kerastl.finetuning._diagnosis import ADVICE, WORDS
from kerastl.finetuning._scores import ScoreKind

# Answers that scatter less than this fraction of the numbers are one answer.
_SAME = 1e-6
# A gain over the mean by less than so many standard errors may be chance.
_CLEARLY = 2.0
# So few images tell nothing.
_FEWEST = 5


def diagnose_numbers(
    answers: np.ndarray, targets: np.ndarray, names: Sequence[str], kind: ScoreKind = "validation"
) -> list[str]:
    """Name what is doubtful about numbers given for images that the weights have not seen.

    Args:
        answers: float `(n, 1)`.
        targets: float `(n,)`.
        names: What the number is called.
        kind: What the images are.

    Returns:
        One line where the answer is always the same, or no better than the mean of the numbers; none where the images
        are too few to tell.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._number_diagnosis import diagnose_numbers
        >>> diagnose_numbers(np.full((6, 1), 3.5), np.arange(6.0), ["age"])[0].partition(";")[0]
        'the answer is always the same: all 6 validation images get 3.5 as age'
    """
    count, words, given, truth = len(targets), WORDS[kind], answers[:, 0].astype(np.float64), targets.astype(np.float64)
    if count < _FEWEST or not truth.std():
        return []
    name = printable(names[0])
    if given.std() <= _SAME * truth.std():
        same = measured(given[0])
        return [f"the answer is always the same: all {count:,} {words.images} get {same} as {name}; {ADVICE}"]
    off, spread = np.abs(given - truth), np.abs(truth - truth.mean())
    gain = spread**2 - off**2
    if gain.mean() > _CLEARLY * gain.std(ddof=1) / math.sqrt(count):
        return []
    return [
        f"nothing was learnt that can be told from chance: {words.by}, {name} is off by {measured(off.mean())} on "
        f"average, and by {measured(spread.mean())} where every image gets the mean of all; {ADVICE}"
    ]
