"""The course of the learning rate over the steps of a training phase."""

from __future__ import annotations

import math
from typing import Literal

Shape = Literal["constant", "cosine", "one_cycle"]

ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = 1e-5
ONE_CYCLE_RISE = 0.25


def rate_at(step: int, steps: int, shape: Shape, warmup_steps: float = 0.0) -> float:
    """Return the fraction of the highest learning rate for one step.

    Args:
        step: Number of the step in the phase, from 0.
        steps: All steps of the phase, at least 1.
        shape: `constant`: 1. `cosine`: half a cosine from 1 to 0 (Loshchilov and Hutter 2017, equation 5).
            `one_cycle`: cosine from 1/25 up to 1 in the first quarter, then down to 1e-5 (Smith 2018, with
            fastai's numbers).
        warmup_steps: The first steps, in which the share climbs in a line, and which the other shapes leave
            to it. Not used by `one_cycle`.

    Returns:
        In (0, 1].
    """
    if shape == "one_cycle":
        rise = ONE_CYCLE_RISE * steps
        if step < rise:
            return _cosine(ONE_CYCLE_START, 1.0, step / rise)
        return _cosine(1.0, ONE_CYCLE_END, (step - rise) / (steps - rise))
    if step < warmup_steps:
        return (step + 1) / (math.floor(warmup_steps) + 1)
    if shape == "cosine":
        return _cosine(1.0, 0.0, (step - warmup_steps) / (steps - warmup_steps))
    return 1.0


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
