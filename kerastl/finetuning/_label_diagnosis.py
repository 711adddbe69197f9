"""What labels given to validation or left-out images say about a model that learnt little or nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kerastl._base.text import printable
from kerastl.finetuning._diagnosis import ADVICE, WORDS
from kerastl.finetuning._scores import ScoreKind

# So many images with a label, and as many without, tell whether its scores say anything.
_COMMON = 5
# Below this relative difference scores are equal but for rounding.
_EQUAL = 1e-5
_NAMED = 5


def diagnose_labels(
    answers: np.ndarray, targets: np.ndarray, names: Sequence[str], kind: ScoreKind = "validation"
) -> list[str]:
    """Name what is doubtful about labels given to images that the weights have not seen.

    Args:
        answers: float `(n, labels)`.
        targets: bool `(n, labels)`.
        names: The labels' names.
        kind: What the images are.

    Returns:
        One line where all images get the same scores, or where images of some labels get no higher scores for them than
        others; none where the images are too few to tell.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._label_diagnosis import diagnose_labels
        >>> targets = np.arange(20)[:, None] % 2 == 0
        >>> diagnose_labels(1.0 - targets, targets, ["cat"])[0].partition(";")[0]
        "validation images with 'cat' get no higher scores for it than those without"
    """
    words = WORDS[kind]
    if len(answers) > 2 and (np.ptp(answers, axis=0) <= _EQUAL * answers.max(axis=0)).all():
        return [f"all {len(answers):,} {words.images} get the same scores; {ADVICE}"]
    counts = targets.sum(axis=0)
    enough = (counts >= _COMMON) & (counts <= len(targets) - _COMMON)
    blind = [
        name
        for place, name in enumerate(names)
        if enough[place] and not _stands_out(answers[:, place], targets[:, place])
    ]
    if not blind:
        return []
    shown = ", ".join(f"'{printable(name)}'" for name in blind[:_NAMED])
    more = f" and {len(blind) - _NAMED:,} more" if len(blind) > _NAMED else ""
    return [f"{words.images} with {shown}{more} get no higher scores for it than those without; {ADVICE}"]


def _stands_out(scores: np.ndarray, truth: np.ndarray) -> bool:
    """Whether images with a label get higher scores by more than chance would: by a standard error of ranks.

    The area under the ROC curve is compared with that of Mann and Whitney 1947 for scores that say nothing.
    """
    own, others = scores[truth], np.sort(scores[~truth])
    below = (np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")) / 2
    area = float(below.mean()) / len(others)
    return area - 0.5 > math.sqrt((len(scores) + 1) / (12 * len(own) * len(others)))
