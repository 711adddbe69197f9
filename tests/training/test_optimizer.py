import keras
import numpy as np
import pytest

from kerastl.errors import RecipeError
from kerastl.training._optimizer import averaged_weights, build_optimizer, per_variable, with_learning_rate
from kerastl.training._schedules import CosineWithWarmup


def variables():
    kernel = keras.Variable(np.array([[1.0, -2.0], [0.5, 3.0]], "float32"), name="kernel")
    bias = keras.Variable(np.array([1.0, -1.0], "float32"), name="bias")
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
    optimizer = build_optimizer("adamw", 0.1, {kernel.path: 0.25, bias.path: 1.0}, {kernel.path: 0.3})
    expected_kernel = adamw_by_hand(np.array(kernel), [g[0] for g in GRADIENTS], 0.1 * 0.25, 0.3)
    expected_bias = adamw_by_hand(np.array(bias), [g[1] for g in GRADIENTS], 0.1, 0.0)
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(part, "float32") for part in gradient], [kernel, bias])
    np.testing.assert_allclose(np.array(kernel), expected_kernel, rtol=1e-5)
    np.testing.assert_allclose(np.array(bias), expected_bias, rtol=1e-5)


OPTIMIZERS = ["adam", "adamw", "sgd", "rmsprop", "lion", "nadam", "adagrad", "adadelta", "adamax", "ftrl", "adafactor"]


def moved(optimizer, trained):
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(part, "float32") for part in gradient], list(trained))
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in trained]


# Keras 3.12 does not know Muon by its name.
@pytest.mark.parametrize("name", [*OPTIMIZERS, *([] if keras.__version__.startswith("3.12.") else ["muon"])])
def test_multipliers_of_one_are_the_optimizer_of_keras(name):
    ours, theirs = variables(), variables()
    keras_optimizer = keras.optimizers.get(name)
    keras_optimizer = type(keras_optimizer).from_config({**keras_optimizer.get_config(), "learning_rate": 0.05})
    keras_optimizer.exclude_from_weight_decay(var_list=list(theirs))
    layerwise = build_optimizer(name, 0.05, {variable.path: 1.0 for variable in ours}, {})
    for one, other in zip(moved(layerwise, ours), moved(keras_optimizer, theirs), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_multiplier_is_a_learning_rate_of_its_own(name):
    ours = variables()
    kernel, _ = moved(build_optimizer(name, 0.05, {ours[0].path: 0.5, ours[1].path: 1.0}, {}), ours)
    theirs = variables()
    expected, _ = moved(build_optimizer(name, 0.025, {variable.path: 1.0 for variable in theirs}, {}), theirs)
    np.testing.assert_allclose(kernel, expected, rtol=1e-6)


def test_the_decay_of_any_optimizer_is_decoupled():
    ours = variables()
    kernel, bias = moved(build_optimizer("sgd", 0.1, {v.path: 0.5 for v in ours}, {ours[0].path: 0.2}), ours)
    expected = [np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([1.0, -1.0])]
    for gradients in GRADIENTS:
        expected[0] = expected[0] - 0.05 * 0.2 * expected[0] - 0.05 * gradients[0]
        expected[1] = expected[1] - 0.05 * gradients[1]
    np.testing.assert_allclose(kernel, expected[0], rtol=1e-6)
    np.testing.assert_allclose(bias, expected[1], rtol=1e-6)


def test_a_variable_without_a_multiplier_is_an_error():
    kernel, bias = variables()
    with pytest.raises(ValueError, match="no fraction of the learning rate for bias"):
        build_optimizer("adamw", 0.1, {kernel.path: 1.0}, {}).build([kernel, bias])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("adamz", {}, "optimizer must be the name of an optimizer of Keras.*'adamz'"),
        ("LossScaleOptimizer", {}, "optimizer must be the name"),
        ("sgd", {"beta_1": 0.5}, "optimizer 'sgd' cannot be made: .*beta_1"),
        ("sgd", {"momentum": 7}, "optimizer 'sgd' cannot be made: .*momentum"),
    ],
)
def test_what_cannot_be_made_is_one_line(name, options, message):
    with pytest.raises(RecipeError, match=message) as caught:
        build_optimizer(name, 0.1, {}, {}, **options)
    assert "\n" not in str(caught.value)


@keras.saving.register_keras_serializable("house")
class SignSGD(keras.optimizers.Optimizer):
    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, keras.ops.sign(gradient) * keras.ops.cast(learning_rate, variable.dtype))


def test_a_registered_optimizer_is_as_good():
    ours = variables()
    kernel, bias = moved(build_optimizer("house>SignSGD", 0.1, {v.path: 0.5 for v in ours}, {}), ours)
    # Three steps of 0.05; the last number of the kernel has a gradient of zero at first.
    np.testing.assert_allclose(kernel, [[1 - 0.05, -2 - 0.05], [0.5 - 0.05, 3 - 0.1]], atol=1e-6)
    np.testing.assert_allclose(bias, [1 - 0.05, -1 - 0.05], atol=1e-6)


def test_it_survives_its_config_with_another_rate():
    optimizer = build_optimizer("adamw", 0.1, {"a": 0.5}, {"a": 0.2}, beta_1=0.8, clipnorm=3.0)
    again = with_learning_rate(optimizer, CosineWithWarmup(0.7, 10))
    assert type(again) is per_variable(keras.optimizers.AdamW)
    before, after = optimizer.get_config(), again.get_config()
    assert float(again.learning_rate) == np.float32(0.7)
    assert {**before, "learning_rate": 0} == {**after, "learning_rate": 0}
    scaled = with_learning_rate(keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=8.0), 0.3)
    assert (scaled.initial_scale, float(scaled.learning_rate)) == (8.0, np.float32(0.3))


def test_averaged_weights_are_the_moving_average_by_hand():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False, name="d")(inputs))
    model.compile(build_optimizer("sgd", 0.125, {"d/kernel": 1.0}, {}, use_ema=True, ema_momentum=0.75), "mse")
    model.set_weights([np.array([[8.0]])])
    weight, average = 8.0, None
    for _ in range(3):
        model.train_on_batch(np.array([[1.0]]), np.array([[0.0]]))  # the gradient is twice the weight
        weight -= 0.125 * 2 * weight
        average = weight if average is None else 0.75 * average + 0.25 * weight
    with averaged_weights(model):
        assert model.get_weights()[0][0, 0] == pytest.approx(average)
    assert model.get_weights()[0][0, 0] == pytest.approx(weight)
