"""The learning-rate finder: a short run in which the rate grows until the loss explodes.

Smith 2017, "Cyclical learning rates for training neural networks", section 3.3; smoothing and stopping as in
fastai.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.files import replacing
from kerastl._base.serialization import write_csv
from kerastl.errors import TrainingError, UsageError

if TYPE_CHECKING:
    import keras

_SMOOTHING = 0.98
_EXPLODED = 4.0

# The short test: so many passes over a few batches, from a low rate to one above that which is asked for.
_PASSES, _LOW, _HIGH = 6, 1 / 30, 3.0
# A loss that is higher than at the start by this fraction has risen.
_RISEN = 1.1


@dataclass(frozen=True)
class RateCurve:
    """Loss against learning rate.

    Args:
        rates: Of each step, rising.
        losses: Smoothed training loss at each step.
        suggestion: Where the loss falls most steeply, over the logarithm of the rate.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float

    def plot(self, path: str | Path) -> None:
        """Draw the curve and the suggestion as PNG."""
        from kerastl.plots import learning_rates

        with replacing(path) as temporary:
            learning_rates(self.rates, self.losses, self.suggestion).savefig(temporary, format="png")

    def write_csv(self, path: str | Path) -> None:
        """Write the columns `learning_rate` and `loss`."""
        rows = ((f"{rate:.6g}", f"{loss:.6g}") for rate, loss in zip(self.rates, self.losses, strict=True))
        write_csv(path, ("learning_rate", "loss"), rows)


def check_range(lowest: float, highest: float, steps: int) -> None:
    """Raise `UsageError` where this is no range to sweep over."""
    if not (0 < lowest < highest and steps >= 10):
        raise UsageError(
            "lowest must be above zero and below highest, and steps at least 10. "
            f"Received: lowest={lowest}, highest={highest}, steps={steps}"
        )


def lr_range_test(
    model: keras.Model,
    batches: Iterable[tuple[Any, ...]],
    *,
    lowest: float = 1e-7,
    highest: float = 1.0,
    steps: int = 100,
) -> RateCurve:
    """Sweep the learning rate of a compiled Keras model; its weights and its optimizer are put back afterwards.

    The sweep has an optimizer of its own, which differs in its schedule alone.

    Args:
        model: Compiled, with a single output.
        batches: Arguments of `model.train_on_batch`: inputs, targets and, if wanted, weights. At least `steps`.
        lowest: Learning rate of the first step, above zero.
        highest: Learning rate of the last step; the sweep stops earlier when the loss explodes.
        steps: At least 10.

    Returns:
        The curve.

    Raises:
        UsageError: An argument is out of range.
        TrainingError: The loss is not a number from the start, or there are too few batches.

    Example:
        >>> import itertools
        >>> import keras
        >>> import numpy as np
        >>> from kerastl.finetuning import lr_range_test
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
        >>> model.compile("sgd", "categorical_crossentropy")
        >>> batch = (np.eye(4, dtype="float32")[:3], np.eye(3, dtype="float32"))
        >>> curve = lr_range_test(model, itertools.repeat(batch), lowest=1e-4, highest=1.0, steps=20)
        >>> len(curve.rates) == len(curve.losses)
        True
    """
    check_range(lowest, highest, steps)
    with _swept(model, lowest, highest, steps):
        rates, losses = _sweep(model, batches, steps)
    if len(rates) < 5:
        raise TrainingError(f"only {len(rates)} steps had a loss: too few images, or the loss is not a number")
    return RateCurve(np.array(rates), np.array(losses), suggest(np.array(rates), np.array(losses)))


def harmless_rate(model: keras.Model, batches: Sequence[tuple[Any, ...]], highest: float) -> float:
    """Find a learning rate that does not spoil weights which are good already, by a short range test.

    The rate climbs to 3 times `highest` while the same few batches come round, so that losses of one batch are
    compared, and not of one batch with another. Where the loss of a round has risen above that of the first, a third
    of the rate is taken. Weights and optimizer are put back.

    Args:
        model: Compiled.
        batches: Arguments of `model.train_on_batch`, at least one.
        highest: The rate that is wanted.

    Returns:
        `highest`, or less: at least a ninetieth of it.
    """
    size = len(batches)
    steps = _PASSES * size
    lowest = highest * _LOW
    growth = (_HIGH / _LOW) ** (1 / (steps - 1))
    losses: list[float] = []
    with _swept(model, lowest, highest * _HIGH, steps):
        for step in range(steps):
            losses.append(_step(model, batches[step % size]))
            now, first = np.mean(losses[-size:]), np.mean(losses[:size])
            if not math.isfinite(losses[-1]) or (step >= size and now > _RISEN * first):
                return min(highest, lowest * growth**step / _HIGH)
    return highest


@contextmanager
def _swept(model: keras.Model, lowest: float, highest: float, steps: int) -> Iterator[None]:
    """Give a model an optimizer whose rate grows by a constant factor; at the end its own, and its weights."""
    import keras

    from kerastl.training._optimizer import with_learning_rate
    from kerastl.training._variables import assign, values_of

    rising = keras.optimizers.schedules.ExponentialDecay(lowest, steps - 1, highest / lowest)
    optimizer, train_function = model.optimizer, model.train_function
    before = values_of(model.variables)
    model.optimizer = with_learning_rate(optimizer, rising)
    model.optimizer.build(model.trainable_variables)
    model.make_train_function(force=True)
    try:
        yield
    finally:
        model.optimizer, model.train_function = optimizer, train_function
        assign(model.variables, before)


def _sweep(model: keras.Model, batches: Iterable[tuple[Any, ...]], steps: int) -> tuple[list[float], list[float]]:
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    for step, batch in zip(range(steps), batches, strict=False):
        rate = float(model.optimizer.learning_rate)
        loss = _step(model, batch)
        if not math.isfinite(loss):
            break
        average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
        smooth = average / (1 - _SMOOTHING ** (step + 1))
        rates.append(rate)
        losses.append(smooth)
        if smooth > _EXPLODED * min(losses):
            break
    return rates, losses


def _step(model: keras.Model, batch: tuple[Any, ...]) -> float:
    model.reset_metrics()  # Keras before 3.13 goes on with the means of the batches before
    return float(model.train_on_batch(*batch, return_dict=True)["loss"])


def suggest(rates: np.ndarray, losses: np.ndarray) -> float:
    """Return the rate at which `losses` fall most steeply per factor of the rate, before their minimum.

    The slope is taken over a tenth of the sweep to both sides, since single steps are noise.

    Args:
        rates: `(n,)`, rising by a constant factor, above zero; n at least 2.
        losses: `(n,)`.
    """
    reach = max(1, len(rates) // 10)
    places = np.arange(len(rates))
    before, after = np.maximum(places - reach, 0), np.minimum(places + reach, len(rates) - 1)
    slopes = (losses[after] - losses[before]) / (after - before)
    # The first steps are left out too: their average is still of a few batches.
    end = max(reach + 1, int(np.argmin(losses)))
    return float(rates[reach + int(np.argmin(slopes[reach:end]))])
