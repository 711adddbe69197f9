import numpy as np
import pytest
from scipy.special import softmax

from kerastl.calibration import _temperature as temperature
from kerastl.errors import ModelError
from kerastl.images import Resize
from kerastl.models._labels import LabelSet
from kerastl.models._metadata import Metadata


@pytest.fixture
def images():
    """Logits of 2,000 images and classes drawn from their softmax: scores that are right as often as they say."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(2000, 5)) * 2
    labels = (softmax(logits, axis=1).cumsum(axis=1) > random.random((2000, 1))).argmax(axis=1)
    return logits, labels


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0, 7.5])
def test_probabilities_are_scaled_as_logits_would_be(images, scale):
    logits, _ = images
    expected = softmax(logits / scale, axis=1)
    assert temperature.apply(softmax(logits, axis=1), scale) == pytest.approx(expected, rel=1e-9)
    single = temperature.apply(softmax(logits, axis=1).astype(np.float32), scale)
    assert single.dtype == np.float32
    assert single == pytest.approx(expected, abs=1e-6)


def test_a_temperature_of_one_changes_nothing(images):
    own = softmax(images[0], axis=1).astype(np.float32)
    assert temperature.apply(own, 1.0) is own


def test_zeros_and_extremes_stay_probabilities():
    own = np.array([[1, 0, 0], [1e-30, 1, 1e-38], [0.5, 0.5, 0]], np.float32)
    for scale in (temperature.LOWEST, temperature.HIGHEST):
        found = temperature.apply(own, scale)
        assert found.sum(axis=1) == pytest.approx(1)
        assert (found.argmax(axis=1) == own.argmax(axis=1)).all()
    assert temperature.apply(own, temperature.LOWEST)[2].tolist() == [0.5, 0.5, 0]


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_temperature_is_found_again(images, scale):
    logits, labels = images
    assert temperature.fit(softmax(scale * logits, axis=1), labels) == pytest.approx(scale, rel=0.05)


def test_at_the_minimum_the_mean_logit_is_the_expected_one(images):
    """Setting the derivative of the log loss by 1/T to zero gives: mean z of the label = mean over classes of p z."""
    logits, labels = images
    logits = 2 * logits + 0.7 * np.sin(logits * 9)
    found = temperature.fit(softmax(logits, axis=1), labels)
    expected = (softmax(logits / found, axis=1) * logits).sum(axis=1).mean()
    assert logits[np.arange(2000), labels].mean() == pytest.approx(expected, abs=1e-4)


def test_without_a_mistake_there_is_nothing_to_fit():
    assert temperature.fit(np.array([[0.6, 0.4], [0.1, 0.9]]), np.array([0, 1])) == 1


def described(extra):
    return Metadata("m", LabelSet(("a", "b")), Resize(8, 8), extra=extra)


@pytest.mark.parametrize(
    ("extra", "to_apply", "inside", "fitted_on"),
    [
        ({}, 1, 1, None),
        ({"temperature": 2}, 2, 1, "labeled images"),
        (temperature.record(3.0, "labeled images"), 1, 3, "labeled images"),
        (temperature.record(0.2, "leave-one-out answers"), 1, 1, "leave-one-out answers"),
    ],
)
def test_the_metadata_say_where_the_temperature_is(extra, to_apply, inside, fitted_on):
    metadata = described(extra)
    assert temperature.to_apply(metadata) == to_apply
    assert temperature.inside(metadata) == inside
    assert temperature.of(metadata) == to_apply * inside
    assert temperature.fitted_on(metadata) == fitted_on
    assert temperature.is_calibrated(metadata) is (fitted_on is not None)


@pytest.mark.parametrize("wrong", [0, -1.0, "2", None, True, float("nan"), float("inf")])
def test_what_is_no_temperature_is_refused(wrong):
    for extra in ({"temperature": wrong}, {"temperature_inside": {"value": wrong, "fitted_on": "labeled images"}}):
        with pytest.raises(ModelError, match="temperature"):
            temperature.of(described(extra))


@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0])
def test_a_temperature_can_be_taken_back(images, scale):
    own = softmax(images[0], axis=1)
    single = temperature.apply(own.astype(np.float32), scale)
    assert temperature.undo(single, scale) == pytest.approx(own, rel=1e-5)


def test_what_was_lost_counts_as_the_least_that_float32_holds():
    """0.01 to the power of 20 is 1e-40, below 1.2e-38: of that the twentieth root is 0.0126."""
    scaled = temperature.apply(np.array([[0.99, 0.01]], np.float32), 0.05)
    assert scaled[0, 1] < 1e-37
    assert temperature.undo(scaled, 0.05)[0] == pytest.approx([0.9875, 0.0125], abs=3e-4)
