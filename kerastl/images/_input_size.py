"""Height and width of a network's input, as they are given and told: one number for a square, else two."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from kerastl.errors import UsageError

InputSize: TypeAlias = int | tuple[int, int]
"""Height and width in pixels, or one number for both."""

MAX_SIDE = 8192
"""Of the result, in pixels: 200 MB an image. No network takes more, and what is asked for beyond is a mistake."""

_WRITTEN = re.compile(r"\s*(\d{1,9})(?:\s*[xX\u00d7]\s*(\d{1,9}))?\s*", re.ASCII)


def check_input_size(value: Any) -> InputSize | None:
    """Check an argument that is a size or None; a square of two equal numbers becomes one number.

    Args:
        value: A whole number, or a pair (height, width) in a tuple or a list, as JSON has it.

    Raises:
        UsageError: It is something else, or a side has less than 1 or more than 8,192 pixels.

    Example:
        >>> from kerastl.images._input_size import check_input_size
        >>> check_input_size([128, 512]), check_input_size((96, 96))
        ((128, 512), 96)
    """
    if value is None:
        return None
    given = value if isinstance(value, list | tuple) else (value, value)
    sides = [whole for side in given if (whole := _whole(side)) is not None and 1 <= whole <= MAX_SIDE]
    if len(given) != 2 or len(sides) != 2:
        raise UsageError(
            f"input_size must be a whole number of pixels, 1 to {MAX_SIDE:,}, or a pair (height, width) of them. "
            f"Received: input_size={value!r}"
        )
    height, width = sides
    return height if height == width else (height, width)


def _whole(value: Any) -> int | None:
    """A whole number of whatever library as one of Python; None for what is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return int(value) if isinstance(value, float) and value.is_integer() else None
    return int(value)


def parse_input_size(text: str) -> InputSize:
    """Read `224`, or `128x512` for 128 pixels high and 512 wide.

    Raises:
        UsageError: It is something else.

    Example:
        >>> from kerastl.images._input_size import parse_input_size
        >>> parse_input_size("224"), parse_input_size("128x512")
        (224, (128, 512))
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise UsageError(f"{text[:100]!r} is no number of pixels, nor HEIGHTxWIDTH, such as 128x512")
    height, width = int(found[1]), int(found[2] or found[1])
    checked = check_input_size((height, width))
    assert checked is not None  # noqa: S101 - only None gives None
    return checked


def sides_of(size: InputSize) -> tuple[int, int]:
    """Height and width."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def size_text(size: InputSize) -> str:
    """What `parse_input_size` reads."""
    height, width = sides_of(size)
    return str(height) if height == width else f"{height}x{width}"
