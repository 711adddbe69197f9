"""The ways of explaining an answer, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kerastl._base.registry import Registry, resolve_reference

if TYPE_CHECKING:
    import numpy as np

    from kerastl.explaining._explainer import Explainer

    ExplainFunction = Callable[[Explainer, np.ndarray, int], np.ndarray]


Sign = Literal["positive", "signed", "magnitude"]


@dataclass(frozen=True)
class ExplanationMethod:
    """A way of explaining an answer. Examples are the modules of kerastl's own methods.

    Args:
        name: What users type.
        description: What its maps show, in a few words that follow the name.
        sign: Of the map's values: `"positive"`, what counts for the class; `"signed"`, what counts for it above 0 and
            against it below; or `"magnitude"`, how much a pixel matters, whichever way.
        needs: Of the network: `"gradients"`, which only the Keras model has, or just what it predicts, which every
            engine can do.
        function: Makes the map, or `"module:function"`, imported when first used. Its arguments are the network as an
            `Explainer`, the pixels (uint8 array of shape (height, width, 3), RGB: what the network sees) and the index
            of the class; it returns a float32 array of shape (height, width).

    Example:
        >>> import numpy as np
        >>> from kerastl.explaining import ExplanationMethod
        >>> def brightness(explainer, pixels, index):
        ...     return (pixels.mean(axis=-1) / 255).astype("float32")
        ...
        >>> method = ExplanationMethod("brightness", "how bright it is", "magnitude", "predict", brightness)
        >>> method.name, method.sign
        ('brightness', 'magnitude')
    """

    name: str
    description: str
    sign: Sign
    needs: Literal["gradients", "predict"]
    function: ExplainFunction | str

    def __call__(self, network: Explainer, pixels: np.ndarray, index: int) -> np.ndarray:
        """Make the map of one image."""
        function = resolve_reference(self.function) if isinstance(self.function, str) else self.function
        return function(network, pixels, index)


METHODS: Registry[ExplanationMethod] = Registry(
    "explanation method",
    "kerastl.explanation_methods",
    ExplanationMethod,
    {
        "gradcam": "kerastl.explaining._gradcam:METHOD",
        "idgi": "kerastl.explaining._integrated:IDGI",
        "integrated-gradients": "kerastl.explaining._integrated:INTEGRATED_GRADIENTS",
        "occlusion": "kerastl.explaining._occlusion:METHOD",
    },
)
"""The first is the default. Other packages add to it by entry points of the group `kerastl.explanation_methods`."""


def register_method(method: ExplanationMethod, *, replace: bool = False) -> ExplanationMethod:
    """Add a way of explaining for as long as this process runs.

    Args:
        method: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `method`.

    Raises:
        UsageError: It is no `ExplanationMethod`, or there is one of that name.

    Example:
        >>> import kerastl
        >>> from kerastl.explaining import ExplanationMethod, register_method
        >>> def brightness(explainer, pixels, index):
        ...     return (pixels.mean(axis=-1) / 255).astype("float32")
        ...
        >>> method = ExplanationMethod("brightness", "how bright it is", "magnitude", "predict", brightness)
        >>> added = register_method(method)
        >>> kerastl.load("kerastl_mini").explain("data/umbrella.png", method="brightness").map.shape
        (32, 32)
    """
    return METHODS.register(method, replace=replace)
