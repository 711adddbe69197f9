"""Grad-CAM: which places of the feature maps that a head reads raise the score of a class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kerastl.explaining._methods import ExplanationMethod

if TYPE_CHECKING:
    import numpy as np

    from kerastl.explaining._explainer import Explainer, FeatureGradient


def gradcam(network: FeatureGradient, pixels: np.ndarray, index: int) -> np.ndarray:
    """Compute the class activation map of one image.

    Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
    equations 1 and 2: the channels of the feature map are added up, each weighted with the mean of the gradient of
    the class's score, and what is negative becomes 0. The sum is scaled up to the image bilinearly.

    A head may read several feature maps. Then each is multiplied with its gradient place by place, as Draelos and Carin
    2020 do ("Use HiResCAM instead of Grad-CAM", equation 5), since the gradient of a standard deviation is not the
    same everywhere and has a mean of 0; the maps are scaled up, so that each counts with what it adds to the score, and
    added up before what is negative becomes 0. For a head that takes the mean of one map that is the same as above.

    Args:
        network: What the head reads, and how the score depends on it.
        pixels: float32 array of shape (height, width, 3), 0-255, RGB.
        index: The class.

    Returns:
        float32 array of shape (height, width) in [0, 1]; the largest value is 1, or all are 0 where no place raises
        the score.
    """
    import numpy as np

    from kerastl._base.keras_import import retracing_unmentioned

    with retracing_unmentioned():
        features = network.lower.predict_on_batch(pixels[None])
    gradient = network.gradient(features, index)[1][0]
    if len(network.shapes) == 1:
        coarse = np.maximum(features[0] @ gradient.mean(axis=(0, 1)), 0)
        return _normalized(_enlarged(coarse, pixels.shape[:2]))
    total = np.zeros(pixels.shape[:2], np.float32)
    ends = np.cumsum([math.prod(shape) for shape in network.shapes])
    for shape, products in zip(network.shapes, np.split(features[0] * gradient, ends[:-1]), strict=True):
        if len(shape) == 3:
            coarse = products.reshape(shape).sum(axis=-1) * math.prod(shape[:2])
            total += _enlarged(coarse, pixels.shape[:2])
    return _normalized(np.maximum(total, 0))


def _enlarged(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import numpy as np
    from PIL import Image

    height, width = shape
    scaled = Image.fromarray(values.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(scaled, np.float32)


def _normalized(values: np.ndarray) -> np.ndarray:
    highest = values.max()
    return values / highest if highest > 0 else values


def _explain(network: Explainer, pixels: np.ndarray, index: int) -> np.ndarray:
    return gradcam(network.feature_gradient, pixels.astype("float32"), index)


METHOD = ExplanationMethod(
    "gradcam", "the region that counts for the class", sign="positive", needs="gradients", function=_explain
)
