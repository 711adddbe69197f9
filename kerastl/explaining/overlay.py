"""Paint a map over the picture it explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FOR = (230, 97, 0)
"""Orange: what speaks for the class. It and `AGAINST` stay apart with every kind of colour blindness."""
AGAINST = (0, 90, 181)
"""Blue: what speaks against it."""

_STRONGEST = 0.8  # how much of the picture the colour hides at most
_OUTLIERS = 99.5  # percentile of the values that gets the strongest colour
_GRAINS = 50  # along the shorter side; finer maps are averaged


def overlay(pixels: np.ndarray, values: np.ndarray, *, signed: bool) -> Image:
    """Paint a map over a picture; the picture shows through where the map is near 0.

    Fine maps are averaged over a few pixels, and the largest few values count as equal.

    Args:
        pixels: uint8 array of shape (height, width, 3), RGB.
        values: float array of shape (height, width), of any size.
        signed: Whether the sign has a meaning: then the picture turns grey, positive values are orange and negative
            ones blue. Else the sizes of the values run from violet to yellow.

    Returns:
        A PIL image of mode RGB, as large as the picture.
    """
    import numpy as np
    from PIL import Image

    grey = np.asarray(Image.fromarray(pixels).convert("L"), np.float32)[..., None]
    strength = _smoothed(values if signed else np.abs(values))
    if signed:
        # Dark outlines would hide blue, so black becomes a middle grey.
        background = 90 + grey * (165 / 255)
        colours = np.where(strength[..., None] > 0, np.array(FOR, np.float32), np.array(AGAINST, np.float32))
        share = np.abs(strength)
    else:
        import matplotlib

        colours = np.asarray(matplotlib.colormaps["plasma"](strength)[..., :3], np.float32) * 255
        # Halfway to the colours of the picture, so that it can be recognised.
        background = (grey + pixels) / 2
        share = np.sqrt(np.clip(strength, 0, 1))
    share = _STRONGEST * share[..., None]
    return Image.fromarray(np.uint8(np.clip(background * (1 - share) + colours * share + 0.5, 0, 255)))


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Average over a few pixels, and scale to [-1, 1]; fine maps are made of dots that nobody sees otherwise."""
    import numpy as np
    from PIL import Image

    height, width = values.shape
    grain = max(1, min(height, width) // _GRAINS)
    image = Image.fromarray(values.astype(np.float32))
    coarse = image.resize((max(1, width // grain), max(1, height // grain)), Image.Resampling.BOX)
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    strongest = np.percentile(np.abs(smooth), _OUTLIERS) or np.abs(smooth).max()
    return np.clip(smooth / strongest, -1, 1) if strongest > 0 else smooth
