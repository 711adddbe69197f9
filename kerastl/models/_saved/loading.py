"""From a `.keras` file to a Keras model, by way of the checks; never one that is larger than its weights."""

from __future__ import annotations

import json
import math
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras, keras_reason
from kerastl._base.scratch import temporary_folder
from kerastl._base.text import printable
from kerastl.errors import KerastlError, ModelError, WeightsError
from kerastl.models._saved import archive, arrays, config, kinds
from kerastl.models._saved.archive import parsed

if TYPE_CHECKING:
    import keras

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


# Part of the key of compiled networks: raise it when what is refused changes, so that none slips through that was
# compiled before.
CHECKS = 1


def load(model_file: Path, trust: bool = False) -> keras.Model:
    """Load a saved model.

    Args:
        model_file: A `.keras` file.
        trust: Whether to leave the loading to Keras, which then runs whatever code the file brings.

    Raises:
        ModelError: It is none, is broken, holds what kerastl does not load without trust, or holds weights that are
            not finite. Names the file.
    """
    shown = printable(os.fspath(model_file))
    try:
        model = _trusted(model_file) if trust else _checked(model_file)
        check_finite(model)
    except ModelError as error:
        message = str(error)
        raise ModelError(message if message.startswith(shown) else f"{shown}: {message}") from error
    except MemoryError as error:
        raise ModelError(f"{shown} cannot be loaded: there is not enough memory") from error
    except Exception as error:
        raise ModelError(f"{shown} cannot be loaded by Keras ({keras_reason(error)})") from error
    return model


def _trusted(model_file: Path) -> keras.Model:
    with archive.opened(model_file) as opened:
        _import_modules(parsed(opened.read(archive.CONFIG), "its config"))
    return import_keras().models.load_model(model_file, compile=False, safe_mode=False)


def _import_modules(config: Any) -> None:
    """Import the modules that define the layers of a trusted model, which Keras knows only once they are registered."""
    from importlib import import_module

    waiting, modules = [config], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            modules.add(value.get("module"))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    for module in modules:
        if isinstance(module, str) and module.partition(".")[0] not in ("keras", "builtins", "__main__", ""):
            with suppress(ImportError):  # Keras says which layer it does not know
                import_module(module)


def _checked(model_file: Path) -> keras.Model:
    keras = import_keras()
    # Keras gets copies of what was checked, and nothing else of the file.
    with temporary_folder() as unpacked:
        stored = _unpack(model_file, unpacked)
        try:
            with warnings.catch_warnings(record=True) as caught, held_to(stored):
                warnings.simplefilter("always")
                model = keras.models.load_model(unpacked, compile=False, safe_mode=True)
            # Keras only warns when it leaves layers at their random weights.
            if any("Skipping nested container" in str(warning.message) for warning in caught):
                raise ModelError("some of its layers have no weights in the file")
        except KerastlError:
            raise
        except RecursionError:
            raise ModelError("its layers are nested too deep") from None
    if not isinstance(model, keras.Model):
        raise ModelError(f"it holds no model, but a {type(model).__name__}")
    check_outputs(model)
    return model


def _unpack(model_file: Path, folder: Path) -> int:
    """Write config and weights into a folder as Keras reads them; how many numbers there are."""
    with archive.opened(model_file) as opened:
        if archive.WEIGHTS not in opened.namelist():
            raise ModelError(f"{printable(os.fspath(model_file))}: it has no {archive.WEIGHTS}, so no weights")
        values = parsed(opened.read(archive.CONFIG), "its config")
        config.check(values)
        archive.copy_member(opened, archive.WEIGHTS, folder / archive.WEIGHTS)
    (folder / archive.CONFIG).write_text(json.dumps(config.without_compilation(values)), encoding="utf-8")
    (folder / "metadata.json").write_text("{}", encoding="utf-8")
    try:
        return arrays.count_numbers(folder / archive.WEIGHTS)
    except arrays.HDF5Error as error:
        raise ModelError(f"its {archive.WEIGHTS}: {error}") from error


def load_weights(model: keras.Model, file: Path) -> None:
    """Load the weights alone, of a `.keras` file or in HDF5; Keras decides whether they fit.

    Raises:
        WeightsError: They are broken, not finite, or would take far more memory than the file's size. Names the file.
        OSError: The file cannot be read.
        ValueError: They do not fit.
    """
    shown = printable(os.fspath(file))
    with temporary_folder() as folder:
        weights = file
        try:
            if not kinds.is_hdf5(file):
                if (kind := kinds.of_file(file, kinds.TAKES_WEIGHTS)) is not None:
                    raise ModelError(f"it is {kind}")
                weights = folder / archive.WEIGHTS
                with archive.opened(file) as opened:
                    archive.copy_member(opened, archive.WEIGHTS, weights)
            arrays.count_numbers(weights)
            model.load_weights(weights)
            check_finite(model)
        except (arrays.HDF5Error, ModelError) as error:
            message = str(error)
            raise WeightsError(message if message.startswith(shown) else f"{shown}: {message}") from error


def check_finite(model: keras.Model) -> None:
    """Refuse weights that make every score not a number.

    Raises:
        ModelError: Some are not finite; names the first.
    """
    import numpy as np

    for variable in model.weights:
        values = np.asarray(variable)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            count = int((~np.isfinite(values)).sum())
            raise ModelError(
                f"{count:,} numbers in {printable(variable.path)[:100]!r} are not finite (NaN or infinite), and so "
                "would be its scores; the training went wrong, or the file was changed"
            )
