"""Whether metadata belongs to the network beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastl.errors import ModelError
from kerastl.images import Resize


def check(
    resize: Resize, classes: int, inputs: Sequence[Sequence[Any]], outputs: Sequence[Sequence[Any]], exact: bool = True
) -> None:
    """Compare metadata with a network, compiled or not.

    Args:
        resize: The metadata's.
        classes: How many the metadata names.
        inputs: The shape of each input of the network; what is open is None or -1.
        outputs: The shape of each output.
        exact: Whether there may be classes in the output only; features follow them otherwise.

    Raises:
        ModelError: They do not fit. Without the file's name.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"its network has {len(inputs)} inputs and {len(outputs)} outputs; kerastl takes one image and gives "
            "one score a class"
        )
    given, wanted = _shape(inputs[0]), (resize.height, resize.width, 3)
    if len(given) != 4 or any(size not in (None, want) for size, want in zip(given[1:], wanted, strict=True)):
        raise ModelError(
            f"its metadata says images of {resize.height} x {resize.width} pixels in color, and its network takes "
            f"arrays of shape {given}"
        )
    found = _shape(outputs[0])
    if len(found) != 2 or found[1] is None or found[1] < classes or (exact and found[1] != classes):
        raise ModelError(f"its metadata names {classes:,} classes, and its network gives arrays of shape {found}")


def _shape(shape: Sequence[Any]) -> tuple[int | None, ...]:
    return tuple(None if size is None or size < 0 else int(size) for size in shape)
