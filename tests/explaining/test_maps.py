"""Whether maps show what the network looks at."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.stats import spearmanr

from kerastl.errors import UsageError
from kerastl.explaining import METHODS, Explainer

keras = pytest.importorskip("keras")


def explainer(model):
    return Explainer(lambda: model, lambda pixels: np.asarray(model(pixels.astype("float32"))))


def widened(mask, by):
    return np.asarray(Image.fromarray(mask).convert("L").filter(ImageFilter.MaxFilter(2 * by + 1))) > 0


def share(values, mask):
    """How much of what counts for the class lies in the mask."""
    positive = np.maximum(values, 0)
    return positive[mask].sum() / positive.sum()


SIGNED = [name for name in METHODS.bundled if METHODS[name].sign == "signed"]


@pytest.mark.parametrize("method", ["gradcam", *SIGNED])
def test_the_mass_falls_on_the_object(blobs, scene, method):
    pixels, disc, square = scene
    made = explainer(blobs)
    # One place of the feature map is 4 pixels wide, a covering square 8.
    for index, mask in enumerate((widened(disc, 4), widened(square, 4))):
        assert mask.mean() < 0.22
        assert share(made.explain(pixels, index, method), mask) > 0.9


@pytest.mark.parametrize("method", SIGNED)
def test_what_speaks_for_the_other_class_speaks_against_this_one(blobs, scene, method):
    pixels, disc, square = scene
    values = explainer(blobs).explain(pixels, 0, method)
    assert values[disc].sum() > 0 > values[square].sum()


def test_idgi_shows_what_matters_for_or_against(blobs, scene):
    pixels, disc, square = scene
    for index in (0, 1):
        values = np.abs(explainer(blobs).explain(pixels, index, "idgi"))
        assert share(values, widened(disc, 4) | widened(square, 4)) > 0.95
        assert share(values, disc) > 0.3
        assert share(values, square) > 0.3


@pytest.mark.parametrize("method", ["gradcam", *SIGNED])
def test_random_weights_destroy_the_map(blobs, method):
    """The model parameter randomization test of Adebayo et al. 2018, "Sanity Checks for Saliency Maps"."""
    mosaic = np.random.default_rng(4).integers(0, 256, (12, 12, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
    before = explainer(blobs).explain(mosaic, 0, method).ravel()
    assert spearmanr(before, explainer(blobs).explain(mosaic, 0, method).ravel())[0] > 0.999
    correlations = []
    for seed in range(20):
        keras.utils.set_random_seed(seed)
        for weight in blobs.weights:
            # Biases above 0 keep the network from being dead.
            random = keras.random.normal(weight.shape, stddev=0.3)
            weight.assign(keras.ops.abs(random) if len(weight.shape) == 1 else random)
        after = explainer(blobs).explain(mosaic, 0, method).ravel()
        if after.any():
            correlations.append(spearmanr(before, after)[0])
    assert len(correlations) >= 8
    assert abs(np.mean(correlations)) < 0.3, correlations


def test_an_unknown_method_is_named():
    with pytest.raises(UsageError, match=r"unknown explanation method 'lime'; there are gradcam, idgi,"):
        explainer(None).explain(np.zeros((4, 4, 3), np.uint8), 0, "lime")
