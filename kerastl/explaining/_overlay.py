"""Paint a map over the image it explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FOR = (230, 97, 0)
"""Orange: what counts for the class. It and `AGAINST` stay apart with every kind of color blindness."""
AGAINST = (0, 90, 181)
"""Blue: what counts against it."""

_STRONGEST = 0.8  # how much of the image the color hides at most
_OUTLIERS = 99.5  # percentile of the values that gets the strongest color
_GRAINS = 50  # along the shorter side; finer maps are averaged


def overlay(pixels: np.ndarray, values: np.ndarray, *, signed: bool) -> Image:
    """Paint a map over an image; the image shows through where the map is near 0.

    Fine maps are averaged over a few pixels, and the largest few values count as equal.

    Args:
        pixels: uint8 array of shape (height, width, 3), RGB.
        values: float array of shape (height, width), of any size.
        signed: Whether the sign has a meaning: then the image turns gray, positive values are orange and negative
            ones blue. Else the sizes of the values run from violet to yellow.

    Returns:
        A PIL image of mode RGB, as large as the image.
    """
    import numpy as np
    from PIL import Image

    gray = np.asarray(Image.fromarray(pixels).convert("L"), np.float32)[..., None]
    strength = _smoothed(values if signed else np.abs(values))
    if signed:
        # Dark outlines would hide blue, so black becomes a middle gray.
        background = 90 + gray * (165 / 255)
        colors = np.where(strength[..., None] > 0, np.array(FOR, np.float32), np.array(AGAINST, np.float32))
        opacity = np.abs(strength)
    else:
        import matplotlib

        colors = np.asarray(matplotlib.colormaps["plasma"](strength)[..., :3], np.float32) * 255
        # Halfway to the colors of the image, so that it can be recognized.
        background = (gray + pixels) / 2
        opacity = np.sqrt(np.clip(strength, 0, 1))
    opacity = _STRONGEST * opacity[..., None]
    return Image.fromarray(np.uint8(np.clip(background * (1 - opacity) + colors * opacity + 0.5, 0, 255)))


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
