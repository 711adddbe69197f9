"""Another last layer in a model's file, written without loading the network: other weights, more or fewer classes.

Two arrays change, and the number of units in the network's description; the rest stays byte for byte. So a head is
replaced in a fraction of the time that Keras takes to start.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.models._saved import archive
from kerastl.models._saved.arrays import HDF5Error, count_numbers

_KERNEL, _BIAS = "0", "1"


def head_members(model_file: Path, kernel: np.ndarray, bias: np.ndarray, folder: Path) -> dict[str, bytes | Path]:
    """Make the members of a `.keras` file that differ once its last layer has other weights.

    Args:
        model_file: The file; it is only read.
        kernel: float32 `(features, classes)`.
        bias: float32 `(classes,)`.
        folder: Gets the weights.

    Returns:
        What replaces them, by the names of the members.

    Raises:
        ModelError: The network does not end in a dense layer on such features, or that cannot be told.
    """
    with archive.opened(model_file) as opened:
        config = archive.parsed(opened.read(archive.CONFIG), archive.CONFIG)
        weights = folder / archive.WEIGHTS
        archive.copy_member(opened, archive.WEIGHTS, weights)
    layer = _last_dense(config)
    units = None if layer is None else layer["config"].get("units")
    try:
        count_numbers(weights)
        done = isinstance(units, int) and _replace(weights, units, kernel, bias)
    except (HDF5Error, OSError, RuntimeError, KeyError) as error:
        raise ModelError(f"{printable(str(model_file))}: its weights cannot be read ({error})") from None
    if layer is None or not done:
        raise ModelError(
            f"{printable(str(model_file))}: it does not end in one Dense layer on {len(kernel):,} features, which is "
            "what can be changed without training"
        )
    if units == len(bias):
        return {archive.WEIGHTS: weights}
    layer["config"]["units"] = len(bias)
    return {archive.WEIGHTS: weights, archive.CONFIG: json.dumps(config).encode()}


def _last_dense(config: dict[str, Any]) -> dict[str, Any] | None:
    """The description of the last layer, where it is a dense one."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    last = layers[-1] if isinstance(layers, list) and layers else None
    if not isinstance(last, dict) or last.get("class_name") != "Dense" or not isinstance(last.get("config"), dict):
        return None
    return last


def _replace(file: Path, units: int, kernel: np.ndarray, bias: np.ndarray) -> bool:
    """Replace the arrays of the only layer of that form; False where there is none, or several."""
    import h5py

    before = {_KERNEL: (len(kernel), units), _BIAS: (units,)}
    with h5py.File(file, "r+") as opened:
        found: list[Any] = []
        opened.visititems(lambda _, each: found.append(each) if _has_form(each, before) else None)
        if len(found) != 1:
            return False
        for name, values in ((_KERNEL, kernel), (_BIAS, bias)):
            if found[0][name].shape != values.shape:
                found[0][name][...] = 0  # the file keeps the room of what is deleted, and what is in it
                del found[0][name]
                found[0].create_dataset(name, values.shape, np.float32)
            found[0][name][...] = values
    return True


def _has_form(found: Any, shapes: dict[str, tuple[int, ...]]) -> bool:
    import h5py

    return (
        isinstance(found, h5py.Group)
        and set(found) == set(shapes)
        and all(
            isinstance(found[name], h5py.Dataset) and found[name].shape == shape and found[name].dtype == np.float32
            for name, shape in shapes.items()
        )
    )
