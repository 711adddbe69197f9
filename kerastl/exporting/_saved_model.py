"""TensorFlow's SavedModel: a folder that TensorFlow Serving and plain TensorFlow load."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.scratch import temporary_folder
from kerastl._base.stderr import native_stderr_silenced
from kerastl.errors import ModelError
from kerastl.exporting._embedded import JSON_FILE, LABELS_FILE, described, label_lines
from kerastl.exporting._resize_tensorflow import resized
from kerastl.exporting._source import ONE_THREAD, ExportSource
from kerastl.inference._export import absl_quiet, unavailable
from kerastl.inference._saved_model_engine import SavedModelEngine
from kerastl.inference._tensorflow_process import with_tensorflow

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from kerastl.images import Resize

INPUT, OUTPUT = "pixels", "probabilities"
"""What the tensors are called in signatures."""


def missing() -> str | None:
    """Why there is no SavedModel in this process, or `None`."""
    return unavailable()


def write(source: ExportSource, path: Path) -> None:
    """Write a model.

    The signature `serving_default` takes uint8 pixels, `serving_float` float32 ones, both of shape
    (n, height, width, 3) and from 0 to 255; with `source.with_resize`, height and width are free. The labels and the
    metadata are its assets.
    """
    texts = {
        LABELS_FILE: label_lines(source.metadata),
        JSON_FILE: described(source.metadata, "savedmodel"),
    }
    _save(source.model, source.metadata.resize if source.with_resize else None, texts, path)


@with_tensorflow
def _save(model: keras.Model, resize: Resize | None, texts: Mapping[str, str], path: Path) -> None:
    import tensorflow as tf

    with temporary_folder() as folder:
        for name, text in texts.items():
            Path(folder, name).write_text(text, encoding="utf-8", newline="\n")
        module = _module(model, resize, [str(folder / name) for name in texts])
        shape = (None, *model.input_shape[1:]) if resize is None else (None, None, None, 3)
        signatures = {
            "serving_default": module.serve.get_concrete_function(tf.TensorSpec(shape, tf.uint8, INPUT)),
            "serving_float": module.serve.get_concrete_function(tf.TensorSpec(shape, tf.float32, INPUT)),
        }
        try:
            with native_stderr_silenced(), absl_quiet(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tf.saved_model.save(module, str(path), signatures)
        except (ValueError, TypeError, AssertionError) as error:
            reason = "".join(str(error).strip().splitlines()[:1])[:200]
            raise ModelError(f"{model.name} cannot be saved for TensorFlow ({reason})") from error


def run(path: Path) -> SavedModelEngine:
    """Open what was written."""
    return SavedModelEngine(path, ONE_THREAD)


def _module(model: keras.Model, resize: Resize | None, assets: list[str]) -> Any:
    """The network as an object that TensorFlow saves: what it computes with must hang on it."""
    import tensorflow as tf

    module = tf.Module(name="kerastl")
    module.weights = [variable.value for variable in model.variables]
    module.assets = [tf.saved_model.Asset(asset) for asset in assets]

    def serve(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        read = tf.cast(pixels, tf.float32) if resize is None else resized(pixels, resize)
        return {OUTPUT: model(read, training=False)}

    # Without autograph, which leaves what it writes among the system's temporary files.
    module.serve = tf.function(serve, autograph=False)
    return module
