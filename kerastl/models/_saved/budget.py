"""A network may not be larger than its weights: what would be is stopped before it takes the memory."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kerastl._base.keras_import import import_keras
from kerastl._base.text import printable
from kerastl.errors import ModelError

# Some variables are made that are not stored, such as the two factors of LoRA; 4-bit kernels are stored as halves.
_SPARE_FACTOR = 4
_SPARE = 1 << 20
# Numbers that one layer may give for one image: 2 GiB of float32.
_OUTPUT = 1 << 29

_lock = threading.Lock()


@contextmanager
def held_to(stored: int) -> Iterator[None]:
    """Let this thread make no more variables than a weights file can fill while the block runs.

    Keras makes variables as soon as a layer's size is known, long before it looks for their values.

    Args:
        stored: How many numbers the weights file holds.

    Raises:
        ModelError: A layer asks for more.
    """
    base = import_keras().layers.Layer
    allowed = _SPARE_FACTOR * stored + _SPARE
    thread, spent = threading.get_ident(), 0

    def add_weight(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal spent
        if threading.get_ident() == thread:
            shape = kwargs.get("shape", next((given for given in args if not isinstance(given, str)), ()))
            sizes = [shape] if isinstance(shape, int) else list(shape or ())
            spent += math.prod(sizes) if all(isinstance(size, int) for size in sizes) else 0
            if spent > allowed:
                raise ModelError(
                    f"layer {printable(str(self.name))[:100]!r} promises more than the file holds: weights of shape "
                    f"{tuple(sizes)}, where {stored:,} numbers are stored in all"
                )
        return original(self, *args, **kwargs)

    with _lock:
        original = base.add_weight
        base.add_weight = add_weight
        try:
            yield
        finally:
            base.add_weight = original


def check_outputs(model: Any) -> None:
    """Refuse a network in which one image grows beyond what memory holds.

    Raises:
        ModelError: A layer gives too much; names it.
    """
    tree = import_keras().tree
    waiting = [model]
    while waiting:
        network = waiting.pop()
        for operation in getattr(network, "operations", None) or getattr(network, "layers", []):
            if hasattr(operation, "layers"):
                waiting.append(operation)
            try:
                tensors = tree.flatten(operation.output)
            except (AttributeError, ValueError):
                continue
            for tensor in tensors:
                if math.prod(size or 1 for size in tensor.shape) > _OUTPUT:
                    raise ModelError(
                        f"layer {printable(str(operation.name))[:100]!r} makes an array of shape "
                        f"{tuple(tensor.shape)} of each image, which no memory holds"
                    )
