"""Random views of images for self-supervised training: what is varied, and the draws for a whole batch.

Draws are plain numbers, made here with NumPy; `view_pipeline` applies them to pixels with TensorFlow. So what a
step sees depends on the seed, the epoch and the step alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kerastl.data._augmentation import Color, Crop, Flip
from kerastl.errors import UsageError
from kerastl.images._input_size import InputSize, sides_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The luma of ITU-R BT.601, by which Pillow makes a color gray too.
LUMA = (0.299, 0.587, 0.114)
# From RGB to YIQ, the rest of the matrix; a turn in the plane of I and Q turns the hue and leaves gray as it is.
_IN_PHASE = (0.595716, -0.274453, -0.321263)
_QUADRATURE = (0.211456, -0.522591, 0.311135)

_RENAMED = {"solarise": "solarize"}  # what runs of kerastl 0.1 say
_SMALL = 64  # pixels a side below which blurring takes away what little there is


@dataclass(frozen=True)
class Views:
    """How the views of an image differ.

    The defaults are those of BYOL (Grill et al. 2020, appendix B) but for crops, which leave at least a fifth of
    the image: small images hold less.

    Args:
        crop: A random part of the image.
        flip: Mirrored at random.
        color: Brightness, contrast, saturation and hue, in this order and rounded to 0-255 once, at the end. Hue
            turns in the YIQ plane.
        gray: Probability of losing all color.
        blur: Probability of a Gaussian blur, mixed with the sharp image in a random share.
        solarize: Probability of inverting the light half of the pixel values.

    Raises:
        UsageError: If a probability is out of range.
    """

    crop: Crop = Crop(0.2)  # noqa: RUF009 - frozen
    flip: Flip = Flip()  # noqa: RUF009 - frozen
    color: Color = Color(0.4, 0.4, 0.2, 0.1, probability=0.8)  # noqa: RUF009 - frozen
    gray: float = 0.2
    blur: float = 0.0
    solarize: float = 0.0

    def __post_init__(self) -> None:
        for name in ("gray", "blur", "solarize"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"{name} must be a probability between 0 and 1. Received: {name}={value!r}")

    @classmethod
    def for_size(cls, size: InputSize) -> Views:
        """What suits images of a size in pixels: small ones are not blurred."""
        return cls() if min(sides_of(size)) < _SMALL else cls(blur=0.5, solarize=0.1)

    def as_dict(self) -> dict[str, Any]:
        """What JSON takes."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Views:
        """The reverse of `as_dict`."""
        kinds: dict[str, type[Any]] = {"crop": Crop, "flip": Flip, "color": Color}
        options: dict[str, Any] = {
            _RENAMED.get(name, name): kinds[name](**value) if name in kinds else value for name, value in values.items()
        }
        return cls(**options)


class Draws(NamedTuple):
    """What chance has decided for n views. All arrays are float32.

    Args:
        boxes: `(n, 4)`: top, left, bottom and right of the part that is seen, in fractions of the image; a mirrored
            view has them exchanged.
        colors: `(n, 3, 3)`: a pixel's RGB as a column becomes the matrix times it, ...
        offsets: `(n,)`: ... plus this many times the view's mean gray.
        blurs: `(n,)`: fraction of the blurred image in the view.
        solarized: `(n,)`: 1 where values from 128 on are inverted, else 0.
    """

    boxes: NDArray[np.float32]
    colors: NDArray[np.float32]
    offsets: NDArray[np.float32]
    blurs: NDArray[np.float32]
    solarized: NDArray[np.float32]


def draw(views: Views, count: int, rng: np.random.Generator) -> Draws:
    """Decide what `count` views look like.

    Args:
        views: What may happen.
        count: Number of views.
        rng: Where chance comes from; the same state gives the same views.
    """
    import numpy as np

    colors, offsets = _colors(views, count, rng)
    boxes = _boxes(views, count, rng)
    blurred = rng.random(count) < views.blur
    blurs = np.where(blurred, rng.uniform(0.2, 1.0, count), 0.0)
    solarized = rng.random(count) < views.solarize
    return Draws(*(np.asarray(part, np.float32) for part in (boxes, colors, offsets, blurs, solarized)))


def _boxes(views: Views, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    import numpy as np

    share = rng.uniform(views.crop.least_area, 1.0, count)
    stretch = np.exp(rng.uniform(-1.0, 1.0, count) * math.log(views.crop.aspect))
    width, height = np.minimum(1.0, np.sqrt(share * stretch)), np.minimum(1.0, np.sqrt(share / stretch))
    left, top = rng.random(count) * (1 - width), rng.random(count) * (1 - height)
    box = np.stack([top, left, top + height, left + width], axis=1)
    across = rng.random(count) < views.flip.horizontal
    down = rng.random(count) < views.flip.vertical
    box[across] = box[across][:, [0, 3, 2, 1]]
    box[down] = box[down][:, [2, 1, 0, 3]]
    return box


def _colors(views: Views, count: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Matrices and offsets: brightness, contrast, saturation and hue are all linear, and leave gray gray.

    With brightness b, contrast c, saturation S and hue H as matrices, a pixel p in a view of mean gray g becomes
    `H S (c b p + (1 - c) b g)`, which is `(c b H S) p + (1 - c) b g`, since neither S nor H changes a gray.
    """
    import numpy as np

    color = views.color
    strengths = np.array([color.brightness, color.contrast, color.saturation])
    brightness, contrast, saturation = (1 + strengths * rng.uniform(-1, 1, (count, 3))).T
    turn = 2 * math.pi * color.hue * rng.uniform(-1, 1, count)
    left_alone = rng.random(count) >= color.probability
    for factor in (brightness, contrast, saturation):
        factor[left_alone] = 1.0
    turn[left_alone] = 0.0
    saturation[rng.random(count) < views.gray] = 0.0
    matrices = (contrast * brightness)[:, None, None] * (_hues(turn) @ _saturations(saturation))
    return matrices, (1 - contrast) * brightness


def _saturations(saturation: Any) -> Any:
    import numpy as np

    gray = np.tile(np.array(LUMA), (3, 1))
    return saturation[:, None, None] * np.eye(3) + (1 - saturation)[:, None, None] * gray


def _hues(turn: Any) -> Any:
    import numpy as np

    to_yiq = np.array([LUMA, _IN_PHASE, _QUADRATURE])
    rotation = np.tile(np.eye(3), (len(turn), 1, 1))
    rotation[:, 1, 1] = rotation[:, 2, 2] = np.cos(turn)
    rotation[:, 1, 2], rotation[:, 2, 1] = -np.sin(turn), np.sin(turn)
    return np.linalg.inv(to_yiq) @ rotation @ to_yiq
