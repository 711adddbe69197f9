import keras
import numpy as np
import pytest

from kerastl.finetuning._optimizer import LayerwiseAdamW
from kerastl.finetuning._schedule import LearningRateCourse, rate_at


def variables():
    kernel = keras.Variable(np.array([[1.0, -2.0], [0.5, 3.0]]), name="kernel")
    bias = keras.Variable(np.array([1.0, -1.0]), name="bias")
    return kernel, bias


GRADIENTS = [(np.array([[0.1, -0.2], [0.3, 0.0]]), np.array([0.5, -0.1])) for _ in range(1)] + [
    (np.array([[-0.3, 0.1], [0.2, 0.4]]), np.array([-0.2, 0.2])),
    (np.array([[0.2, 0.2], [-0.1, 0.1]]), np.array([0.1, 0.3])),
]


def adamw_by_hand(value, gradients, rate, decay):
    """Loshchilov and Hutter 2019, algorithm 2, with Keras's place of epsilon."""
    mean = square = np.zeros_like(value)
    for step, gradient in enumerate(gradients, 1):
        value = value - rate * decay * value
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        alpha = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        value = value - alpha * mean / (np.sqrt(square) + 1e-7)
    return value


def test_each_variable_has_its_rate_and_only_kernels_decay():
    kernel, bias = variables()
    optimizer = LayerwiseAdamW({kernel.path: 0.25, bias.path: 1.0}, learning_rate=0.1, decay=0.3)
    expected_kernel = adamw_by_hand(np.array(kernel), [g[0] for g in GRADIENTS], 0.1 * 0.25, 0.3)
    expected_bias = adamw_by_hand(np.array(bias), [g[1] for g in GRADIENTS], 0.1, 0.0)
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(part, "float32") for part in gradient], [kernel, bias])
    np.testing.assert_allclose(np.array(kernel), expected_kernel, rtol=1e-5)
    np.testing.assert_allclose(np.array(bias), expected_bias, rtol=1e-5)


def test_shares_of_one_are_keras_adam():
    ours, theirs = variables(), variables()
    layerwise = LayerwiseAdamW({variable.path: 1.0 for variable in ours}, learning_rate=0.05)
    adam = keras.optimizers.Adam(0.05)
    for gradient in GRADIENTS:
        tensors = [keras.ops.convert_to_tensor(part, "float32") for part in gradient]
        layerwise.apply(tensors, list(ours))
        adam.apply(tensors, list(theirs))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))


def test_a_variable_without_a_share_is_an_error():
    kernel, bias = variables()
    with pytest.raises(ValueError, match="no fraction of the learning rate for bias"):
        LayerwiseAdamW({kernel.path: 1.0}).build([kernel, bias])


@pytest.mark.parametrize(
    ("step", "shape", "warmup", "expected"),
    [
        (0, "constant", 0, 1.0),
        (99, "constant", 0, 1.0),
        (0, "cosine", 0, 1.0),
        (50, "cosine", 0, 0.5),
        (0, "constant", 4, 0.2),
        (3, "constant", 4, 0.8),
        (4, "constant", 4, 1.0),
        (20, "cosine", 20, 1.0),
        (60, "cosine", 20, 0.5),
        (0, "one_cycle", 0, 0.04),
        (25, "one_cycle", 0, 1.0),
    ],
)
def test_course_of_the_rate(step, shape, warmup, expected):
    assert rate_at(step, 100, shape, warmup) == pytest.approx(expected)


def test_the_rate_never_is_zero():
    for shape in ("constant", "cosine", "one_cycle"):
        for steps in (1, 2, 7, 100):
            for warmup in (0, 0.5, steps):
                assert all(0 < rate_at(step, steps, shape, warmup) <= 1 for step in range(steps))


def test_the_callback_sets_the_rate_in_plain_keras():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(float(self.model.optimizer.learning_rate))

    course = LearningRateCourse(0.1, epochs=2, steps_per_epoch=2, shape="cosine", first_epoch=1)
    model.fit(np.zeros((4, 2)), np.zeros((4, 1)), batch_size=2, epochs=1, verbose=0, callbacks=[course, Look()])
    # Steps 2 and 3 of 4: half the way down, and three quarters.
    assert seen == pytest.approx([0.05, 0.1 * (1 + np.cos(0.75 * np.pi)) / 2])
