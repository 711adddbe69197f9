import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.explaining._gradients import class_gradient
from kerastl.explaining._integrated import idgi, integrated_gradients
from kerastl.models._graph import logits

keras = pytest.importorskip("keras")

RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(0, 1, (2, 4, 4, 3))
PIXELS = RNG.uniform(0, 255, (4, 4, 3)).astype("float32")


def linear(inputs, index):
    return (inputs * WEIGHTS[index]).sum(axis=(1, 2, 3)), np.broadcast_to(WEIGHTS[index], inputs.shape)


def squares(inputs, index):
    return np.square(inputs).sum(axis=(1, 2, 3)), 2 * inputs


@pytest.mark.parametrize("baseline", [0.0, 127.5, 200.0])
@pytest.mark.parametrize("steps", [1, 7])
def test_of_a_linear_score_each_pixel_gets_its_term(baseline, steps):
    found = integrated_gradients(linear, PIXELS, 1, steps=steps, baseline=baseline, batch_size=3)
    np.testing.assert_allclose(found, ((PIXELS - baseline) * WEIGHTS[1]).sum(axis=-1), rtol=1e-4, atol=1e-3)


def test_of_a_sum_of_squares_each_pixel_gets_its_difference_of_squares():
    found = integrated_gradients(squares, PIXELS, 0, steps=5, baseline=100.0)
    np.testing.assert_allclose(found, (np.square(PIXELS) - 100.0**2).sum(axis=-1), rtol=1e-4, atol=1)


def test_idgi_of_a_linear_score_shares_by_squared_weights():
    difference = ((PIXELS - 127.5) * WEIGHTS[0]).sum()
    shares = np.square(WEIGHTS[0]).sum(axis=-1) / np.square(WEIGHTS[0]).sum()
    np.testing.assert_allclose(idgi(linear, PIXELS, 0, steps=3, batch_size=2), difference * shares, rtol=1e-4)


@pytest.mark.parametrize("attribute", [integrated_gradients, idgi])
@pytest.mark.parametrize("option", [{"steps": 0}, {"batch_size": 0}, {"baseline": -1.0}, {"baseline": 256.0}])
def test_arguments_out_of_range_are_refused(attribute, option):
    with pytest.raises(UsageError, match=f"{next(iter(option))}="):
        attribute(linear, PIXELS, 0, **option)


@pytest.fixture(scope="module")
def curved():
    """A small network of smooth curves, its gradient, and the difference that attributions must add up to."""
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 64, -2),
            keras.layers.Conv2D(6, 3, activation="tanh", bias_initializer="normal"),
            keras.layers.Conv2D(6, 3, activation="tanh", bias_initializer="normal"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    scores = logits(model)
    image = np.random.default_rng(1).uniform(0, 255, (8, 8, 3)).astype("float32")
    ends = np.asarray(scores(np.stack([image, np.full_like(image, 127.5)])))
    return class_gradient(scores), image, ends[0] - ends[1]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_attributions_add_up_to_the_difference_of_the_scores(curved, index):
    gradient, image, difference = curved
    assert abs(difference[index]) > 0.05
    assert integrated_gradients(gradient, image, index, steps=64).sum() == pytest.approx(difference[index], abs=1e-3)
    for steps in (1, 5):  # exactly, however few the steps
        assert idgi(gradient, image, index, steps=steps).sum() == pytest.approx(difference[index], abs=1e-4)


def test_more_steps_come_nearer(curved):
    gradient, image, difference = curved
    gaps = [abs(integrated_gradients(gradient, image, 0, steps=n).sum() - difference[0]) for n in (1, 8, 64)]
    assert gaps[0] > 5 * gaps[1] > 5 * gaps[2]


@pytest.mark.parametrize("attribute", [integrated_gradients, idgi])
def test_the_batch_changes_nothing(curved, attribute):
    gradient, image, _ = curved
    whole = attribute(gradient, image, 1, steps=9, batch_size=16)
    np.testing.assert_allclose(attribute(gradient, image, 1, steps=9, batch_size=2), whole, atol=1e-6)


def test_pixels_like_the_baseline_get_nothing(curved):
    gradient, image, _ = curved
    changed = image.copy()
    changed[:3] = 127.5
    found = integrated_gradients(gradient, changed, 0)
    assert not found[:3].any()
    assert found[3:].any()


@pytest.mark.parametrize("end", ["training", "inference"])
def test_gradients_are_those_of_finite_differences(curved, end):
    gradient, image, _ = curved
    image = image if end == "training" else image / 2
    scores, slopes = gradient(image[None], 2)
    assert scores.shape == (1,)
    for place in [(0, 0, 0), (3, 4, 1), (7, 7, 2)]:
        step = np.zeros((1, 8, 8, 3), "float32")
        step[0][place] = 0.5
        above, below = gradient(image[None] + step, 2)[0], gradient(image[None] - step, 2)[0]
        assert slopes[0][place] == pytest.approx(float(above[0] - below[0]), rel=0.02, abs=2e-6)
