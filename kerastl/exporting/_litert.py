"""LiteRT, formerly TensorFlow Lite: one `.tflite` file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from kerastl.exporting._embedded import JSON_FILE, LABELS_FILE, described, label_lines
from kerastl.exporting._source import ONE_THREAD, ExportSource
from kerastl.inference._engines import LiteRTEngine
from kerastl.models._metadata import Metadata


def write(source: ExportSource, path: Path) -> None:
    """Write a model in float32."""
    path.write_bytes(with_files(source.flatbuffer, source.metadata, "litert"))


def run(path: Path) -> LiteRTEngine:
    """Open what was written."""
    return LiteRTEngine(path, ONE_THREAD)


def with_files(flatbuffer: bytes, metadata: Metadata, format_name: str) -> bytes:
    """Put the files that belong to a flatbuffer behind it, as a zip archive: readers of neither notice the other."""
    stream = io.BytesIO(flatbuffer)
    files = {LABELS_FILE: label_lines(metadata), JSON_FILE: described(metadata, format_name)}
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name, text in files.items():
            # A fixed date, so that the same model gives the same file.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return stream.getvalue()
