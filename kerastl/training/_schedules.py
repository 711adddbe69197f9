"""Learning rate schedules: Keras objects that an optimizer asks at each step, saved with it like its other settings.

Keras's own `CosineDecay` counts warm-up in whole steps; a phase here may warm up for a part of an epoch.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = 1e-5
ONE_CYCLE_RISE = 0.25


def _dtype() -> str:
    return "float32" if keras.backend.backend() == "jax" else "float64"


class _Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A highest rate times a fraction that depends on the step.

    The fraction is computed in float64, so that a rate rounded to float32 does not depend on how the steps are
    grouped into graphs; in float32 on JAX, which has nothing longer unless the whole process asks for it.
    """

    def __init__(self, learning_rate: float) -> None:
        super().__init__()
        self.learning_rate = learning_rate

    def __call__(self, step: Any) -> Any:
        """Return the rate for a step, which Keras counts from 0: a float32 scalar."""
        return ops.cast(self._rate(step), "float32")

    def at(self, step: int) -> float:
        """Return the rate for a step as a number, for reports."""
        return float(ops.convert_to_numpy(self._rate(step)))

    def _rate(self, step: Any) -> Any:
        return self.learning_rate * self._fraction(ops.cast(step, _dtype()))

    def _fraction(self, step: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return what the schedule is made of."""
        return {"learning_rate": self.learning_rate}


@keras.saving.register_keras_serializable("kerastl")
class ConstantWithWarmup(_Schedule):
    """A line from almost zero up to the learning rate, which then stays.

    Step s of w steps of warm-up has `(s + 1) / (floor(w) + 1)` of the rate, so that the first step moves already.

    Args:
        learning_rate: The highest.
        warmup_steps: Whole or not.

    Example:
        >>> from kerastl.training import ConstantWithWarmup
        >>> schedule = ConstantWithWarmup(0.1, warmup_steps=4)
        >>> [round(schedule.at(step), 2) for step in range(6)]
        [0.02, 0.04, 0.06, 0.08, 0.1, 0.1]
    """

    def __init__(self, learning_rate: float, warmup_steps: float = 0.0) -> None:
        super().__init__(learning_rate)
        self.warmup_steps = warmup_steps

    def _fraction(self, step: Any) -> Any:
        return ops.where(step < self.warmup_steps, (step + 1) / (math.floor(self.warmup_steps) + 1), self._after(step))

    def _after(self, step: Any) -> Any:
        return ops.ones_like(step)

    def get_config(self) -> dict[str, Any]:
        """Return what the schedule is made of."""
        return {**super().get_config(), "warmup_steps": self.warmup_steps}


@keras.saving.register_keras_serializable("kerastl")
class CosineWithWarmup(ConstantWithWarmup):
    """After the warm-up, half a cosine down to zero (Loshchilov and Hutter 2017, equation 5).

    Args:
        learning_rate: The highest.
        steps: All steps, those of the warm-up among them; later ones have the rate of the last.
        warmup_steps: As in `ConstantWithWarmup`.

    Example:
        >>> import keras
        >>> from kerastl.training import CosineWithWarmup
        >>> optimizer = keras.optimizers.Adam(CosineWithWarmup(0.1, steps=100, warmup_steps=20))
        >>> round(float(optimizer.learning_rate), 4)
        0.0048
    """

    def __init__(self, learning_rate: float, steps: int, warmup_steps: float = 0.0) -> None:
        super().__init__(learning_rate, warmup_steps)
        self.steps = steps

    def _after(self, step: Any) -> Any:
        # Where the warm-up leaves less than a step, no step comes here.
        left = max(self.steps - self.warmup_steps, 1.0)
        return _cosine(1.0, 0.0, (ops.minimum(step, self.steps - 1.0) - self.warmup_steps) / left)

    def get_config(self) -> dict[str, Any]:
        """Return what the schedule is made of."""
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable("kerastl")
class OneCycle(_Schedule):
    """A cosine from 1/25 of the rate up to it in the first quarter, then one down to 1e-5 of it.

    The super-convergence of Smith 2018 with fastai's numbers.

    Args:
        learning_rate: The highest.
        steps: All steps; later ones have the rate of the last.

    Example:
        >>> from kerastl.training import OneCycle
        >>> schedule = OneCycle(0.1, steps=100)
        >>> [round(schedule.at(step), 3) for step in (0, 25, 50, 99)]
        [0.004, 0.1, 0.075, 0.0]
    """

    def __init__(self, learning_rate: float, steps: int) -> None:
        super().__init__(learning_rate)
        self.steps = steps

    def _fraction(self, step: Any) -> Any:
        step, rise = ops.minimum(step, self.steps - 1.0), ONE_CYCLE_RISE * self.steps
        up = _cosine(ONE_CYCLE_START, 1.0, step / rise)
        down = _cosine(1.0, ONE_CYCLE_END, (step - rise) / (self.steps - rise))
        return ops.where(step < rise, up, down)

    def get_config(self) -> dict[str, Any]:
        """Return what the schedule is made of."""
        return {**super().get_config(), "steps": self.steps}


def _cosine(start: float, end: float, fraction: Any) -> Any:
    return end + (start - end) * (1 + ops.cos(math.pi * fraction)) / 2


SCHEDULES = {
    "constant": lambda rate, steps, warmup: ConstantWithWarmup(rate, warmup) if warmup else rate,
    "cosine": CosineWithWarmup,
    "one_cycle": lambda rate, steps, warmup: OneCycle(rate, steps),
}
"""Makes the schedule of a name from the highest rate, all steps, and the steps of warm-up."""


def learning_rate_schedule(name: str, learning_rate: float, steps: int, warmup_steps: float = 0.0) -> Any:
    """Return what an optimizer takes as its learning rate.

    Args:
        name: A key of `SCHEDULES`.
        learning_rate: The highest.
        steps: All steps of the training.
        warmup_steps: The first of them, in which the rate climbs. Not used by `one_cycle`, which has a climb of its
            own.

    Returns:
        A `keras.optimizers.schedules.LearningRateSchedule`; a number where the rate is constant from the first step
        on, which callbacks may then change.

    Example:
        >>> from kerastl.training import learning_rate_schedule
        >>> learning_rate_schedule("constant", 0.1, steps=100)
        0.1
        >>> learning_rate_schedule("cosine", 0.1, steps=100, warmup_steps=10).at(10)
        0.1
    """
    return SCHEDULES[name](learning_rate, steps, warmup_steps)
