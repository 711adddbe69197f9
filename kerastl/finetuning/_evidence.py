"""Whether tuned weights answer better than those they started from, or whether that may be chance. No Keras in here.

Both answer the same images, so that what counts are the differences image by image, and how much those scatter. A
handful of validation images that chooses among epochs by accuracy chooses worse than no choice: on 16 splits of four
folders with 10 and 40 images a class (MobileNet 0.25, 96 px, everything trained), the epoch that was best on validation
images had 1.7 points more than the solved head on unseen images, and 6 splits were more than a point worse. The last
epoch of the schedule had 3.6 points more, and 1 split was worse; averaged with the start and kept where it was better
by one standard error, 2.1 points more, and none was worse. McNemar's test alone, at 10 %, kept next to nothing.

Since the start is a head that reads several layers, one standard error is too little: the best of several averages, in
several phases, is taken on the same images. Of 16 runs with MobileNetV2 at 224 px (three folders, 40 and 120 images a
class, stage by stage and everything at once) 4 kept a phase by it, and 3 of those ended 0.8 to 4 points below the
solved head on unseen images. None of the 4 was better by two standard errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kerastl._metrics import ranks
from kerastl.finetuning._output_scaling import fitted_losses
from kerastl.tasks._task import CLASSIFICATION, TASKS, Task

# A fall of the log loss by less, in nats, is nothing that anybody would notice.
_NOTICEABLE = 0.01
# Answers better or worse by more than this many standard errors are so by no chance.
_CLEARLY = 2.0


@dataclass(frozen=True)
class Comparison:
    """What changed from one set of answers to another on the same images.

    Args:
        images: How many there are.
        fixed: How many are right now that were wrong; where an answer is not just right or wrong, how many are better.
        broken: How many are wrong now that were right, or worse.
        gain: Mean fall of the loss, in nats of classes and labels, each set on the scale that suits it best.
        error: Standard error of `gain`.
        noticeable: A gain that anybody would notice.
        decided: Whether an answer is either right or wrong.
    """

    images: int
    fixed: int
    broken: int
    gain: float
    error: float
    noticeable: float = _NOTICEABLE
    decided: bool = True

    @property
    def better(self) -> bool:
        """Whether the second is better beyond chance: by more than two standard errors, and with no fewer right.

        Of two that cannot be told apart, the simpler one is taken, as by Breiman et al. 1984, section 3.4.3, whose one
        standard error is too little here. A gain that nobody would notice is none.
        """
        return self.gain > max(_CLEARLY * self.error, self.noticeable) and self.fixed >= self.broken

    @property
    def worse(self) -> bool:
        """Whether the second is clearly worse: by two standard errors, or with more broken than chance would break.

        The chance is that of a sign test (McNemar 1947, in its exact form) at 5 %.
        """
        return self.gain < -_CLEARLY * self.error or _at_least(self.broken, self.fixed + self.broken) <= 0.05

    def describe(self) -> str:
        """In words: `3 more right of 40 validation images, log loss 0.120 ± 0.050 lower`."""
        more, change = self.fixed - self.broken, "lower" if self.gain >= 0 else "higher"
        if not self.decided:
            images = (
                f"{self.fixed:,} of {self.images:,} validation images are answered better and {self.broken:,} worse"
            )
            return f"{images}, loss {abs(self.gain):.3g} ± {self.error:.3g} {change}"
        right = "as many right" if more == 0 else f"{abs(more):,} {'more' if more > 0 else 'fewer'} right"
        return (
            f"{right} of {self.images:,} validation images, log loss {abs(self.gain):.3f} ± {self.error:.3f} {change}"
        )


def compare(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, task: Task = TASKS[CLASSIFICATION]
) -> Comparison:
    """Compare two sets of answers on the same images.

    Args:
        before: float `(n, outputs)`, such as probabilities of classes; n at least 1.
        after: Likewise.
        labels: As the task keeps them: of classes int64 `(n,)`.
        task: What the answers are.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._evidence import compare
        >>> before = np.array([[0.6, 0.4], [0.6, 0.4], [0.3, 0.7]])
        >>> after = np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
        >>> found = compare(before, after, np.array([0, 1, 1]))
        >>> found.fixed, found.broken, found.gain > 0
        (1, 0, True)
    """
    losses = [fitted_losses(answers, labels, task) for answers in (before, after)]
    falls = losses[0] - losses[1]
    count = len(labels)
    error = float(falls.std(ddof=1) / math.sqrt(count)) if count > 1 else math.inf
    fixed, broken = _changed(before, after, labels) if task.kind == "index" else ((falls > 0).sum(), (falls < 0).sum())
    # Losses of labels and numbers have sizes of their own: a part of what there is.
    noticeable = _NOTICEABLE if task.kind == "index" else _NOTICEABLE * float(losses[0].mean())
    decided = task.kind == "index"
    return Comparison(count, int(fixed), int(broken), float(falls.mean()), error, noticeable, decided)


def _changed(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """How many answers are right now that were wrong, and the other way round."""
    was, now = (ranks(answers, labels) == 0 for answers in (before, after))
    return int((~was & now).sum()), int((was & ~now).sum())


def _at_least(hits: int, trials: int) -> float:
    """Chance of so many heads or more in so many tosses of a fair coin; 1 for no toss."""
    return sum(math.comb(trials, count) for count in range(hits, trials + 1)) / 2**trials
