"""How one image lies in another: a crop, a mirrored, resized or slightly turned copy is brought into register with it.

Images are compared as squares of `SIDE` pixels, whatever their shapes. Normalized cross-correlation (Lewis, "Fast
template matching", 1995) over sizes, both ways round and both mirror images, says roughly where one lies in the other;
Gauss-Newton steps on the squared differences (Lucas & Kanade, 1981), which also fit brightness and contrast, find the
affine map to a fraction of a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 128
"""Pixels a side to which images are scaled for comparison."""
COARSE = 16
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue in brightness (ITU-R BT.601)."""
SCALES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Of a crop's longer side to that of the whole."""
MIN_COARSE = 0.62
"""The least correlation that is worth refining."""
MIN_FINE = 0.7
"""The same after the first refinement."""
_EARLY, MIN_EARLY = 4, 0.6  # the same after so many steps
_LEAST = 5  # pixels, of `COARSE`, that a part has a side
_KEPT = 2  # rough places that are refined
_FINER = (32, 64)  # pixels a side at which they are
_STEPS = 12
_MOVED = 2e-4  # a step that moves less, in widths of the image, is the last
_FARTHEST = 0.5  # a step of half the image is astray
_SAME_SHAPE = 0.02


@dataclass(frozen=True)
class Placement:
    """Where an image lies in another: the point `x` of it is the point `matrix @ x + shift` there.

    Points are (across, down) from 0 to 1, over the squares that both images are scaled to.

    Args:
        matrix: Shape (2, 2).
        shift: Shape (2,).
        mirrored: Whether the image is mirrored first.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    mirrored: bool


@dataclass(frozen=True)
class Thumbnail:
    """An image, ready to be compared.

    Args:
        pixels: Shape (SIDE, SIDE, 3), uint8, RGB; the image without regard to its shape.
        width: Of the image itself, upright.
        height: Likewise.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    _templates: dict[tuple[int, int], NDArray[np.float32]] = field(default_factory=dict, init=False, repr=False)
    _windows: dict[tuple[int, int], NDArray[np.float32]] = field(default_factory=dict, init=False, repr=False)

    @property
    def aspect(self) -> float:
        """Width by height."""
        return self.width / self.height

    @cached_property
    def gray(self) -> NDArray[np.float32]:
        """Its brightness, shape (SIDE, SIDE)."""
        return self.pixels @ LUMA

    @cached_property
    def levels(self) -> dict[int, NDArray[np.float32]]:
        """Its brightness at fewer pixels, by their number a side."""
        return {side: shrink(self.gray, side, side) for side in _FINER}

    def templates(self, size: tuple[int, int]) -> NDArray[np.float32]:
        """The image and its mirror image at a width and height, shape (pixels, 2), each of mean 0 and length 1."""
        if size not in self._templates:
            small = shrink(self.gray, size[1], size[0])
            self._templates[size] = _normalized(np.stack([small.ravel(), small[:, ::-1].ravel()])).T
        return self._templates[size]

    def windows(self, size: tuple[int, int]) -> NDArray[np.float32]:
        """All windows of a width and height in the image at `COARSE` pixels, shape (windows, pixels), likewise."""
        if size not in self._windows:
            small = shrink(self.gray, COARSE, COARSE)
            views = np.lib.stride_tricks.sliding_window_view(small, (size[1], size[0]))
            self._windows[size] = _normalized(views.reshape(-1, size[0] * size[1]))
        return self._windows[size]

    @cached_property
    def slopes(self) -> dict[int, NDArray[np.float32]]:
        """The same with the slopes down and across, shape (side, side, 3)."""
        return {side: np.stack([level, *np.gradient(level)], axis=2) for side, level in self.levels.items()}


def placements(part: Thumbnail, whole: Thumbnail) -> Iterator[Placement]:
    """Where `part` may lie in `whole`, in register, the likeliest first; none where nothing fits."""
    rough: list[tuple[float, Placement]] = []
    for size in _sizes(part.aspect, whole.aspect):
        width, height = size
        windows = whole.windows(size)
        scores = windows @ part.templates(size)
        columns = COARSE - width + 1
        for number, mirrored in enumerate((False, True)):
            best = int(scores[:, number].argmax())
            shift = np.array([best % columns, best // columns]) / COARSE
            place = Placement(np.diag([width, height]) / COARSE, shift, mirrored)
            rough.append((float(scores[best, number]), place))
    rough.sort(key=lambda found: -found[0])
    for score, place in rough[:_KEPT]:
        refined = _refined(part, whole, place) if score >= MIN_COARSE else None
        if refined is not None:
            yield refined


@lru_cache(maxsize=256)
def _sizes(part: float, whole: float) -> list[tuple[int, int]]:
    """Widths and heights that a part may take, of `COARSE` pixels: squeezed as the whole is, or as it was."""
    shapes = [(1.0, 1.0)]
    if abs(np.log(part / whole)) > _SAME_SHAPE:
        shapes.append((min(1.0, part / whole), min(1.0, whole / part)))
    sizes = [
        (round(COARSE * scale * across), round(COARSE * scale * down)) for across, down in shapes for scale in SCALES
    ]
    return [size for size in dict.fromkeys(sizes) if min(size) >= _LEAST]


def _normalized(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of mean 0 and length 1."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows / np.maximum(lengths, 1e-6)


def shrink(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """An image averaged to fewer pixels, shape (height, width) or (height, width, channels)."""
    tall = np.tensordot(_averages(height, image.shape[0]), image, 1)
    shrunk: NDArray[np.float32] = np.moveaxis(np.tensordot(_averages(width, image.shape[1]), tall, (1, 1)), 0, 1)
    return shrunk


@lru_cache(maxsize=128)
def _averages(small: int, large: int) -> NDArray[np.float32]:
    """The matrix that averages `large` pixels to `small`."""
    edges = np.linspace(0, large, small + 1)
    pixel = np.arange(large)
    cover = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    matrix: NDArray[np.float32] = (np.clip(cover, 0, None) * small / large).astype(np.float32)
    return matrix


def _refined(part: Thumbnail, whole: Thumbnail, place: Placement) -> Placement | None:
    """The same place to a fraction of a pixel; None where the images differ too much for that."""
    matrix, shift = place.matrix, place.shift
    for side in _FINER:
        image = part.levels[side][:, ::-1] if place.mirrored else part.levels[side]
        there = whole.slopes[side]
        correlation = 1.0
        for number in range(_STEPS):
            found = _step(image, there, matrix, shift)
            if found is None or (number == _EARLY and found[1] < MIN_EARLY):
                correlation = 0.0
                break
            step, correlation = found
            matrix, shift = matrix + step[:, :2], shift + step[:, 2]
            if np.abs(step).max() < _MOVED:
                break
        if correlation < MIN_FINE:
            return None
    return Placement(matrix, shift, place.mirrored)


def _step(
    image: NDArray[np.float32], there: NDArray[np.float32], matrix: NDArray[np.float64], shift: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float] | None:
    """A Gauss-Newton step of the map, shape (2, 3), and the correlation before it.

    Args:
        image: Shape (side, side).
        there: The other, and its slopes down and across, shape (side, side, 3).
        matrix: Of the map.
        shift: Likewise.

    Returns:
        None where too little of the images overlaps, or the step leads out of them.
    """
    side = image.shape[0]
    points = grid(side)
    mapped = points @ matrix.T + shift
    inside = within(mapped)
    if inside.sum() < inside.size / 2:
        return None
    points = points[inside].astype(np.float32)
    values, down, across = sampled(there, mapped[inside]).T
    wanted = image.ravel()[inside]
    wanted, values = wanted - wanted.mean(), values - values.mean()
    variance, covariance = float(values @ values), float(values @ wanted)
    correlation = covariance / max(np.sqrt(variance * float(wanted @ wanted)), 1e-6)
    # Contrast first, which the steps of the map are then taken with.
    gain = covariance / max(variance, 1e-6)
    right, below = points.T
    across, down = across * (gain * side), down * (gain * side)
    terms = (across * right, across * below, across, down * right, down * below, down, values, np.ones_like(values))
    slopes = np.stack(terms, axis=1)
    normal = (slopes.T @ slopes).astype(np.float64)
    normal[range(6), range(6)] += 1e-6 * np.trace(normal[:6, :6]) / 6
    try:
        step = np.linalg.solve(normal, (slopes.T @ (wanted - gain * values)).astype(np.float64))[:6].reshape(2, 3)
    except np.linalg.LinAlgError:
        return None
    return (step, correlation) if np.abs(step).max() < _FARTHEST else None


@lru_cache(maxsize=8)
def grid(side: int) -> NDArray[np.float64]:
    """The middles of the pixels of a square, row by row, shape (side * side, 2): (across, down) from 0 to 1."""
    line = (np.arange(side) + 0.5) / side
    down, across = np.meshgrid(line, line, indexing="ij")
    return np.stack([across.ravel(), down.ravel()], axis=1)


def within(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie in the image."""
    return np.asarray(((points >= 0) & (points <= 1)).all(axis=1))


def sampled(image: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float32]:
    """The values of a square image at points, between its pixels bilinear; shape (n,) or (n, channels)."""
    side = image.shape[0]
    place = np.clip(points * side - 0.5, 0, side - 1)
    low = np.minimum(place.astype(np.intp), side - 2)
    right, below = ((place - low).astype(np.float32)).T
    column, row = low.T
    if image.ndim == 3:
        right, below = right[:, None], below[:, None]
    upper = image[row, column] * (1 - right) + image[row, column + 1] * right
    lower = image[row + 1, column] * (1 - right) + image[row + 1, column + 1] * right
    values: NDArray[np.float32] = upper * (1 - below) + lower * below
    return values
