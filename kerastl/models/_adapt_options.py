"""What may be said about a model that kerastl does not know: its input scaling and its pooling."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

from kerastl.errors import UsageError

ScalingName = Literal["inside", "tf", "torch", "caffe", "unit"]
InputScaling: TypeAlias = ScalingName | tuple[Any, Any]
"""`inside`: the network takes 0-255; `tf`: [-1, 1]; `torch`: [0, 1] less ImageNet's mean, by its standard deviation;
`caffe`: BGR less ImageNet's mean; `unit`: [0, 1]; or a scale and an offset, each a number or one for each channel."""

SCALINGS = (
    "'inside' (the network takes 0-255 as they are), 'tf' ([-1, 1]), 'torch', 'caffe' (both as keras.applications has "
    "them), 'unit' ([0, 1]), or (scale, offset)"
)
Pooling = Literal["mean", "max", "token", "flatten"]
POOLINGS: tuple[str, ...] = get_args(Pooling)


def check_input_scaling(scaling: object) -> InputScaling:
    """An input scaling that somebody names.

    Returns:
        The same, with a scale and an offset as numbers or lists of three.

    Raises:
        UsageError: It is none.
    """
    if isinstance(scaling, str) and scaling in get_args(ScalingName):
        return scaling  # type: ignore[return-value]
    if isinstance(scaling, Sequence) and not isinstance(scaling, str) and len(scaling) == 2:
        numbers = [_numbers(part) for part in scaling]
        if all(isinstance(number, float) or (number and len(number) == 3) for number in numbers):
            return (numbers[0], numbers[1])
    raise UsageError(f"input_scaling must be one of {SCALINGS}. Received: {scaling!r}")


def _numbers(part: Any) -> float | list[float] | None:
    """A number, or a list of one for each of three channels; None where it is neither."""
    part = part.tolist() if hasattr(part, "tolist") else part  # an array
    if isinstance(part, (list, tuple)):
        values = [_numbers(each) for each in part]
        return [each for each in values if isinstance(each, float)] if len(values) == 3 else None
    number = isinstance(part, (int, float)) and not isinstance(part, bool) and abs(part) <= sys.float_info.max
    return float(part) if number else None


def check_pooling(pooling: object) -> Pooling | None:
    """A pooling that somebody names, or None.

    Raises:
        UsageError: It is none.
    """
    if pooling is not None and pooling not in POOLINGS:
        raise UsageError(f"pooling must be one of {', '.join(POOLINGS)}. Received: {pooling!r}")
    return pooling  # type: ignore[return-value]
