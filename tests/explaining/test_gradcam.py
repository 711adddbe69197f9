import numpy as np
import pytest
from PIL import Image

from kerastl.errors import ModelError
from kerastl.explaining._explainer import Explainer

keras = pytest.importorskip("keras")
deep_features = pytest.importorskip("kerastl.models._deep_features").deep_features


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


def test_several_maps_count_with_what_they_add_to_the_score():
    pixels = keras.Input((4, 4, 3))
    fine = keras.layers.Rescaling(1.0)(pixels)
    coarse = keras.layers.AveragePooling2D(2)(fine)
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pixels, dense(deep_features([fine, coarse])))
    random = np.random.default_rng(0)
    dense.set_weights([random.normal(size=(12, 2)).astype("float32"), np.zeros(2, "float32")])
    image = random.integers(0, 256, (4, 4, 3)).astype(np.uint8)

    network = Explainer(lambda: model, lambda _: None).feature_gradient
    assert network.shapes == [(4, 4, 3), (2, 2, 3)]
    maps = network.lower.predict_on_batch(image[None].astype("float32"))
    averages = image.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(maps[0], np.concatenate([image.ravel(), averages.ravel()]), rtol=1e-6)
    # By differences: the gradient with respect to one map leaves the other as it is.
    gradient = network.gradient(maps, 1)[1][0]
    for number in (5, 50):
        step = np.zeros_like(maps)
        step[0, number] = 2.0
        above, below = (network.gradient(maps + sign * step, 1)[0][0] for sign in (1, -1))
        assert gradient[number] == pytest.approx((above - below) / 4, rel=0.05, abs=1e-5)

    parts = (maps[0] * gradient)[:48].reshape(4, 4, 3).sum(axis=-1), (maps[0] * gradient)[48:].reshape(2, 2, 3).sum(-1)
    enlarged = np.asarray(Image.fromarray(parts[1].astype("float32")).resize((4, 4), Image.Resampling.BILINEAR))
    expected = np.maximum(16 * parts[0] + 4 * enlarged, 0)
    found = Explainer(lambda: model, lambda _: None).explain(image, 1)
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-4)
