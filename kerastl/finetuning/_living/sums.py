"""What a head is solved from without its rows being multiplied again: the inverse of their products, kept and changed.

The inverse follows the images that come and go. Once an image has gone, the inverse is what it would be had that never
been there, but for rounding. So that single images change the scale of few features, the scale is rounded to an eighth
of a power of two, and is always that of the images which are there. Rounding adds up by and by; what a solution leaves
of its own equations tells when the inverse has to be computed from scratch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._ridge_inverse import bordered_inverse, with_rows, with_scales, without_rows
from kerastl.finetuning._ridge_solution import weighted_scale
from kerastl.finetuning._row_choice import PairedRows, emphasized
from kerastl.finetuning._standardization import moments

MOST = 9_000
"""Rows, mirrored ones among them, whose inverse is kept: 160 MiB in float32."""
# Up to so many, it is kept in float64.
_EXACT = 4_500
# The least penalty whose inverse float32 holds: rows have a mean squared length of 1.
_LEAST = 1e-5
# Products of features up to which solving from scratch takes about a second.
_FEW = 2 * 10**10
# Steps of scale in a doubling, and the step of features that are constant.
_STEPS = 8
CONSTANT = np.iinfo(np.int16).max
# Images whose rows are filled in together: what a cache holds.
_TOGETHER = 64
# Where more of the rows and scales change than this fraction of the rows, computing anew is as quick.
_LARGE_CHANGE = 0.3


@dataclass(frozen=True)
class HeadSums:
    """The inverse for the rows of some images.

    Args:
        inverse: `(n, n)`, symmetric, float64 or float32: see `bordered_inverse`. An image has one row, or two in turn
            where its mirrored copy trains.
        images: uint64 `(m,)`, the beginning of each image's content hash, in the order of the rows.
        steps: int16 `(d,)`, the scale of each feature in eighths of a power of two; `CONSTANT` where it does not vary.
        penalty: On the diagonal.
    """

    inverse: np.ndarray
    images: np.ndarray
    steps: np.ndarray
    penalty: float

    @property
    def copies(self) -> int:
        """Rows of an image."""
        return len(self.inverse) // len(self.images)


class SumsRows:
    """The rows of kept features as a head is solved on them.

    Args:
        kept: With what was chosen.
    """

    def __init__(self, kept: KeptFeatures) -> None:
        assert kept.choices is not None  # noqa: S101 - without them a head is chosen first
        self.kept, self.choices = kept, kept.choices
        mirrored = kept.mirrored if kept.choices.mirrored else None
        self.parts: Sequence[np.ndarray] = [each for each in (kept.rows, mirrored) if each is not None]
        rows = kept.rows if mirrored is None else PairedRows(kept.rows, mirrored)
        self.mean, scale = moments(rows)
        weights = emphasized(kept.rows.shape[1], self.choices.last, self.choices.emphasis)
        self.steps = _steps(scale if weights is None else weighted_scale(scale, weights))

    @property
    def penalty(self) -> float:
        """On the diagonal."""
        return self.choices.penalty * len(self)

    def __len__(self) -> int:
        return len(self.parts) * len(self.kept)

    def standardized(self, places: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Rows of images by their places, in turn with those of mirrored copies: centered, float32 `(n, d)`."""
        return _filled(self.parts, places, self.mean, scales(steps))

    def columns(self, places: np.ndarray, features: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Some features of the same, divided by a scale: float32 `(n, j)`."""
        return _filled([part[:, features] for part in self.parts], places, self.mean[features], scale)


def _filled(parts: Sequence[np.ndarray], places: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    inverse, copies = (1 / scale).astype(np.float32), len(parts)
    found = np.empty((len(places) * copies, len(mean)), np.float32)
    for start in range(0, len(places), _TOGETHER):
        own = found[start * copies : (start + _TOGETHER) * copies]
        for copy, part in enumerate(parts):
            own[copy::copies] = part[places[start : start + _TOGETHER]]
        own -= mean
        own *= inverse
    return found


def scales(steps: np.ndarray) -> np.ndarray:
    """What features are divided by; infinite where they are constant."""
    varying = steps != CONSTANT
    return np.exp2(steps / _STEPS, where=varying, out=np.full(len(steps), np.inf))


def _steps(scale: np.ndarray) -> np.ndarray:
    varying = np.isfinite(scale)
    steps = np.round(_STEPS * np.log2(scale, where=varying, out=np.zeros(len(scale))))
    return np.where(varying, steps, CONSTANT).astype(np.int16)


def pays(kept: KeptFeatures, balanced: bool) -> bool:
    """Whether an inverse is kept: where solving from scratch takes long, and it fits.

    Args:
        kept: With what was chosen.
        balanced: Whether classes are weighed against their frequency, so that each change changes all rows.
    """
    if kept.choices is None or balanced or not (kept.hashes != 0).all():
        return False
    rows = len(kept) * (2 if kept.choices.mirrored and kept.mirrored is not None else 1)
    width = kept.rows.shape[1]
    if rows > _EXACT and kept.choices.penalty < _LEAST:
        return False
    return rows <= MOST and rows * width * min(rows, width) > _FEW


def computed(rows: SumsRows) -> HeadSums:
    """Compute the inverse from scratch.

    Raises:
        scipy.linalg.LinAlgError: The penalty is lost in the precision that so many rows allow.
    """
    dtype = np.dtype(np.float64 if len(rows) <= _EXACT else np.float32)
    standard = rows.standardized(np.arange(len(rows.kept)), rows.steps)
    return HeadSums(bordered_inverse(standard, rows.penalty, dtype), rows.kept.hashes, rows.steps, rows.penalty)


def updated(sums: HeadSums, rows: SumsRows) -> HeadSums | None:
    """Follow the images that have come and gone, and the features whose scale has changed.

    Args:
        sums: Their inverse may be overwritten.
        rows: Of the images now.

    Returns:
        What `computed` would give, but for rounding; None where that is as quick, or the sums are of something else.
    """
    copies = len(rows.parts)
    if sums.copies != copies or not np.isclose(sums.penalty, rows.penalty, rtol=1e-9, atol=0):
        return None
    before, after = _named(sums.images), _named(rows.kept.hashes)
    gone = np.array([place for name, place in before.items() if name not in after], np.int64)
    new = np.array([place for name, place in after.items() if name not in before], np.int64)
    rescaled = np.flatnonzero(sums.steps != rows.steps)
    changed = (len(gone) + len(new)) * copies + len(rescaled)
    if changed > _LARGE_CHANGE * len(sums.inverse) or len(gone) == len(sums.images):
        return None
    inverse, images = sums.inverse, sums.images
    if len(gone):
        gone = np.sort(gone)
        inverse = without_rows(inverse, (gone[:, None] * copies + np.arange(copies)).ravel())
        images = np.delete(images, gone)
    places = np.array([after[name] for name in before if name in after], np.int64)
    if len(new):
        standard, added = rows.standardized(places, sums.steps), rows.standardized(new, sums.steps)
        center = standard.mean(axis=0, dtype=np.float64).astype(np.float32)
        inverse = with_rows(inverse, standard - center, added - center, rows.penalty)
        images, places = np.concatenate([images, rows.kept.hashes[new]]), np.concatenate([places, new])
    if len(rescaled):
        inverse = _rescaled(inverse, sums.steps, rows, places, rescaled)
    return HeadSums(inverse, images, rows.steps, sums.penalty)


def places_in(sums: HeadSums, hashes: np.ndarray) -> np.ndarray:
    """The number, among the images of sums, of each of the same images in another order."""
    found = _named(sums.images)
    return np.array([found[name] for name in _named(hashes)], np.int64)


def _named(images: np.ndarray) -> dict[tuple[int, int], int]:
    """The place of each image, by its content and how many of the same come before it: copies have the same row."""
    counts: dict[int, int] = {}
    found = {}
    for place, content in enumerate(images.tolist()):
        counts[content] = counts.get(content, -1) + 1
        found[content, counts[content]] = place
    return found


def _rescaled(
    inverse: np.ndarray, steps: np.ndarray, rows: SumsRows, places: np.ndarray, features: np.ndarray
) -> np.ndarray:
    """The inverse once some features have the scale that the rows give."""
    before, after = scales(steps[features]), scales(rows.steps[features])
    unit = np.where(np.isfinite(before), before, after)
    changes = (unit / after) ** 2 - (unit / before) ** 2
    return with_scales(inverse, rows.columns(places, features, unit), changes)
