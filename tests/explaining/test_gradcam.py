import numpy as np
import pytest

from kerastl.errors import ModelError
from kerastl.explaining._explainer import Explainer

keras = pytest.importorskip("keras")


def linear_network(head):
    """Pixels are the feature map; the head is a linear layer with a weight for each of its values."""
    pixels = keras.Input((4, 4, 3))
    features = keras.layers.Rescaling(1.0)(pixels)
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pixels, dense(keras.layers.Flatten()(features)))
    dense.set_weights([head.reshape(48, 2).astype("float32"), np.zeros(2, "float32")])
    return Explainer(lambda: model, lambda _: pytest.fail("not needed"))


def test_it_is_the_formula_worked_out_by_hand():
    rng = np.random.default_rng(3)
    # Channels that count for a class and channels that speak against it.
    head = rng.normal(0, 0.01, (4, 4, 3, 2)) + np.array([[0.02, -0.03], [-0.02, 0.01], [0.01, 0.02]])
    pixels = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    for index in (0, 1):
        # Equation 1: the gradient of a linear score is its weights. Equation 2: weighted sum, negative parts cut.
        alpha = [head[..., channel, index].mean() for channel in range(3)]
        expected = np.maximum(sum(alpha[channel] * pixels[..., channel].astype(float) for channel in range(3)), 0)
        assert 0 < (expected > 0).sum() < 16
        found = linear_network(head).explain(pixels, index)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected / expected.max(), atol=1e-5)


def test_what_speaks_against_the_class_everywhere_gives_an_empty_map():
    head = np.full((4, 4, 3, 2), -1.0)
    assert not linear_network(head).explain(np.full((4, 4, 3), 200, np.uint8), 0).any()


def test_a_coarse_map_is_scaled_up_bilinearly():
    pixels = keras.Input((4, 4, 3))
    pooled = keras.layers.Conv2D(1, 2, strides=2, use_bias=False)
    dense = keras.layers.Dense(2)
    model = keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(pooled(pixels))))
    pooled.set_weights([np.full((2, 2, 3, 1), 1 / 12, "float32")])
    dense.set_weights([np.array([[1.0, -1.0]], "float32"), np.zeros(2, "float32")])
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, 2:] = 240
    found = Explainer(lambda: model, lambda _: None).explain(image, 0)
    # The centers of the two columns lie at 1 and 3 of 4 pixels, those of the pixels at 0.5, 1.5, 2.5 and 3.5.
    np.testing.assert_allclose(found, [[0, 0.25, 0.75, 1]] * 4, atol=1e-6)


def test_a_network_without_feature_maps_says_what_to_do():
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, keras.layers.Dense(2)(keras.layers.Flatten()(pixels)), name="flat")
    with pytest.raises(ModelError, match=r"flat has no feature map .* try the method integrated-gradients"):
        Explainer(lambda: model, lambda _: None).explain(np.zeros((8, 8, 3), np.uint8), 0)
