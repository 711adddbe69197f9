"""LiteRT, formerly TensorFlow Lite: one `.tflite` file."""

from __future__ import annotations

from pathlib import Path

from kerastl.exporting._litert_metadata import with_metadata
from kerastl.exporting._source import ONE_THREAD, ExportSource
from kerastl.inference._engines import LiteRTEngine


def write(source: ExportSource, path: Path) -> None:
    """Write a model in float32."""
    path.write_bytes(with_metadata(source.flatbuffer, source.metadata, "litert"))


def write_fp16(source: ExportSource, path: Path) -> None:
    """Write a model with weights in float16, half as large; where there are no kernels for it, computed in float32."""
    from kerastl.inference._export import to_litert_fp16

    path.write_bytes(with_metadata(to_litert_fp16(source.model), source.metadata, "litert-fp16"))


def write_int8(source: ExportSource, path: Path) -> None:
    """Write a model in 8-bit integers; what follows the last convolution stays in float32."""
    from kerastl.inference._quantize import to_int8

    path.write_bytes(with_metadata(to_int8(source.model, source.calibrating), source.metadata, "litert-int8"))


def run(path: Path) -> LiteRTEngine:
    """Open what was written."""
    return LiteRTEngine(path, ONE_THREAD)
