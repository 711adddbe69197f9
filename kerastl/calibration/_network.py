"""Put a temperature into the network of a model's file.

What plain Keras reads then gives the same probabilities as kerastl. In most files two arrays change, the kernel and
the bias of the last layer, and the rest stays byte for byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.models._saved import archive

if TYPE_CHECKING:
    import keras

_KERAS_METADATA = "metadata.json"
_KERNEL, _BIAS = "0", "1"


def scaled_members(model_file: Path, model: keras.Model, temperature: float, folder: Path) -> dict[str, Path]:
    """Make the members of a `.keras` file that differ once its network's logits are divided by a temperature.

    Args:
        model_file: The file, which was found safe to load; it is only read.
        model: The network that was loaded from it.
        temperature: T, more than 0.
        folder: Gets the members.

    Returns:
        Files by the name of the member they replace.
    """
    from kerastl.models._scaled_logits import last_layer, with_temperature

    weights = folder / archive.WEIGHTS
    layer = last_layer(model)
    if layer is not None:
        with archive.opened(model_file) as opened:
            archive.copy_member(opened, archive.WEIGHTS, weights)
        if _divide(weights, [np.asarray(values) for values in layer.get_weights()], temperature):
            return {archive.WEIGHTS: weights}
    saved = folder / "scaled.keras"
    with_temperature(model, temperature).save(saved)
    names = (archive.CONFIG, archive.WEIGHTS, _KERAS_METADATA)
    with archive.opened(saved) as opened:
        for name in names:
            archive.copy_member(opened, name, folder / name)
    saved.unlink()
    return {name: folder / name for name in names}


def _divide(file: Path, arrays: list[np.ndarray], temperature: float) -> bool:
    """Divide the stored arrays of one layer; False where it is not clear which they are.

    Where a layer stands in the file depends on Keras's version; what it holds does not.
    """
    import h5py

    with h5py.File(file, "r+") as opened:
        groups: list[Any] = []
        opened.visititems(lambda _, found: groups.append(found) if _holds(found, arrays) else None)
        if len(groups) != 1:
            return False
        for name, values in zip((_KERNEL, _BIAS), arrays, strict=False):
            groups[0][name][...] = (values.astype(np.float64) / temperature).astype(np.float32)
    return True


def _holds(found: Any, arrays: list[np.ndarray]) -> bool:
    import h5py

    if not isinstance(found, h5py.Group) or set(found) != {_KERNEL, _BIAS}.intersection(map(str, range(len(arrays)))):
        return False
    stored = [found[name] for name in sorted(found)]
    fits = all(
        isinstance(each, h5py.Dataset) and each.shape == values.shape and each.dtype == np.float32
        for each, values in zip(stored, arrays, strict=True)
    )
    return fits and all(np.array_equal(each[()], values) for each, values in zip(stored, arrays, strict=True))
