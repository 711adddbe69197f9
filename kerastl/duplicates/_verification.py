"""Whether two images are copies of one, by their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerastl.duplicates._alignment import LUMA, Placement, Thumbnail, grid, placements, sampled, shrink, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_DIFFERENCE = 0.5
"""The most that a block in the middle may differ, in standard deviations of its pixels."""
MAX_MEDIAN = 0.4
"""The most that half of all blocks may."""
MIN_OVERLAP = 0.85
"""Of an image that must lie within the other."""
MAX_ANGLE = 12.0
"""The most that a copy may be turned, in degrees."""
MIN_CONTRAST = 4.0
"""Images with a smaller standard deviation, of 255, are not compared: all flat images look the same."""

_SIDE = 64  # pixels a side that are compared
_BLOCKS = 8  # a side
_FLOOR = 0.25  # of the image's deviation: less contrast in a block counts as this much, since it may be noise
_GRAY = 12.0  # the most that the channels of a gray image differ, by compression
_SAME_VIEW = 0.96  # of the area: less is a crop
_BLACK, _WHITE = 5.0, 250.0  # beyond them, brighter and darker versions of an image lose what they showed


@dataclass(frozen=True)
class Match:
    """How one image is a copy of another.

    Args:
        mirrored: Left and right are exchanged.
        extent: The fraction of the larger view that the smaller shows, 0 to 1.
        inner: Whether the first is the smaller view; None where both show the same.
        angle: By which it is turned, in degrees.
        gain: Contrast of the first over that of the second.
        difference: The most that a block in the middle differs, in standard deviations.
    """

    mirrored: bool
    extent: float
    inner: bool | None
    angle: float
    gain: float
    difference: float


def compare(one: Thumbnail, other: Thumbnail) -> Match | None:
    """How an image is a copy of another; None where it is none.

    Crops that show at least a quarter of the area are found, mirrored, resized, recompressed, brighter and darker ones,
    and those turned by a few degrees. All parts of the images must agree, so that two forms with other words in
    them are no copies.

    Args:
        one: An image.
        other: Another.
    """
    if min(one.pixels.std(), other.pixels.std()) < MIN_CONTRAST:
        return None
    for part, whole, inner in ((one, other, True), (other, one, False)):
        for place in placements(part, whole):
            found = difference(part, whole, place)
            match = None if found is None else _match(place, part, whole, inner, *found)
            if match is not None and abs(match.angle) <= MAX_ANGLE:
                return match
    return None


def difference(part: Thumbnail, whole: Thumbnail, place: Placement) -> tuple[float, float] | None:
    """The largest difference of a block of two images in register, and the gain; None if they differ too much."""
    image = shrink(part.pixels.astype(np.float32), _SIDE, _SIDE)
    image = image[:, ::-1] if place.mirrored else image
    points = grid(2 * _SIDE) @ place.matrix.T + place.shift
    inside = _whole_pixels(within(points))
    if inside.mean() < MIN_OVERLAP:
        return None
    there = sampled(whole.pixels.astype(np.float32), points).reshape(_SIDE, 2, _SIDE, 2, 3).mean(axis=(1, 3))
    image, there = _without_color_where_one_has_none(image, there)
    gain, predicted = _predicted(image, there, inside)
    if gain <= 0:
        return None
    residual = np.where(inside[..., None] & ~_lost(image, there, predicted), image - predicted, 0)
    deviation = float(np.sqrt(image[inside].var(axis=0).mean()))
    contrast = np.maximum(_deviations(image), _deviations(predicted))
    blocks = np.sqrt(_means(residual**2)) / np.sqrt(contrast**2 + (_FLOOR * deviation) ** 2)
    compared = _means(inside[..., None]) == 1
    middle = np.zeros_like(compared)
    middle[1:-1, 1:-1] = True
    if not (compared & middle).any():
        return None
    largest = float(blocks[compared & middle].max())
    if largest > MAX_DIFFERENCE or np.median(blocks[compared]) > MAX_MEDIAN:
        return None
    return largest, gain


def _whole_pixels(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(inside.reshape(_SIDE, 2, _SIDE, 2).all(axis=(1, 3)))


def _without_color_where_one_has_none(
    one: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both in gray if one is, so that a copy without colors is found."""
    if min(np.ptp(one, axis=2).max(), np.ptp(other, axis=2).max()) > _GRAY:
        return one, other
    return (one @ LUMA)[..., None], (other @ LUMA)[..., None]


def _predicted(
    image: NDArray[np.float32], there: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float32]]:
    """The one image as the other says it is: with a contrast of its own, and a brightness for each color.

    Returns:
        The gain, and the prediction.
    """
    clear = inside & ((image > _BLACK) & (image < _WHITE) & (there > _BLACK) & (there < _WHITE)).all(axis=2)
    used = clear if clear.sum() >= inside.sum() / 20 else inside
    wanted, given = image[used], there[used]
    wanted_mean, given_mean = wanted.mean(axis=0), given.mean(axis=0)
    wanted, given = wanted - wanted_mean, given - given_mean
    gain = float((wanted * given).sum() / max(float((given**2).sum()), 1e-6))
    return gain, gain * (there - given_mean) + wanted_mean


def _lost(image: NDArray[np.float32], there: NDArray[np.float32], predicted: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where one image is all white or black, and the other only says that it would be: what was there is lost."""
    too_bright = ((image >= _WHITE) & (predicted >= image)) | ((there >= _WHITE) & (image >= predicted))
    too_dark = ((image <= _BLACK) & (predicted <= image)) | ((there <= _BLACK) & (image <= predicted))
    lost: NDArray[np.bool_] = too_bright | too_dark
    return lost


def _means(image: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean of each block, shape (_BLOCKS, _BLOCKS)."""
    return _blocks(image).mean(axis=(2, 3, 4))


def _deviations(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """The standard deviation of the pixels of each block, shape (_BLOCKS, _BLOCKS)."""
    variances: NDArray[np.float64] = _blocks(image).var(axis=(2, 3)).mean(axis=2)
    return np.sqrt(variances)


def _blocks(image: NDArray[np.float32] | NDArray[np.bool_]) -> NDArray[np.float64]:
    size = _SIDE // _BLOCKS
    return image.reshape(_BLOCKS, size, _BLOCKS, size, -1).transpose(0, 2, 1, 3, 4).astype(np.float64)


def _match(
    place: Placement, part: Thumbnail, whole: Thumbnail, first_is_part: bool, largest: float, gain: float
) -> Match:
    extent = float(abs(np.linalg.det(place.matrix)))
    inner = None if extent > _SAME_VIEW else first_is_part
    # Back to pixels of the images, which are not square: what is left of a turn is its angle.
    matrix = np.diag([whole.width, whole.height]) @ place.matrix @ np.diag([1 / part.width, 1 / part.height])
    angle = float(np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])))
    return Match(place.mirrored, min(1.0, extent), inner, angle, gain if first_is_part else 1 / gain, largest)
