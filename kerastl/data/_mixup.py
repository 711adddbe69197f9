"""Mix the images of a batch, and their labels.

Keras has layers for this, but what they draw cannot be drawn again when a run is resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl.data._augmentation import Augmentation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Batch = tuple[NDArray[np.uint8] | NDArray[np.float32], NDArray[np.float32]]


def mix(
    pixels: NDArray[np.uint8], labels: NDArray[np.float32], options: Augmentation, rng: np.random.Generator
) -> Batch:
    """Mix a batch by mixup, by cutmix, or not at all, as chance and `options` have it.

    Args:
        pixels: Shape `(n, height, width, 3)`, uint8.
        labels: Shape `(n, classes)`, float32; rows sum to 1.
        options: Of which `mixup` and `cutmix` count.
        rng: Where chance comes from.

    Returns:
        Pixels and labels of the same shapes, in the same ranges; pixels are float32 once they are mixed.
    """
    if not options.mixes:
        return pixels, labels
    chance = rng.random()
    partner = rng.permutation(len(pixels))
    up_to = options.mixup.probability if options.mixup else 0.0
    if options.mixup and chance < up_to:
        return mixup(pixels, labels, partner, rng.beta(options.mixup.alpha, options.mixup.alpha, len(pixels)))
    if options.cutmix and chance < up_to + options.cutmix.probability:
        shares = rng.beta(options.cutmix.alpha, options.cutmix.alpha, len(pixels))
        return cutmix(pixels, labels, partner, shares, rng.random((len(pixels), 2)))
    return pixels, labels


def mixup(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.float32],
    partner: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> Batch:
    """Average each image with its partner.

    Args:
        pixels: Shape `(n, height, width, 3)`, uint8.
        labels: Shape `(n, classes)`, float32.
        partner: Which image is mixed into each, shape `(n,)`.
        weights: Of the partner, shape `(n,)`, each in [0, 1].

    Returns:
        Pixels and labels, float32: `(1 - weight) * own + weight * partner's`.
    """
    import numpy as np

    theirs = weights.astype(np.float32)
    column = theirs[:, None, None, None]
    own = pixels.astype(np.float32)
    mixed = own + column * (own[partner] - own)
    return mixed, labels + theirs[:, None] * (labels[partner] - labels)


def cutmix(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.float32],
    partner: NDArray[np.int64],
    shares: NDArray[np.float64],
    places: NDArray[np.float64],
) -> Batch:
    """Paste a rectangle of its partner into each image, at the same place.

    Args:
        pixels: Shape `(n, height, width, 3)`, uint8.
        labels: Shape `(n, classes)`, float32.
        partner: Which image is pasted into each, shape `(n,)`.
        shares: Of the area that the rectangle covers, before it is cut at the edges, shape `(n,)`, each in [0, 1].
        places: Of the rectangle's center, down and across, in [0, 1], shape `(n, 2)`.

    Returns:
        Pixels and labels, float32; labels are mixed by the area that is really covered.
    """
    import numpy as np

    height, width = pixels.shape[1:3]
    mixed = pixels.astype(np.float32)
    covered = np.empty(len(pixels), dtype=np.float32)
    for number, (share, (down, across)) in enumerate(zip(shares, places, strict=True)):
        half_height, half_width = height * np.sqrt(share) / 2, width * np.sqrt(share) / 2
        top, bottom = (round(np.clip(down * height + side * half_height, 0, height)) for side in (-1, 1))
        left, right = (round(np.clip(across * width + side * half_width, 0, width)) for side in (-1, 1))
        mixed[number, top:bottom, left:right] = pixels[partner[number], top:bottom, left:right]
        covered[number] = (bottom - top) * (right - left) / (height * width)
    return mixed, labels + covered[:, None] * (labels[partner] - labels)
