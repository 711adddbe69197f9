import keras
import numpy as np
import pytest

from kerastl.errors import RecipeError
from kerastl.finetuning._compiling import compile_for, loss_for, optimizer_for
from kerastl.finetuning._freezing import freeze_for
from kerastl.finetuning._phase import Phase
from kerastl.training._optimizer import PerVariable

TARGETS = np.array([[1, 0, 0], [0, 0, 1]], "float32")
GUESSES = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]], "float32")


def test_a_phase_decides_about_optimizer_schedule_and_loss(small_network):
    phase = Phase(
        epochs=3, learning_rate=0.2, schedule="cosine", optimizer="sgd", optimizer_options={"momentum": 0.5},
        global_clipnorm=2.0, ema_momentum=0.9,
    )  # fmt: skip
    freeze_for(small_network, phase)
    rate = compile_for(small_network.model, small_network, phase, steps_per_epoch=4)
    optimizer = small_network.model.optimizer
    assert isinstance(optimizer, PerVariable)
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.global_clipnorm, optimizer.clipnorm) == (0.5, 2.0, None)
    assert (optimizer.use_ema, optimizer.ema_momentum) == (True, 0.9)
    assert rate.at(6) == pytest.approx(0.1)  # half of 12 steps


def test_the_default_is_adamw_without_average(small_network):
    freeze_for(small_network, Phase())
    optimizer = optimizer_for(small_network, Phase(), 0.1)
    assert isinstance(optimizer, keras.optimizers.AdamW)
    assert not optimizer.use_ema


def test_clipping_by_value_by_hand(small_network):
    phase = Phase(optimizer="sgd", clipvalue=0.25, learning_rate=1.0)
    freeze_for(small_network, phase)
    optimizer = optimizer_for(small_network, phase, 1.0)
    bias = small_network.model.get_layer("head_classifier").bias
    kernel = small_network.model.get_layer("head_classifier").kernel
    optimizer.build(small_network.model.trainable_variables)
    gradient = keras.ops.convert_to_tensor([3.0, -3.0, 0.125])
    optimizer.apply([keras.ops.zeros(kernel.shape), gradient], [kernel, bias])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(bias), [-0.25, 0.25, -0.125])


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase(), -np.log([0.7, 0.4]).mean()),
        # Smoothed targets: 0.8 on the right class and 0.1 on the others.
        (
            Phase(label_smoothing=0.3),
            -np.mean([0.8 * np.log(0.7) + 0.1 * np.log(0.2 * 0.1), 0.8 * np.log(0.4) + 0.1 * np.log(0.3 * 0.3)]),
        ),
        (Phase(loss="mean_squared_error"), np.mean((GUESSES - TARGETS) ** 2)),
        (Phase(loss="MeanSquaredError"), np.mean((GUESSES - TARGETS) ** 2)),
        (Phase(loss="mse"), np.mean((GUESSES - TARGETS) ** 2)),
        (Phase(loss="kl_divergence"), -np.log([0.7, 0.4]).mean()),
        (
            Phase(loss="categorical_focal_crossentropy", loss_options={"gamma": 2.0, "alpha": 1.0}),
            np.mean([0.3**2 * -np.log(0.7), 0.6**2 * -np.log(0.4)]),
        ),
    ],
)
def test_losses_by_hand(phase, expected):
    assert float(loss_for(phase)(TARGETS, GUESSES)) == pytest.approx(expected, rel=1e-4)


@keras.saving.register_keras_serializable("house")
class Doubled(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return 2 * keras.losses.categorical_crossentropy(y_true, y_pred)


def test_a_registered_loss_is_as_good():
    loss = loss_for(Phase(loss="house>Doubled"))
    assert float(loss(TARGETS, GUESSES)) == pytest.approx(-2 * np.log([0.7, 0.4]).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (Phase(loss="crossentropi"), "loss must be the name of a loss of Keras.*'crossentropi'"),
        (Phase(loss="mean_squared_error", label_smoothing=0.1), "'mean_squared_error' cannot be used: .*label_smooth"),
        (Phase(loss="sparse_categorical_crossentropy"), "cannot be used"),
        (Phase(loss_options={"gamma": 1}), "cannot be used: .*gamma"),
        (Phase(loss_options={"from_logits": True}), "gets probabilities, so from_logits must be False"),
    ],
)
def test_a_loss_that_does_not_fit_is_one_line(phase, message):
    with pytest.raises(RecipeError, match=message) as caught:
        loss_for(phase)
    assert "\n" not in str(caught.value)
