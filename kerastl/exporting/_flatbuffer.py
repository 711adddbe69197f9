"""Flatbuffers: tables by the places of their fields, and a buffer more in a LiteRT model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerastl._base.text import printable

if TYPE_CHECKING:
    from flatbuffers import Builder

# Kernels read weights where they lie.
_ALIGNMENT = 16
_MODEL_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Field:
    """What stands in a field: how it is written, and a number or the place of something written before."""

    write: str
    value: int


class Tables:
    """Writes a flatbuffer from the inside out: fields are made before the table that holds them."""

    def __init__(self) -> None:
        from flatbuffers import Builder

        self._builder = Builder(1024)

    def text(self, text: str) -> Field:
        """A text; what is not printable is escaped."""
        return self._offset(self._builder.CreateString(printable(text)))

    def floats(self, values: Sequence[float]) -> Field:
        """A vector of float32."""
        import numpy as np

        return self._offset(self._builder.CreateNumpyVector(np.array(values, np.float32)))

    def tables(self, tables: Sequence[Field]) -> Field:
        """A vector of tables."""
        self._builder.StartVector(4, len(tables), 4)
        for each in reversed(tables):
            self._builder.PrependUOffsetTRelative(each.value)
        return self._offset(self._builder.EndVector())

    def table(self, fields: Mapping[int, Field]) -> Field:
        """A table.

        Args:
            fields: By their places, counted from 0.
        """
        self._builder.StartObject(max(fields, default=-1) + 1)
        for slot, field in fields.items():
            getattr(self._builder, field.write)(slot, field.value, 0)
        return self._offset(self._builder.EndObject())

    def int8(self, value: int) -> Field:
        """A number, or a name of an enumeration."""
        return Field("PrependInt8Slot", value)

    def uint8(self, value: int) -> Field:
        """A number, or which member of a union a table is."""
        return Field("PrependUint8Slot", value)

    def uint32(self, value: int) -> Field:
        """A number."""
        return Field("PrependUint32Slot", value)

    def finished(self, root: Field, identifier: bytes) -> bytes:
        """The flatbuffer."""
        self._builder.Finish(root.value, identifier)
        return bytes(self._builder.Output())

    def _offset(self, place: int) -> Field:
        return Field("PrependUOffsetTRelativeSlot", place)


def with_buffer(model: bytes, name: str, content: bytes) -> bytes:
    """Put a named buffer into a LiteRT model.

    Args:
        model: A flatbuffer.
        name: What readers look it up by; one of that name is replaced.
        content: What is in it.
    """
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    entry.name, entry.buffer = name, len(tree.buffers)
    tree.buffers.append(buffer)
    tree.metadata = [each for each in tree.metadata or [] if each.name != name.encode()] + [entry]
    builder = _aligning_builder(len(model) + len(content))
    builder.Finish(tree.Pack(builder), _MODEL_IDENTIFIER)
    return bytes(builder.Output())


def _aligning_builder(size: int) -> Builder:
    """A builder that puts vectors where those of a converted model stand: at multiples of 16 bytes."""
    from flatbuffers import Builder

    class Aligning(Builder):
        def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803 - Builder's
            return super().StartVector(elemSize, numElems, max(alignment, _ALIGNMENT))

    return Aligning(size + (1 << 16))
