"""The fast engine for the frozen part of a network, where it agrees with Keras."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from kerastl._base.files import replacing
from kerastl._progress import stage
from kerastl.errors import ModelError
from kerastl.inference._cache import default_parallelism
from kerastl.inference._engines import Engine, KerasEngine, LiteRTEngine
from kerastl.inference._export import to_litert
from kerastl.training._callback import RunCallback

# The two may differ by this fraction of the largest activation; measured: 1e-6 to 1e-5.
TOLERANCE = 1e-3
# Images that keep a GPU busy; a CPU does with fewer.
_ACCELERATOR_BATCH = 128


def boundary_engine(lower: keras.Model, folder: Path, callback: RunCallback | None = None) -> Engine:
    """Open the engine that computes activations at the boundary.

    Args:
        lower: Raw pixels `(n, h, w, 3)` to activations `(n, ...)`.
        folder: Where the compiled network is put, as `boundary.tflite`; it must stay while the engine is used.
        callback: Hears why Keras itself is used, where it is.

    Returns:
        Keras on a GPU or TPU, in the precision that trains. Elsewhere the compiled network where it can be had and
        agrees with Keras, else Keras; either computes in float32, whatever precision trains: LiteRT knows no other,
        and what is computed once may as well be exact.

    Example:
        >>> from pathlib import Path
        >>> import keras
        >>> import numpy as np
        >>> from kerastl.finetuning import boundary_engine
        >>> pixels = keras.Input((32, 32, 3))
        >>> lower = keras.Model(pixels, keras.layers.Conv2D(8, 3)(pixels))
        >>> engine = boundary_engine(lower, Path("compiled"))
        >>> engine.predict(np.zeros((2, 32, 32, 3), "uint8")).shape
        (2, 30, 30, 8)
    """
    callback = callback or RunCallback()
    if accelerators():
        return KerasEngine(lower, _ACCELERATOR_BATCH)
    lower = _in_float32(lower)
    try:
        with stage("compiling the part that stays as it is"):
            return _compiled(lower, folder)
    except (ModelError, ValueError, RuntimeError, ImportError) as error:
        callback.warn(f"the fast engine is not used ({error}): features take longer")
        return KerasEngine(lower)


def accelerators() -> list[str]:
    """The GPUs and TPUs that Keras's backend computes on, as it calls them; those of PyTorch it does not tell."""
    if keras.backend.backend() == "torch":
        return []
    return [device for device in keras.distribution.list_devices() if not device.startswith("cpu")]


def _in_float32(model: keras.Model) -> keras.Model:
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model
    plain = keras.models.clone_model(model, clone_function=_float32_copy)
    plain.set_weights(model.get_weights())
    return plain


def _float32_copy(operation: keras.Operation) -> keras.Operation:
    config = operation.get_config()
    # A bare operation, such as a sum, has no precision of its own.
    return type(operation).from_config(config | {"dtype": "float32"} if "dtype" in config else config)


def _compiled(lower: keras.Model, folder: Path) -> LiteRTEngine:
    content = to_litert(lower)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "boundary.tflite"
    with replacing(file) as temporary:
        temporary.write_bytes(content)
    engine = LiteRTEngine(file, default_parallelism(len(content)))
    height, width = lower.input_shape[1:3]
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (1, 8, 8, 3)).repeat(-(-height // 8), 1).repeat(-(-width // 8), 2)
    pixels = coarse[:, :height, :width].astype(np.uint8)
    expected = keras.ops.convert_to_numpy(lower(pixels.astype(np.float32), training=False))
    difference = float(np.max(np.abs(engine.predict(pixels) - expected)) / max(np.max(np.abs(expected)), 1e-6))
    if not difference <= TOLERANCE:
        raise ModelError(f"it differs from Keras by {difference:.1g} of the largest activation")
    return engine
