"""An ONNX file: its metadata, and nothing in it that reads other files or needs operators of others.

It is read as a protocol buffer, field by field, so that neither the package onnx nor a runtime is needed for it.
Field numbers are those of onnx.proto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.models._exported.protobuf import Field, Fields

KEY = "kerastl"
# Those of ONNX itself, and those that onnxruntime brings.
_DOMAINS = (b"", b"ai.onnx", b"com.microsoft")
_SIZE = 1 << 31  # no protocol buffer is larger
_MOST = 5_000_000  # fields; the largest network of the catalog has a hundredth of that
_DEPTH = 24
_TEXT = 32 << 20
_EXTERNAL = 1

# Message: which fields hold what messages.
_INNER: dict[str, dict[int, str]] = {
    "model": {7: "graph", 14: "property", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}


def text(file: Path) -> bytes | None:
    """Check a file, and read what stands under `kerastl` in its metadata.

    Returns:
        JSON, UTF-8; None where there is nothing under that name.

    Raises:
        ModelError: It is no ONNX file, or names files or operators that kerastl does not take. Without its name.
        OSError: It cannot be read.
    """
    size = file.stat().st_size
    if not 0 < size < _SIZE:
        raise ModelError("it is empty" if not size else "it is larger than an ONNX file can be")
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _Reader(data).read()


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._fields = Fields(data, _MOST)
        self._found: bytes | None = None
        self._graphs = 0
        self._checks: dict[str, Callable[[Field], None]] = {"node": self._node, "tensor": self._tensor}

    def read(self) -> bytes | None:
        self._walk("model", 0, len(self._data), 0)
        if not self._graphs:
            raise ModelError("it is no ONNX network: it has no graph")
        return self._found

    def _walk(self, kind: str, start: int, end: int, depth: int) -> None:
        if depth > _DEPTH:
            raise ModelError("its graphs are nested too deep")
        if kind == "property":
            self._property(start, end)
            return
        self._graphs += kind == "graph"
        inner, check = _INNER.get(kind, {}), self._checks.get(kind)
        for field in self._fields.of(start, end):
            if check is not None:
                check(field)
            if (what := inner.get(field.number)) is not None:
                if not field.end:
                    raise ModelError("it is no ONNX network")
                self._walk(what, field.start, field.end, depth + 1)

    def _property(self, start: int, end: int) -> None:
        found = {field.number: (field.start, field.end) for field in self._fields.of(start, end)}
        key, value = (found.get(number, (0, 0)) for number in (1, 2))
        if key[1] - key[0] == len(KEY) and self._data[slice(*key)] == KEY.encode():
            if value[1] - value[0] > _TEXT:
                raise ModelError(f"its metadata take {value[1] - value[0]:,} bytes; {_TEXT:,} are allowed")
            self._found = self._data[slice(*value)]

    def _node(self, field: Field) -> None:
        if field.number == 7 and (domain := self._data[field.start : min(field.end, field.start + 60)]) not in _DOMAINS:
            shown = printable(domain.decode(errors="replace"))
            raise ModelError(f"it needs operators of {shown!r}, and kerastl takes those of ONNX and onnxruntime only")

    def _tensor(self, field: Field) -> None:
        if field.number == 13 or (field.number == 14 and field.start == _EXTERNAL):
            raise ModelError("its weights lie in another file, which kerastl does not read: export it as one file")
