"""One network and its ways of being explained; what they need is built once, when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

from kerastl.errors import UsageError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerastl.explaining._gradients import ClassGradient

Method = Literal["gradcam", "idgi", "integrated-gradients", "occlusion"]
METHODS: tuple[Method, ...] = get_args(Method)

# What the activations and gradients of the points between a blank image and the image may take together.
_MEMORY = 512 << 20
_LARGEST_BATCH = 16


class Explainer:
    """Makes maps of the pixels that speak for a class.

    Args:
        build: Gives the Keras model: float32 pixels 0-255 of shape (n, height, width, 3) in, probabilities out.
            Called once, and not for `occlusion`.
        predict: From uint8 pixels of shape (n, height, width, 3) to probabilities; may be faster than the model.
    """

    def __init__(self, build: Callable[[], keras.Model], predict: Callable[[np.ndarray], np.ndarray]) -> None:
        self._build = build
        self._predict = predict

    @cached_property
    def _scores(self) -> keras.Model:
        from kerastl.explaining._networks import scoring

        return scoring(self._build())

    @cached_property
    def _pixel_gradient(self) -> ClassGradient:
        from kerastl.explaining._gradients import class_gradient

        return class_gradient(self._scores)

    @cached_property
    def _features(self) -> tuple[keras.Model, ClassGradient]:
        from kerastl.explaining._gradients import class_gradient
        from kerastl.explaining._networks import halves

        lower, upper = halves(self._scores)
        return lower, class_gradient(upper)

    def explain(self, pixels: np.ndarray, index: int, method: Method = "gradcam") -> np.ndarray:
        """Make the map of one image.

        Args:
            pixels: uint8 array of shape (height, width, 3), RGB: what the network sees.
            index: The class.
            method: One of `METHODS`.

        Returns:
            float32 array of shape (height, width). `gradcam`: in [0, 1]. `integrated-gradients`: signed, adding up
            to the score before the softmax minus that of a gray image. `idgi`: adding up to the same, with sizes
            that have a meaning and signs that have none. `occlusion`: signed, in probability.

        Raises:
            UsageError: No such method, or one that does not work on Keras's backend.
            ModelError: The method does not fit the network.
        """
        import numpy as np

        if method not in METHODS:
            raise UsageError(f"method must be one of {', '.join(METHODS)}. Received: {method!r}")
        if method == "occlusion":
            from kerastl.explaining._occlusion import occlusion

            return occlusion(self._predict, pixels, index)
        if method == "gradcam":
            from kerastl.explaining._gradcam import gradcam

            return gradcam(*self._features, pixels.astype(np.float32), index)
        from kerastl.explaining import _integrated as integrated
        from kerastl.explaining import _networks as networks

        attribute = integrated.idgi if method == "idgi" else integrated.integrated_gradients
        batch = max(1, min(_LARGEST_BATCH, _MEMORY // networks.bytes_per_image(self._scores)))
        return attribute(self._pixel_gradient, pixels.astype(np.float32), index, batch_size=batch)
