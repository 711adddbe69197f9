"""What is told of copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kerastl._base.text import percent, printable

COLUMNS = ("group", "path", "keep", "kinds", "shows", "width", "height", "size", "reason")
"""Of CSV: a row an image."""


@dataclass(frozen=True)
class Copy:
    """An image of a group of copies.

    Args:
        path: As it stands in the index.
        width: Of the image, upright, in pixels.
        height: Likewise.
        size: Of the file, in bytes.
        keep: Whether it is the one to keep.
        kinds: How it differs from the one to keep: some of `same file`, `mirrored`, `crop`, `wider view`, `resized`,
            `turned`, `contrast`, or else `recompressed`; empty for the one to keep.
        shows: The fraction of the view of the one to keep that a crop shows, between 0 and 1.
        reason: Why it is the one to keep; empty for others.

    Example:
        >>> from kerastl.duplicates import Copy
        >>> print(Copy("b.jpg", 320, 240, 20_000, kinds=("crop", "mirrored"), shows=0.64))
        b.jpg: 320 x 240, 20.0 kB, crop (64.0 %), mirrored
    """

    path: str
    width: int
    height: int
    size: int
    keep: bool = False
    kinds: tuple[str, ...] = ()
    shows: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        what = f"{printable(self.path)}: {self.width} x {self.height}, {self.size / 1000:,.1f} kB"
        if self.keep:
            return f"{what}: {self.reason}"
        kinds = [f"crop ({percent(self.shows)})" if kind == "crop" and self.shows else kind for kind in self.kinds]
        return ", ".join([what, *kinds])

    def as_dict(self) -> dict[str, Any]:
        """The object that stands in JSON for this image."""
        values: dict[str, Any] = {"path": self.path, "width": self.width, "height": self.height, "size": self.size}
        if self.keep:
            return values | {"keep": True, "reason": self.reason}
        shows = None if self.shows is None else round(self.shows, 4)
        return values | {"keep": False, "kinds": list(self.kinds), "shows": shows}

    def cells(self, group: int) -> list[object]:
        """The row in the order of `COLUMNS`."""
        shows = "" if self.shows is None else f"{self.shows:.4f}"
        kinds = "; ".join(self.kinds)
        return [group, self.path, int(self.keep), kinds, shows, self.width, self.height, self.size, self.reason]


@dataclass(frozen=True)
class Duplicates:
    """The copies among images.

    Args:
        groups: The copies of each image that has some: the one to keep first, the others by their paths.
        count: How many images were looked at.
        failed: Why some could not be looked at, by path.
        root: The folder that paths start at: that of the index.

    Example:
        >>> from kerastl.duplicates import Copy, Duplicates
        >>> group = (Copy("a.jpg", 640, 480, 90_000, keep=True), Copy("b.jpg", 320, 240, 20_000, kinds=("resized",)))
        >>> Duplicates((group,), count=120).superfluous
        ['b.jpg']
    """

    groups: tuple[tuple[Copy, ...], ...]
    count: int
    failed: dict[str, str] = field(default_factory=dict)
    root: str = ""

    @property
    def superfluous(self) -> list[str]:
        """The paths of all copies but those to keep."""
        return [copy.path for group in self.groups for copy in group if not copy.keep]

    def __str__(self) -> str:
        copies = len(self.superfluous)
        if not copies:
            return f"no copies among {self.count:,} image{'s'[: self.count != 1]}"
        return (
            f"{copies:,} cop{'y' if copies == 1 else 'ies'} of {_images(len(self.groups))} among {_images(self.count)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for this in JSON."""
        groups = [[copy.as_dict() for copy in group] for group in self.groups]
        return {
            "root": self.root,
            "images": self.count,
            "copies": len(self.superfluous),
            "groups": groups,
            "failed": self.failed,
        }


def _images(count: int) -> str:
    return f"{count:,} image{'s'[: count != 1]}"


def best_first(copies: Sequence[Copy], times: Sequence[int]) -> tuple[list[int], str]:
    """Which of copies to keep.

    Args:
        copies: Of one image.
        times: When each was last written.

    Returns:
        Their places, the best first, and why it is: it has the most pixels; of as many pixels, the largest file, which
        is compressed least; of as many bytes, it is the oldest; or it is the first by its name.
    """
    keys = [(-copy.width * copy.height, -copy.size, time, copy.path) for copy, time in zip(copies, times, strict=True)]
    order = sorted(range(len(copies)), key=keys.__getitem__)
    first, second = keys[order[0]], keys[order[1]]
    reasons = ("the most pixels", "the least compressed of as many pixels", "the oldest of as many bytes")
    differ = (reason for reason, one, other in zip(reasons, first, second, strict=False) if one != other)
    return order, next(differ, "the first by name")
