"""Whether tuned weights answer better than those they started from, or whether that may be chance. No Keras in here.

Both answer the same images, so that what counts are the differences image by image, and how much those scatter. A
handful of validation images that chooses among epochs by accuracy chooses worse than no choice: on 16 splits of four
folders with 10 and 40 images a class (MobileNet 0.25, 96 px, everything trained), the epoch that was best on validation
images had 1.7 points more than the solved head on unseen images, and 6 splits were more than a point worse. The last
epoch of the schedule had 3.6 points more, and 1 split was worse; averaged with the start and kept by the rule below,
2.1 points more, and none was worse. McNemar's test alone, at 10 %, kept next to nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kerastl._metrics import log_losses, ranks
from kerastl.calibration import _temperature as temperature

# A fall of the log loss by less, in nats, is nothing that anybody would notice.
_NOTICEABLE = 0.01
# An answer worse by more than this many standard errors is no chance.
_CLEARLY = 2.0


@dataclass(frozen=True)
class Comparison:
    """What changed from one set of answers to another on the same images.

    Args:
        images: How many there are.
        fixed: How many are right now that were wrong.
        broken: How many are wrong now that were right.
        gain: Mean fall of the log loss, in nats, each set with the temperature that suits it best.
        error: Standard error of `gain`.
    """

    images: int
    fixed: int
    broken: int
    gain: float
    error: float

    @property
    def better(self) -> bool:
        """Whether the second is better beyond chance: by more than one standard error, and with no fewer right.

        The rule of one standard error is that of Breiman et al. 1984, section 3.4.3: of two that cannot be told
        apart, the simpler one is taken. A gain that nobody would notice is none.
        """
        return self.gain > max(self.error, _NOTICEABLE) and self.fixed >= self.broken

    @property
    def worse(self) -> bool:
        """Whether the second is clearly worse: by two standard errors, or with more broken than chance would break.

        The chance is that of a sign test (McNemar 1947, in its exact form) at 5 %.
        """
        return self.gain < -_CLEARLY * self.error or _at_least(self.broken, self.fixed + self.broken) <= 0.05

    def describe(self) -> str:
        """In words: `3 more right of 40 validation images, log loss 0.120 ± 0.050 lower`."""
        more, change = self.fixed - self.broken, "lower" if self.gain >= 0 else "higher"
        right = "as many right" if more == 0 else f"{abs(more):,} {'more' if more > 0 else 'fewer'} right"
        return (
            f"{right} of {self.images:,} validation images, log loss {abs(self.gain):.3f} ± {self.error:.3f} {change}"
        )


def compare(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> Comparison:
    """Compare two sets of answers on the same images.

    Args:
        before: float `(n, classes)`, rows sum to 1; n at least 1.
        after: Likewise.
        labels: int64 `(n,)`.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._evidence import compare
        >>> before = np.array([[0.6, 0.4], [0.6, 0.4], [0.3, 0.7]])
        >>> after = np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
        >>> found = compare(before, after, np.array([0, 1, 1]))
        >>> found.fixed, found.broken, found.gain > 0
        (1, 0, True)
    """
    right = [ranks(answers, labels) == 0 for answers in (before, after)]
    falls = fitted_losses(before, labels) - fitted_losses(after, labels)
    count = len(labels)
    error = float(falls.std(ddof=1) / math.sqrt(count)) if count > 1 else math.inf
    fixed, broken = int((~right[0] & right[1]).sum()), int((right[0] & ~right[1]).sum())
    return Comparison(count, fixed, broken, float(falls.mean()), error)


def fitted_losses(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Log loss of each image, float64 `(n,)`, with the temperature that makes all of them most likely.

    Label smoothing makes answers more modest than they should be and long training makes them bolder; what is left
    without that is how well they tell classes apart.
    """
    return log_losses(temperature.apply(answers, temperature.fit(answers, labels)), labels)


def _at_least(hits: int, trials: int) -> float:
    """Chance of so many heads or more in so many tosses of a fair coin; 1 for no toss."""
    return sum(math.comb(trials, count) for count in range(hits, trials + 1)) / 2**trials
