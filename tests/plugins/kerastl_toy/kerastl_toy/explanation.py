"""A map that shows how red each pixel is."""

from kerastl.explaining import ExplanationMethod

METHOD = ExplanationMethod(
    "toy-red",
    "how red each pixel is",
    sign="magnitude",
    needs="predict",
    function=lambda network, pixels, index: pixels[..., 0].astype("float32") / 255,
)
