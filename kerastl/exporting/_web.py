"""A page that runs the model in a browser: a folder that any web server serves, and that opens without one."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from kerastl._base import extras
from kerastl._base.text import printable
from kerastl.calibration import _intervals as intervals
from kerastl.calibration._thresholds import values_of
from kerastl.errors import ModelError
from kerastl.exporting import _web_runtime as web_runtime
from kerastl.exporting._card import CARD_FILE, card
from kerastl.exporting._embedded import JSON_FILE, LABELS_FILE, described, label_lines
from kerastl.exporting._source import ONE_THREAD, ExportSource
from kerastl.exporting._web_page import STATIC, page
from kerastl.images import Resize
from kerastl.inference._onnx_engine import OnnxEngine
from kerastl.models._metadata import Metadata
from kerastl.tasks._task import TASKS

NAME = "web"
FOLDER, MODEL_SCRIPT, RUNTIME_FOLDER = "files", "model.js", "runtime"
# Bytes in a script: few enough for any browser's longest text, and for a progress bar that moves.
_PART = 6 << 20
_PART_LINE = re.compile(r'kerastl\.part\("([A-Za-z0-9+/=]*)"\);\n')


def missing() -> str | None:
    """What is not installed."""
    return extras.missing("web", "onnx", "onnxruntime", "tf2onnx")


def check(source: ExportSource) -> None:
    """Raise `KerastlError` for a model that takes no images, and where the runtime cannot be had."""
    if not isinstance(source.metadata.reader, Resize):
        reads = source.metadata.reader.describe()
        raise ModelError(f"{printable(source.metadata.name)} takes {reads}, and the page reads images only")
    web_runtime.check(source.web_runtime)


def write(source: ExportSource, path: Path) -> None:
    """Write the folder."""
    runtime = web_runtime.runtime(source.web_runtime)
    (path / FOLDER).mkdir(parents=True)
    contents = {"model": source.onnx, "wasm": runtime[web_runtime.WASM], "glue": runtime[web_runtime.GLUE]}
    parts = {name: _write_parts(path / FOLDER, name, content) for name, content in contents.items()}
    (path / RUNTIME_FOLDER).mkdir()
    (path / RUNTIME_FOLDER / web_runtime.SCRIPT.name).write_bytes(runtime[web_runtime.SCRIPT])
    texts = {
        MODEL_SCRIPT: _model_script(source.metadata, parts),
        "index.html": page(source.metadata),
        LABELS_FILE: label_lines(source.metadata),
        JSON_FILE: described(source.metadata, NAME),
        CARD_FILE: card(source),
        **{name: (files("kerastl.exporting") / "templates" / NAME / name).read_text("utf-8") for name in STATIC},
    }
    for name, text in texts.items():
        (path / name).write_text(text, encoding="utf-8", newline="\n")


def _write_parts(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    """Write bytes as scripts that hold them as text, compressed; give what the page must know of them."""
    # Without a date, so that the same model gives the same files.
    packed = gzip.compress(content, mtime=0)
    parts = [packed[start : start + _PART] for start in range(0, len(packed), _PART)]
    names = [f"{name}-{number}.js" for number in range(len(parts))]
    for file, part in zip(names, parts, strict=True):
        text = base64.b64encode(part).decode()
        (folder / file).write_text(f'kerastl.part("{text}");\n', encoding="ascii", newline="\n")
    return {"parts": names, "bytes": len(content)}


def _model_script(metadata: Metadata, parts: Mapping[str, Any]) -> str:
    """What the page must know, as JSON in a text: whatever stands in it, none of it is run."""
    interval = intervals.of(metadata)
    is_multilabel = TASKS[metadata.task].kind == "indicators"
    model = {
        "name": metadata.name,
        "task": metadata.task,
        "labels": list(metadata.labels.names),
        "input": metadata.resize.as_dict(),
        "thresholds": list(values_of(metadata)) if is_multilabel else None,
        "interval": None if interval is None else {"coverage": interval[0], "half_width": interval[1]},
    }
    values = {"model": model, "files": parts}
    lines = [f"kerastl.{name} = JSON.parse({json.dumps(json.dumps(value))});" for name, value in values.items()]
    return "\n".join(['"use strict";', "globalThis.kerastl = globalThis.kerastl ?? {};", *lines, ""])


def run(path: Path) -> OnnxEngine:
    """Open the network in the folder, as the page does, in ONNX Runtime, though not in a browser."""
    count = len(list((path / FOLDER).glob("model-*.js")))
    packed = b"".join(_part(path / FOLDER / f"model-{number}.js") for number in range(count))
    return OnnxEngine(gzip.decompress(packed), ONE_THREAD)


def _part(file: Path) -> bytes:
    line = _PART_LINE.fullmatch(file.read_text("ascii"))
    assert line is not None  # noqa: S101 - `write` has just written it
    return base64.b64decode(line[1])
