"""An OpenVINO network: the metadata in `rt_info` at the end of its XML file; the weights lie beside it."""

from __future__ import annotations

from pathlib import Path

from kerastl.errors import ModelError

NAME = "kerastl"
_PLACE = ["net", "rt_info", NAME]
_SIZE = 256 << 20
_DEPTH = 64


def text(file: Path) -> bytes | None:
    """Read the metadata.

    Returns:
        JSON, UTF-8; None where there are none.

    Raises:
        ModelError: It is no OpenVINO network, or its weights are not beside it.
        OSError: It cannot be read.
    """
    from xml.parsers import expat

    if not file.with_suffix(".bin").is_file():
        raise ModelError(f"its weights, {file.with_suffix('.bin').name}, are not beside it")
    if file.stat().st_size > _SIZE:
        raise ModelError(f"it takes more than {_SIZE:,} bytes, which is no OpenVINO network's")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        with file.open("rb") as stream:
            parser.ParseFile(stream)
    except expat.ExpatError as error:
        raise ModelError(f"it is no XML ({error})") from None
    if not reader.is_network:
        raise ModelError("it is no OpenVINO network")
    return reader.found


class _Reader:
    found: bytes | None = None
    is_network = False

    def __init__(self) -> None:
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEPTH:
            raise ModelError("it is nested too deep")
        self.is_network |= self._path == ["net"]
        if self._path == _PLACE and (value := attributes.get("value")) is not None:
            self.found = value.encode()

    def end(self, _: str) -> None:
        self._path.pop()

    def doctype(self, *_: object) -> None:
        raise ModelError("it declares entities, which no OpenVINO network does")
