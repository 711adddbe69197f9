"""What `scripts/fuzz.py` feeds as files of `kerastl export`: made by hand, so that what writes them is not needed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

from kerastl.models._exported import reading


def onnx(text: str) -> bytes:
    """An ONNX file with a node, weights, and metadata."""
    tensor = b"\x08\x01\x10\x01" + _field(8, b"w") + _field(9, bytes(4))
    node = _field(1, b"pixels") + _field(2, b"scores") + _field(4, b"Constant") + _field(7, b"ai.onnx")
    node += _field(5, _field(1, b"value") + _field(5, tensor))
    graph = _field(1, node) + _field(2, b"net") + _field(5, tensor)
    metadata = _field(1, b"kerastl") + _field(2, text.encode())
    return b"\x08\x08" + _field(7, graph) + _field(14, metadata) + _field(8, b"\x10\x11")


def litert(text: str) -> bytes:
    """What is taken for a LiteRT network until a runtime sees it, and the archive behind it."""
    stream = io.BytesIO(b"\x1c\0\0\0TFL3" + bytes(40))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
        archive.writestr("kerastl.json", text)
    return stream.getvalue()


def openvino(text: str) -> bytes:
    """The XML file of an OpenVINO network."""
    info = f"<rt_info><kerastl value={quoteattr(text)}/></rt_info>"
    return f'<?xml version="1.0"?><net name="n" version="11"><layers/>{info}</net>'.encode()


def reader(name: str) -> Callable[[bytes, Path], object]:
    """Reads an exported file that is called so."""

    def read(content: bytes, folder: Path) -> object:
        file = folder / name
        file.write_bytes(content)
        file.with_suffix(".bin").touch()
        return reading.read(file)

    return read


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer that holds bytes."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, high = value & 0x7F, value >> 7
    return bytes([low]) if not high else bytes([low | 0x80]) + _varint(high)
