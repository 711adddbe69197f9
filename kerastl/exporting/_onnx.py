"""ONNX: one `.onnx` file, in float32, with float16 or in integers, with the metadata inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base import extras
from kerastl._base.text import printable
from kerastl._version import __version__
from kerastl.errors import ModelError
from kerastl.exporting._embedded import KEY, described, label_lines
from kerastl.exporting._onnx_graph import INPUT
from kerastl.exporting._resize_graph import add_resize
from kerastl.exporting._source import ONE_THREAD, ExportSource
from kerastl.images import Resize
from kerastl.inference._export import patterns

if TYPE_CHECKING:
    import numpy as np
    import onnx

    from kerastl.inference._onnx_engine import OnnxEngine

_LARGEST = (1 << 31) - 1
_PROBED = 20
# What ONNX's own notes on metadata call the pixels that go in.
_PIXELS = {
    "Image.BitmapPixelFormat": "Rgb8",
    "Image.ColorSpaceGamma": "SRGB",
    "Image.NominalPixelRange": "NominalRange_0_255",
}


def missing() -> str | None:
    """What is not installed."""
    return extras.missing("onnx", "onnx", "onnxruntime", "tf2onnx")


def write(source: ExportSource, path: Path) -> None:
    """Write a model in float32."""
    _save(_network(source), source, path, "onnx")


def write_fp16(source: ExportSource, path: Path) -> None:
    """Write a model that computes in float16 where that can hold its numbers."""
    from kerastl.exporting._onnx_fp16 import to_float16

    _save(to_float16(_network(source), _probing(source)), source, path, "onnx-fp16")


def write_int8(source: ExportSource, path: Path) -> None:
    """Write a model that computes in 8-bit integers, fitted to images."""
    from kerastl.exporting._onnx_int8 import to_int8

    _save(to_int8(_network(source), source.calibrating), source, path, "onnx-int8")


def run(path: Path) -> OnnxEngine:
    """Open what was written."""
    from kerastl.inference._onnx_engine import OnnxEngine

    return OnnxEngine(path, ONE_THREAD)


def _network(source: ExportSource) -> onnx.ModelProto:
    import onnx

    return onnx.load_from_string(source.onnx)


def _probing(source: ExportSource) -> np.ndarray:
    """Images on which is seen how large numbers become: patterns, and some of those like the ones to come."""
    import numpy as np

    reader = source.metadata.reader
    if isinstance(reader, Resize):
        found = patterns(reader.height, reader.width)
    else:
        found = np.random.default_rng(0).integers(0, 256, (_PROBED, *reader.shape), np.uint8)
    return found if source.calibrate is None else np.concatenate([found, source.calibrating[:_PROBED]])


def _save(model: onnx.ModelProto, source: ExportSource, path: Path, format_name: str) -> None:
    import onnx

    name = printable(source.metadata.name)
    if source.with_resize:
        add_resize(model, source.metadata.resize)
    model.producer_name, model.producer_version, model.doc_string = "kerastl", __version__, name
    texts = {KEY: described(source.metadata, format_name), "labels": label_lines(source.metadata)}
    if isinstance(source.metadata.reader, Resize):
        _describe_pixels(model)
        texts.update(_PIXELS)
    onnx.helper.set_model_props(model, texts)
    if model.ByteSize() > _LARGEST:
        raise ModelError(f"{name} has more than 2 GB of weights, which one ONNX file cannot hold")
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _describe_pixels(model: onnx.ModelProto) -> None:
    """Say in ONNX's words that the input is an image, and which of its axes is what."""
    (pixels,) = (each for each in model.graph.input if each.name == INPUT)
    pixels.type.denotation = "IMAGE"
    axes = ("DATA_BATCH", "DATA_FEATURE", "DATA_FEATURE", "DATA_CHANNEL")
    for axis, denotation in zip(pixels.type.tensor_type.shape.dim, axes, strict=True):
        axis.denotation = denotation
