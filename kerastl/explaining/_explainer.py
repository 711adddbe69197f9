"""One network and its ways of being explained; what they need is built once, when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from kerastl.errors import ModelError
from kerastl.explaining._methods import METHODS
from kerastl.models._metadata import NoKerasModelError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerastl.explaining._gradients import ClassGradient


class FeatureGradient(NamedTuple):
    """How a class's score depends on the feature maps that the head reads.

    Args:
        lower: From pixels to the feature map; where there are several, to all of them flattened side by side.
        gradient: Of the scores, before the softmax, with respect to what `lower` gives. What one map does to those
            above it is not in it.
        shapes: Of each map, `(rows, columns, channels)`; of tokens and features, which have no place in the image, it
            has fewer sides.
    """

    lower: keras.Model
    gradient: ClassGradient
    shapes: list[tuple[int, ...]]


class Explainer:
    """A network as explanation methods see it: its answers, its scores and their gradients.

    Args:
        build: Gives the Keras model: float32 pixels 0-255 of shape (n, height, width, 3) in, probabilities out.
            Called once, and not for methods that need nothing but `predict`.
        predict: From uint8 pixels of shape (n, height, width, 3) to probabilities; may be faster than the model.

    Example:
        >>> import numpy as np
        >>> from kerastl.explaining import Explainer
        >>> from kerastl.models import build
        >>> model = build("kerastl_mini")
        >>> explainer = Explainer(lambda: model, lambda pixels: model.predict(pixels.astype("float32"), verbose=0))
        >>> explainer.predict(np.zeros((2, 32, 32, 3), "uint8")).shape
        (2, 200)
    """

    def __init__(self, build: Callable[[], keras.Model], predict: Callable[[np.ndarray], np.ndarray]) -> None:
        self._build = build
        self.predict = predict

    @cached_property
    def scores(self) -> keras.Model:
        """The Keras model up to the scores before the softmax, shape (n, classes)."""
        try:
            model = self._build()  # first, since it imports Keras quietly
        except NoKerasModelError as error:
            raise ModelError(f"{error}; or take the method occlusion, which needs answers only") from None
        from kerastl.models._graph import logits

        return logits(model)

    @cached_property
    def pixel_gradient(self) -> ClassGradient:
        """Gradients of a class's score with respect to float32 pixels; see `class_gradient`."""
        from kerastl.explaining._gradients import class_gradient

        return class_gradient(self.scores)

    @cached_property
    def feature_gradient(self) -> FeatureGradient:
        """How a class's score depends on the last feature map, or on all that a deep head reads.

        Raises:
            ModelError: The network has no feature map.
        """
        scores = self.scores  # first, likewise
        from kerastl.explaining._gradients import class_gradient
        from kerastl.models._deep_features import taps_of
        from kerastl.models._graph import last_feature_map, split_graph

        tensors = taps_of(scores) or tuple(tensor for tensor in [last_feature_map(scores)] if tensor is not None)
        if not any(len(tensor.shape) == 4 for tensor in tensors):
            raise ModelError(
                f"{scores.name} has no feature map that everything goes through, which gradcam needs; "
                "try the method integrated-gradients or occlusion"
            )
        lower, upper = split_graph(scores, tensors)
        return FeatureGradient(lower, class_gradient(upper), [tuple(tensor.shape[1:]) for tensor in tensors])

    def explain(self, pixels: np.ndarray, index: int, method: str = "gradcam") -> np.ndarray:
        """Make the map of one image.

        Args:
            pixels: uint8 array of shape (height, width, 3), RGB: what the network sees.
            index: The class.
            method: A name of `METHODS`.

        Returns:
            float32 array of shape (height, width). `gradcam`: in [0, 1]. `integrated-gradients`: signed, adding up
            to the score before the softmax minus that of a gray image. `idgi`: adding up to the same, with sizes
            that have a meaning and signs that have none. `occlusion`: signed, in probability.

        Raises:
            UsageError: No such method, or one that does not work on Keras's backend.
            ModelError: The method does not fit the network.
        """
        values = METHODS[method](self, pixels, index)
        if values.shape != pixels.shape[:2]:
            raise ModelError(f"{method} gave a map of shape {values.shape}, not {pixels.shape[:2]} as the image has")
        return values
