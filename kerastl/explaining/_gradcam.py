"""Grad-CAM: which places of the last feature map raise the score of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl.explaining._methods import ExplanationMethod

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerastl.explaining._explainer import Explainer
    from kerastl.explaining._gradients import ClassGradient


def gradcam(lower: keras.Model, gradient: ClassGradient, pixels: np.ndarray, index: int) -> np.ndarray:
    """Compute the class activation map of one image.

    Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
    equations 1 and 2: the channels of the feature map are added up, each weighted with the mean of the gradient of
    the class's score, and what is negative becomes 0. The sum is scaled up to the image bilinearly.

    Args:
        lower: From pixels to the feature map.
        gradient: Of the scores, before the softmax, with respect to the feature map.
        pixels: float32 array of shape (height, width, 3), 0-255, RGB.
        index: The class.

    Returns:
        float32 array of shape (height, width) in [0, 1]; the largest value is 1, or all are 0 where no place raises
        the score.
    """
    import numpy as np

    features = lower.predict_on_batch(pixels[None])
    weights = gradient(features, index)[1][0].mean(axis=(0, 1))
    coarse = np.maximum(features[0] @ weights, 0)
    return _normalized(_enlarged(coarse, pixels.shape[:2]))


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
    return gradcam(*network.feature_gradient, pixels.astype("float32"), index)


METHOD = ExplanationMethod(
    "gradcam", "the region that counts for the class", sign="positive", needs="gradients", function=_explain
)
