import math

import keras
import numpy as np
import pytest

from kerastl.finetuning._phase import ScheduleName
from kerastl.training._schedules import SCHEDULES, learning_rate_schedule

CASES = [
    (name, steps, warmup)
    for name in ("constant", "cosine", "one_cycle")
    for steps in (1, 2, 7, 100)
    for warmup in (0.0, 0.5, 3.7, float(steps))
    if warmup <= steps
]


def rate_by_hand(name, step, steps, warmup):
    """What the names promise, as a fraction of the highest rate, in Python's numbers."""

    def cosine(start, end, done):
        return end + (start - end) * (1 + math.cos(math.pi * done)) / 2

    if name == "one_cycle":
        rise = steps / 4
        return cosine(1 / 25, 1, step / rise) if step < rise else cosine(1, 1e-5, (step - rise) / (steps - rise))
    if step < warmup:
        return (step + 1) / (math.floor(warmup) + 1)
    return cosine(1, 0, (step - warmup) / (steps - warmup)) if name == "cosine" else 1.0


def rates(schedule, steps):
    """What an optimizer sees at each step."""
    optimizer = keras.optimizers.SGD(schedule)
    seen = []
    for step in range(steps):
        optimizer.iterations.assign(step)
        seen.append(keras.ops.convert_to_numpy(optimizer.learning_rate))
    return np.array(seen)


@pytest.mark.parametrize(("name", "steps", "warmup"), CASES)
def test_the_optimizer_sees_the_rate_to_the_last_bit(name, steps, warmup):
    expected = [0.003 * rate_by_hand(name, step, steps, warmup) for step in range(steps)]
    seen = rates(learning_rate_schedule(name, 0.003, steps, warmup), steps)
    assert seen.dtype == np.float32
    np.testing.assert_array_equal(seen, np.array(expected, np.float32))
    assert (seen > 0).all()


@pytest.mark.parametrize(
    ("step", "name", "warmup", "expected"),
    [
        (0, "cosine", 0, 1.0),
        (50, "cosine", 0, 0.5),
        (0, "constant", 4, 0.2),
        (3, "constant", 4, 0.8),
        (4, "constant", 4, 1.0),
        (20, "cosine", 20, 1.0),
        (60, "cosine", 20, 0.5),
        (0, "one_cycle", 0, 0.04),
        (25, "one_cycle", 0, 1.0),
        (130, "one_cycle", 0, (rate_by_hand("one_cycle", 99, 100, 0))),  # the last rate stays
    ],
)
def test_some_rates_by_hand(step, name, warmup, expected):
    assert learning_rate_schedule(name, 1.0, 100, warmup).at(step) == pytest.approx(expected)


def test_a_constant_rate_is_a_number_that_callbacks_may_change():
    assert learning_rate_schedule("constant", 0.25, 10) == 0.25


@pytest.mark.parametrize("name", ["constant", "cosine", "one_cycle"])
def test_a_schedule_survives_the_config_of_its_optimizer(name):
    optimizer = keras.optimizers.Adam(learning_rate_schedule(name, 0.1, 20, 4.5))
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    for step in (0, 4, 5, 19):
        optimizer.iterations.assign(step)
        again.iterations.assign(step)
        assert float(again.learning_rate) == float(optimizer.learning_rate)


def test_the_schedules_of_phases_are_those_that_there_are():
    assert set(ScheduleName.__args__) == set(SCHEDULES)


def test_a_schedule_goes_on_where_the_optimizer_is():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate_schedule("cosine", 0.1, 4)), "mse")
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(float(self.model.optimizer.learning_rate))

    inputs = np.zeros((4, 2)), np.zeros((4, 1))
    for _ in range(2):
        model.fit(*inputs, batch_size=2, verbose=0, callbacks=[Look()])
    assert seen == pytest.approx([0.1 * (1 + math.cos(step / 4 * math.pi)) / 2 for step in range(4)])
