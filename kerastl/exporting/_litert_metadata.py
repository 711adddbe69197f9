"""Metadata of LiteRT models as Android and MediaPipe read them: a flatbuffer inside the model's, and files behind it.

The tables are those of metadata_schema.fbs, version 1.0.0, which LiteRT's documentation describes under "Adding
metadata to LiteRT models". Fields are told apart by their places in a table.
"""

from __future__ import annotations

import io
import zipfile

from kerastl._base.text import brief
from kerastl._version import __version__
from kerastl.exporting._embedded import JSON_FILE, LABELS_FILE, described, label_lines
from kerastl.exporting._flatbuffer import Field, Tables, with_buffer
from kerastl.models._metadata import Metadata
from kerastl.tasks._task import TASKS

# Of the buffer in a model, and of the flatbuffer in it.
_NAME, _IDENTIFIER = "TFLITE_METADATA", b"M001"
_PARSER = "1.0.0"
# AssociatedFileType, ColorSpaceType, and the members of the unions ContentProperties and ProcessUnitOptions.
_DESCRIPTIONS, _TENSOR_AXIS_LABELS = 1, 2
_RGB = 1
_FEATURE, _IMAGE = 1, 2
_NORMALIZATION = 1
# Date of the files: the same model gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def with_metadata(flatbuffer: bytes, metadata: Metadata, format_name: str) -> bytes:
    """Add the metadata to a model.

    Args:
        flatbuffer: A network, as `kerastl.inference._export.to_litert` gives it.
        metadata: Of the model.
        format_name: A name of `EXPORT_FORMATS`.

    Returns:
        What a `.tflite` file holds: the network, and behind it the labels and kerastl's own metadata as a zip archive.
        Readers of either do not notice the other.
    """
    stream = io.BytesIO()
    stream.write(with_buffer(flatbuffer, _NAME, model_metadata(metadata)))
    files = {LABELS_FILE: label_lines(metadata), JSON_FILE: described(metadata, format_name)}
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:  # unpacked where the model lies in memory
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), text)
    return stream.getvalue()


def model_metadata(metadata: Metadata) -> bytes:
    """What a model takes and gives, as a flatbuffer of the type ModelMetadata."""
    tables = Tables()
    labels = _file(tables, LABELS_FILE, "the classes, one a line", _TENSOR_AXIS_LABELS)
    own = _file(tables, JSON_FILE, "what kerastl knows of the model", _DESCRIPTIONS)
    subgraph = tables.table(
        {2: tables.tables([_input(tables, metadata)]), 3: tables.tables([_output(tables, metadata, labels)])}
    )
    name = brief(metadata.name)
    root = tables.table(
        {
            0: tables.text(name),
            1: tables.text(f"{name}: {TASKS[metadata.task].description}; written by kerastl {__version__}"),
            3: tables.tables([subgraph]),
            6: tables.tables([own]),
            7: tables.text(_PARSER),
        }
    )
    return tables.finished(root, _IDENTIFIER)


def _input(tables: Tables, metadata: Metadata) -> Field:
    """Raw pixels: what normalizes them is in the network."""
    shape = metadata.reader.shape
    if len(shape) != 3 or shape[2] != 3:
        content = tables.table({0: tables.uint8(_FEATURE), 1: tables.table({})})
        return _tensor(
            tables, "pixels", f"numbers from 0 to 255: {metadata.reader.describe()}", content, 0.0, 255.0, {}
        )
    height, width = shape[:2]
    image = tables.table({0: tables.int8(_RGB), 1: tables.table({0: tables.uint32(width), 1: tables.uint32(height)})})
    content = tables.table({0: tables.uint8(_IMAGE), 1: image})
    normalization = tables.table({0: tables.floats([0.0]), 1: tables.floats([1.0])})
    unit = tables.table({0: tables.uint8(_NORMALIZATION), 1: normalization})
    return _tensor(tables, "pixels", "RGB pixels, 0 to 255", content, 0.0, 255.0, {4: tables.tables([unit])})


def _output(tables: Tables, metadata: Metadata, labels: Field) -> Field:
    content = tables.table({0: tables.uint8(_FEATURE), 1: tables.table({})})
    names = {6: tables.tables([labels])}
    if TASKS[metadata.task].kind == "number":
        return _tensor(tables, "value", "the number", content, None, None, names)
    return _tensor(tables, "probabilities", "calibrated probabilities of the classes", content, 0.0, 1.0, names)


def _tensor(
    tables: Tables,
    name: str,
    description: str,
    content: Field,
    low: float | None,
    high: float | None,
    more: dict[int, Field],
) -> Field:
    if low is not None and high is not None:
        more = {**more, 5: tables.table({0: tables.floats([high]), 1: tables.floats([low])})}
    return tables.table({0: tables.text(name), 1: tables.text(description), 3: content, **more})


def _file(tables: Tables, name: str, description: str, kind: int) -> Field:
    return tables.table({0: tables.text(name), 1: tables.text(description), 2: tables.int8(kind)})
