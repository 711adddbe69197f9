"""Vary one image at random.

This runs in the threads that decode, on the decoded image: a crop is taken from all the pixels there are, and
only what an image needs is computed. (Keras's `RandAugment` computes each of its operations for a whole batch and
gives all images the same; and what Keras's layers draw depends on what they have drawn before, so that a run that
is resumed would see other images than one that was not stopped.)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance

from kerastl.data import _rand_augment as rand_augment
from kerastl.data._augmentation import Augmentation, Color, Crop, Flip
from kerastl.images import Resize
from kerastl.images._resizing import Box, region, resize_region, resized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IMAGES, _BATCHES, _ORDERS = 1, 2, 3


def image_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Where the randomness of one image in one epoch comes from: nothing else changes it.

    Args:
        seed: The seed of the run, 0 or more.
        epoch: The epoch, or the view, from 0.
        index: The place of the image among all that are trained on, from 0.
    """
    return _rng(seed, _IMAGES, epoch, index)


def batch_rng(seed: int, epoch: int, step: int) -> np.random.Generator:
    """The same for what a batch has in common."""
    return _rng(seed, _BATCHES, epoch, step)


def order_rng(seed: int, epoch: int) -> np.random.Generator:
    """The same for the order of the images in an epoch."""
    return _rng(seed, _ORDERS, epoch, 0)


def _rng(*key: int) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng(key)


def augment(image: Image.Image, resize: Resize, options: Augmentation, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary an image and bring it to the network's size.

    Args:
        image: An image of mode RGB, as `open_image` gives it.
        resize: The size; its policy says what happens to other aspect ratios, as in prediction.
        options: What to do; `mixup` and `cutmix` are not done here.
        rng: Where chance comes from; the same state gives the same pixels.

    Returns:
        Array of shape (resize.height, resize.width, 3), uint8, RGB.
    """
    import numpy as np

    image = _crop(image, resize, options.crop, rng) if options.crop else _whole(image, resize)
    if options.flip:
        image = _flip(image, options.flip, rng)
    if options.rotate:
        image = rotated(image, rng.uniform(-options.rotate.degrees, options.rotate.degrees))
    if options.color and rng.random() < options.color.probability:
        image = _color(image, options.color, rng)
    if options.rand_augment:
        image = rand_augment.apply(image, options.rand_augment, rng)
    return np.array(image)


def _whole(image: Image.Image, resize: Resize) -> Image.Image:
    if resize.policy == "keras":
        return image.resize((resize.width, resize.height), Image.Resampling.NEAREST)
    return resized(image, image.size, 1, resize)


def _crop(image: Image.Image, resize: Resize, crop: Crop, rng: np.random.Generator) -> Image.Image:
    box = crop_box(image.size, resize, crop, rng)
    if resize.policy == "pad":
        left, top, right, bottom = (round(edge) for edge in box)
        part = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
        return resized(part, part.size, 1, resize)
    size = (resize.width, resize.height)
    if resize.policy == "keras":
        return image.resize(size, Image.Resampling.NEAREST, box=box)
    return resize_region(image, size, box)


def crop_box(size: tuple[int, int], resize: Resize, crop: Crop, rng: np.random.Generator) -> Box:
    """Choose a part of an image.

    The largest region is that of prediction, uncropped: of the result's aspect ratio for the policy `"crop"`, the
    whole image for the others.

    Args:
        size: Width and height of the image in pixels.
        resize: Its policy, and the result's aspect ratio.
        crop: How much may be left out.
        rng: Where chance comes from.

    Returns:
        Left, top, right and bottom in pixels, inside the image.
    """
    width, height = size
    left, top, right, bottom = region(size, Resize(resize.height, resize.width, resize.policy, 1.0))
    share = rng.uniform(crop.least_area, 1.0)
    stretch = math.exp(rng.uniform(-1.0, 1.0) * math.log(crop.aspect))
    box_width = min(width, max(1.0, (right - left) * math.sqrt(share * stretch)))
    box_height = min(height, max(1.0, (bottom - top) * math.sqrt(share / stretch)))
    x, y = rng.uniform(0, width - box_width), rng.uniform(0, height - box_height)
    return (x, y, min(x + box_width, width), min(y + box_height, height))


def _flip(image: Image.Image, flip: Flip, rng: np.random.Generator) -> Image.Image:
    across, down = rng.random(2)
    if across < flip.horizontal:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if down < flip.vertical:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def rotated(image: Image.Image, degrees: float) -> Image.Image:
    """Turn an image counter-clockwise about its center, mirrored at its edges; the size stays."""
    import numpy as np

    width, height = image.size
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    # What a turned frame needs on each side, at most one mirror image of the image.
    right = min(width - 1, math.ceil((width * cosine + height * sine - width) / 2) + 2)
    down = min(height - 1, math.ceil((height * cosine + width * sine - height) / 2) + 2)
    right, down = max(0, right), max(0, down)
    larger = Image.fromarray(np.pad(np.asarray(image), ((down, down), (right, right), (0, 0)), mode="reflect"))
    # Rounded, so that a quarter turn interpolates nothing.
    cosine, sine = round(math.cos(math.radians(degrees)), 15), round(math.sin(math.radians(degrees)), 15)
    # Where pixel (x, y) of the result comes from; only those of the result are computed.
    x, y = width / 2, height / 2
    across = (cosine, -sine, right + x - cosine * x + sine * y)
    along = (sine, cosine, down + y - sine * x - cosine * y)
    return larger.transform(image.size, Image.Transform.AFFINE, across + along, Image.Resampling.BILINEAR)


def _color(image: Image.Image, color: Color, rng: np.random.Generator) -> Image.Image:
    for strength, enhancer in (
        (color.brightness, ImageEnhance.Brightness),
        (color.contrast, ImageEnhance.Contrast),
        (color.saturation, ImageEnhance.Color),
    ):
        if strength:
            image = enhancer(image).enhance(1.0 + rng.uniform(-strength, strength))
    if color.hue:
        image = _turn_hue(image, rng.uniform(-color.hue, color.hue))
    return image


def _turn_hue(image: Image.Image, turn: float) -> Image.Image:
    steps = round(turn * 256)
    hue, saturation, value = image.convert("HSV").split()
    hue = hue.point([(level + steps) % 256 for level in range(256)])
    return Image.merge("HSV", (hue, saturation, value)).convert("RGB")
