"""How an image of any size becomes one of the network's size."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from PIL import Image

from kerastl.errors import UsageError
from kerastl.images._input_size import MAX_SIDE

Box = tuple[float, float, float, float]

REDUCING_GAP = 3
"""Averaging whole blocks of pixels may shrink a large region first, down to this many times the wanted size."""

_SUPPORT = 2  # how far the bicubic filter reaches, in pixels of the result


def resize_region(image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """Scale a region with Keys's cubic filter (a = -0.5), widened when shrinking, so that nothing aliases.

    The same filter as Pillow's `Image.resize(size, BICUBIC, box=box, reducing_gap=REDUCING_GAP)`, in less than half
    of its time, with vector instructions. Values differ by 0.2 of 255 on average, since Pillow rounds after the
    horizontal pass and this after the vertical one.

    Args:
        image: An image of mode RGB.
        size: Width and height of the result in pixels.
        box: Left, top, right and bottom of the region in pixels, fractions allowed, within the image.

    Returns:
        An image of mode RGB.
    """
    # Here, since most commands never scale an image.
    from cykooz_resizer import CropBox, FilterType, ImageData, PixelType, ResizeAlg, ResizeOptions, Resizer

    part, (left, top, right, bottom) = _reduced(image, size, box)
    # Bytes are copied in and out: reading Pillow's memory in place would save 0.2 ms an image, and break whenever
    # Pillow changes what no interface promises.
    source = ImageData(part.width, part.height, PixelType.U8x3, part.tobytes())
    target = ImageData(*size, PixelType.U8x3)
    options = ResizeOptions(
        resize_alg=ResizeAlg.convolution(FilterType.catmull_rom),
        crop_box=CropBox(left, top, right - left, bottom - top),
    )
    Resizer().resize(source, target, options)
    return Image.frombytes("RGB", size, target.get_buffer())


def _reduced(image: Image.Image, size: tuple[int, int], box: Box) -> tuple[Image.Image, Box]:
    """Cut out what the filter reads, shrunk by whole factors where it is far too large; and where the region is now."""
    left, top, right, bottom = box
    across, down = (right - left) / size[0], (bottom - top) / size[1]
    factors = (max(1, int(across / REDUCING_GAP)), max(1, int(down / REDUCING_GAP)))
    reach_x, reach_y = _SUPPORT * max(1.0, across) + factors[0], _SUPPORT * max(1.0, down) + factors[1]
    cut = (
        max(0, math.floor(left - reach_x)),
        max(0, math.floor(top - reach_y)),
        min(image.width, math.ceil(right + reach_x)),
        min(image.height, math.ceil(bottom + reach_y)),
    )
    part = image.crop(cut) if factors == (1, 1) else image.reduce(factors, box=cut)
    moved = (
        (left - cut[0]) / factors[0],
        (top - cut[1]) / factors[1],
        # Rounding must not carry the region over the edge.
        min((right - cut[0]) / factors[0], part.width),
        min((bottom - cut[1]) / factors[1], part.height),
    )
    return part, moved


if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ResizePolicy = Literal["crop", "squash", "pad", "keras"]
"""How an image of any shape becomes one of the network's: see `Resize`."""

RESIZE_POLICIES: tuple[ResizePolicy, ...] = get_args(ResizePolicy)
"""The names of all policies."""

# A large JPEG is scaled while it is decoded, down to this many times the wanted size; the bicubic filter does the
# rest. Pixels differ by 0.3 of 255 on average.
JPEG_GAP = 2

PAD_COLOR = (0, 0, 0)
"""Black, as in Keras's own `pad_to_aspect_ratio`."""


@dataclass(frozen=True)
class Resize:
    """The size and the range that a network takes, and how images get there: reads an image as a network's input.

    Of an image of another shape than the result's, `"crop"` loses what lies beyond its longer sides, `"squash"` loses
    the proportions, and `"pad"` loses nothing but room. So for images that are all about as wide as the result, such as
    lines of text, `"squash"` and `"pad"` keep their ends, of which `"crop"` takes away `1 - crop_fraction` even where
    the shapes are the same.

    Args:
        height: Height of the result in pixels, 1 to 8,192.
        width: Width of the result in pixels, 1 to 8,192.
        policy: `"crop"` takes the largest centered region with the result's aspect ratio, shrunk to
            `crop_fraction`, and scales it: what "resize the shorter side to height / crop_fraction, then
            crop the center" gives, in one step. `"squash"` scales the whole image, aspect ratio or not.
            `"pad"` scales the whole image to fit inside, centered on black. All three are bicubic with
            antialiasing. `"keras"` repeats `keras.utils.load_img(path, target_size=(height, width))` to the
            bit: nearest neighbor, no antialiasing, EXIF orientation and transparency ignored.
        crop_fraction: The part of the region's side that `"crop"` keeps, above 0 and up to 1.
        white_level: The number, 255 to 65535, that is white in images of more than 8 bits; larger ones are white,
            too. One for all images of a data set, so that a dark one stays dark. None takes each image's own: the
            largest number of as many bits as its brightest pixel takes. `"keras"` ignores it.

    Raises:
        UsageError: If an argument is out of range.

    Example:
        >>> from kerastl import load_pixels
        >>> from kerastl.images import Resize
        >>> resize = Resize(160, 192, policy="pad")
        >>> load_pixels("data/candle.jpg", resize).shape
        (160, 192, 3)
    """

    kind: ClassVar[str] = "image"

    height: int
    width: int
    policy: ResizePolicy = "crop"
    crop_fraction: float = 0.875
    white_level: int | None = None

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            side = getattr(self, name)
            if not isinstance(side, int) or isinstance(side, bool) or not 1 <= side <= MAX_SIDE:
                raise UsageError(
                    f"{name} must be a whole number of pixels, 1 to {MAX_SIDE:,}. Received: {name}={side!r}"
                )
        if self.policy not in RESIZE_POLICIES:
            choices = ", ".join(RESIZE_POLICIES)
            raise UsageError(f"resize policy must be one of {choices}. Received: {self.policy!r}")
        if not 0 < self.crop_fraction <= 1:
            raise UsageError(
                f"crop_fraction must be above 0 and at most 1. Received: crop_fraction={self.crop_fraction!r}"
            )

        white = self.white_level
        if white is not None and (type(white) is not int or not 255 <= white <= 65535):
            raise UsageError(f"white_level must be None or a whole number from 255 to 65535. Received: {white!r}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of what `read` gives: (height, width, 3)."""
        return (self.height, self.width, 3)

    def read(self, source: Any) -> NDArray[np.uint8]:
        """Read one image; see `kerastl.load_pixels`."""
        from kerastl.images._loading import load_pixels

        return load_pixels(source, self)

    def describe(self) -> str:
        """What it reads, for people."""
        return f"images of {self.height} x {self.width} pixels, {self.policy}"

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    def turned(self) -> Resize:
        """The same for an image that lies on its side."""
        return replace(self, height=self.width, width=self.height)


def region(size: tuple[int, int], resize: Resize) -> Box:
    """The part of an image that the result shows.

    Args:
        size: Width and height of the image in pixels.
        resize: What is wanted.

    Returns:
        Left, top, right and bottom in pixels, fractions allowed.
    """
    width, height = size
    if resize.policy != "crop":
        return (0.0, 0.0, float(width), float(height))
    scale = min(width / resize.width, height / resize.height) * resize.crop_fraction
    region_width, region_height = min(scale * resize.width, width), min(scale * resize.height, height)
    left, top = (width - region_width) / 2, (height - region_height) / 2
    return (left, top, left + region_width, top + region_height)


def fitted(size: tuple[int, int], resize: Resize) -> tuple[int, int]:
    """Width and height to which the region is scaled: the target's, or what fits inside it when padding."""
    if resize.policy != "pad":
        return (resize.width, resize.height)
    width, height = size
    scale = min(resize.width / width, resize.height / height)
    return (max(1, round(width * scale)), max(1, round(height * scale)))


def surplus(size: tuple[int, int], resize: Resize) -> float:
    """How many times larger than needed the image is, along the side where it is less."""
    left, top, right, bottom = region(size, resize)
    width, height = fitted(size, resize)
    return min((right - left) / width, (bottom - top) / height)


def draft_size(size: tuple[int, int], resize: Resize) -> tuple[int, int]:
    """The smallest size at which a JPEG may be decoded without visible loss, as Pillow's `draft` takes it."""
    scale = JPEG_GAP / surplus(size, resize)
    return (max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale)))


def resized(image: Image.Image, size: tuple[int, int], scale: float, resize: Resize) -> Image.Image:
    """Scale an RGB image as `resize` says, with any policy but `"keras"`.

    Args:
        image: The image, perhaps already smaller than it was.
        size: Width and height of the original in pixels.
        scale: How many pixels of the original one pixel of `image` stands for. Sides that this does not
            divide were rounded up, so the region is worked out on the original.
        resize: What is wanted.

    Returns:
        An RGB image of `resize.width` by `resize.height` pixels.
    """
    target = fitted(size, resize)
    left, top, right, bottom = (edge / scale for edge in region(size, resize))
    box = (left, top, min(right, image.width), min(bottom, image.height))
    small = resize_region(image, target, box)
    if target == (resize.width, resize.height):
        return small
    canvas = Image.new("RGB", (resize.width, resize.height), PAD_COLOR)
    canvas.paste(small, ((resize.width - target[0]) // 2, (resize.height - target[1]) // 2))
    return canvas
