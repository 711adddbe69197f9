"""Compare every row of the catalog with Keras itself. No network is needed; all rows take some minutes.

For each row: the constructor is called as for downloading and what it asks for is compared with the row's file,
address and hash (for every size that has weights of its own); the network is built with random weights, with and
without its head, and its parameters, input size, smallest size, scaling and stages are compared.

Usage: python scripts/check_catalog.py [NAME...]
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras.src.utils import file_utils

from kerastl._base.registry import resolve_reference
from kerastl.errors import UsageError
from kerastl.models import _build
from kerastl.models._registry import BACKBONES, Backbone, WeightsFile

LIBRARY = "keras.applications"
# Their cells read the two cells before them; every other boundary is crossed by one tensor.
_NASNETS = ("nasnet_mobile", "nasnet_large")


class Requested(Exception):  # noqa: N818 -- not an error
    """What Keras would have downloaded."""


@contextmanager
def intercepted() -> Iterator[None]:
    """Make Keras raise `Requested` in place of downloading."""

    def request(fname: str, origin: str, file_hash: str | None = None, **_: Any) -> None:
        raise Requested(fname, origin, file_hash)

    original = file_utils.get_file
    file_utils.get_file = request
    try:
        yield
    finally:
        file_utils.get_file = original


def requested(row: Backbone, include_top: bool, size: int) -> tuple[str, str, str | None]:
    """File name, address and hash that Keras asks for."""
    constructor = getattr(keras.applications, row.constructor)
    with intercepted():
        try:
            constructor(weights="imagenet", include_top=include_top, input_shape=(size, size, 3), **dict(row.arguments))
        except Requested as request:
            return request.args
    raise RuntimeError(f"{row.name}: Keras asked for nothing")


def file_faults(row: Backbone) -> Iterator[str]:
    """Weights files that are not those of Keras."""
    for size in row.weight_sizes or (row.input_size,):
        for include_top in (True, False):
            ours: WeightsFile = row.weights_file(include_top, (size, size))
            theirs = requested(row, include_top, size)
            if (ours.file, ours.url, ours.hash) != theirs:
                yield f"weights at {size} px: {(ours.file, ours.url, ours.hash)}, Keras has {theirs}"


def stage_faults(row: Backbone, model: keras.Model) -> Iterator[str]:
    """Weights that belong to no stage or to several, empty stages, and boundaries that are no clean cuts."""
    stages = _build.stages(model, row)
    layers = [layer for group in stages.values() for layer in group]
    weights = [id(weight) for layer in layers for weight in layer.weights]
    if sorted(weights) != sorted(id(weight) for weight in model.weights):
        yield "the stages do not hold every weight exactly once"
    for name, group in stages.items():
        if name != "head" and not any(layer.weights for layer in group):
            yield f"stage {name} has no weights"
        crossing = len(_build.boundary_tensors(model, row, name))
        if crossing > (3 if row.name in _NASNETS else 1):
            yield f"{crossing} tensors cross the lower boundary of {name}"
    print(
        "   ",
        ", ".join(
            f"{name} {sum(w.size for x in group for w in map(np.asarray, x.get_weights())):,}"
            for name, group in stages.items()
        ),
    )


def scaling_fault(row: Backbone) -> str | None:
    """Whether our scaling differs from the backbone's own by more than rounding."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 3)).astype("float32")
    ours = np.asarray(_build.preprocess(pixels, row.input_scaling))
    theirs = resolve_reference(row.preprocess_input)(pixels.copy())
    difference = float(abs(ours - np.asarray(theirs)).max())
    return None if difference <= 5e-7 else f"the scaling differs by {difference}"


def size_fault(row: Backbone) -> str | None:
    """Whether Keras takes a smaller input than the row says."""
    constructor = getattr(keras.applications, row.constructor)
    smaller = row.min_size - 1
    try:
        constructor(weights=None, include_top=False, input_shape=(smaller, smaller, 3), **dict(row.arguments))
    except ValueError:
        return None
    return f"Keras takes {smaller} px, the row says at least {row.min_size}"


def faults(row: Backbone) -> Iterator[str]:
    """Everything that is wrong with a row."""
    yield from file_faults(row)
    yield from filter(None, [scaling_fault(row), size_fault(row)])
    plain = getattr(keras.applications, row.constructor)(weights=None, **dict(row.arguments))
    if plain.input_shape[1:] not in ((row.input_size, row.input_size, 3), (None, None, 3)):
        yield f"input size {row.input_size}, Keras has {plain.input_shape}"
    for include_top, file in ((True, row.weights), (False, row.weights_no_top)):
        model = _build.build(row, weights=None, include_top=include_top)
        if model.count_params() != file.parameters:
            yield f"{file.parameters} parameters in {file.file}, Keras has {model.count_params()}"
        yield from stage_faults(row, model)
        if include_top and plain.count_params() != row.parameters:
            yield f"{row.parameters} parameters, Keras has {plain.count_params()}"
        keras.utils.clear_session()


def missing_constructors() -> list[str]:
    """Constructors of Keras that no row stands for."""
    theirs = {name for name in dir(keras.applications) if name[0].isupper()}
    return sorted(theirs - {row.constructor for row in BACKBONES.usable() if row.library == LIBRARY})


def main(names: list[str]) -> int:
    """Check the rows of that name, or all; return the exit code."""
    warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
    wrong = 0
    for missing in [] if names else missing_constructors():
        wrong += 1
        print(f"{missing}: no row")
    for name in names or [row.name for row in BACKBONES.usable() if row.library == LIBRARY]:
        try:
            row = BACKBONES[name]
        except UsageError as error:
            print(error)
            return 2
        print(name, flush=True)
        for fault in faults(row):
            wrong += 1
            print(f"  WRONG: {fault}")
    print(f"{wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
