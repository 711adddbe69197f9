"""How exactly a network computes, and how often a less exact one gives the same answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from kerastl.errors import ModelError, UsageError
from kerastl.tasks._task import TargetKind

if TYPE_CHECKING:
    import numpy as np

    from kerastl.inference._engines import Engine
    from kerastl.inference._representative import Representative

Precision = Literal["full", "fast"]
"""`full` computes in float32, `fast` in fewer bits."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

MIN_AGREEMENT = 0.97
"""A network in fewer bits that gives the same answer less often is refused."""
# A number that moves by no more than this fraction of what numbers scatter is the same.
_SAME_NUMBER = 0.1
# Of one image, or of equal ones, numbers do not scatter; what rounding moves is the same all the same.
_ROUNDED = 1e-5

Sample = Callable[[], "Representative"]


@dataclass(frozen=True)
class Agreement:
    """How a network in fewer bits compares with itself in float32, on images that it was not fitted to.

    Args:
        same: Images for which both have the same best class, or nearly the same number.
        images: Of so many.
        speedup: How many times as fast it is, one image after the other.
    """

    same: int
    images: int
    speedup: float

    @property
    def fraction(self) -> float:
        """Between 0 and 1."""
        return self.same / self.images

    def __str__(self) -> str:
        return f"{100 * self.fraction:.1f} % of {self.images} images"

    def check(self, name: str) -> None:
        """Raise `ModelError` if that is less than `MIN_AGREEMENT`.

        Args:
            name: What the network is called.
        """
        if self.fraction < MIN_AGREEMENT:
            raise ModelError(
                f"{name}: in fast precision it gives the same answer for {self} only, and at least "
                f"{100 * MIN_AGREEMENT:.0f} % are wanted; take full precision"
            )


def compare(fast: Engine, full: Engine, pixels: np.ndarray, classes: int, kind: TargetKind = "index") -> Agreement:
    """Have two engines answer the same images.

    Args:
        fast: In fewer bits.
        full: In float32.
        pixels: uint8 array of shape (n, height, width, 3).
        classes: How many numbers of the output are scores of classes.
        kind: What they tell.
    """
    import numpy as np

    seconds = {}
    answers = {}
    for engine in (fast, full):
        engine.predict(pixels[:1])  # gets ready
        start = time.perf_counter()
        scores = np.concatenate([engine.predict(pixels[i : i + 1])[:, :classes] for i in range(len(pixels))])
        seconds[engine] = time.perf_counter() - start
        answers[engine] = scores
    same = int(same_answers(answers[fast], answers[full], kind).sum())
    return Agreement(same, len(pixels), round(seconds[full] / max(seconds[fast], 1e-9), 2))


def same_answers(
    received: np.ndarray, expected: np.ndarray, kind: TargetKind, thresholds: float | np.ndarray = 0.5
) -> np.ndarray:
    """Which rows of two arrays of answers, of shape (n, outputs), say the same: bool array of shape (n,).

    Args:
        received: What is compared.
        expected: What it is compared with.
        kind: What answers tell: the same is the best class, all labels that reach their thresholds, or a number that
            moves by little of what numbers differ by, or by rounding.
        thresholds: From which score on a label is given, or float32 array of shape (outputs,), one of each label.
    """
    return _SAME[kind](received, expected, thresholds)


_SAME: Mapping[TargetKind, Callable[[np.ndarray, np.ndarray, float | np.ndarray], np.ndarray]] = {
    "index": lambda fast, full, _: fast.argmax(axis=1) == full.argmax(axis=1),
    "indicators": lambda fast, full, given: ((fast >= given) == (full >= given)).all(axis=1),
    "number": lambda fast, full, _: (
        abs(fast - full)[:, 0] <= _SAME_NUMBER * full.std() + _ROUNDED * abs(full).max(initial=1)
    ),
}


def check_precision(precision: str) -> None:
    """Raise `UsageError` for what is no precision."""
    if precision not in PRECISIONS:
        raise UsageError(f"precision must be one of {', '.join(PRECISIONS)}. Received: {precision!r}")
