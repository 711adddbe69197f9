"""Keywords in TIFF: XMP in tag 700 of a new first directory at the end (TIFF 6.0; Adobe, XMP Specification Part 3, 3).

Places in a TIFF count from its beginning: what is there stays where it is, and only the pointer to the first directory
changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kerastl.keywords import _xmp as xmp
from kerastl.keywords._written import KeywordError

_XMP_TAG, _BYTE, _UNDEFINED = 700, 1, 7
_MOST_ENTRIES = 4096


@dataclass(frozen=True)
class _Layout:
    """How numbers stand in a file: in which order, and how many bytes a place and a count of entries take."""

    order: Literal["little", "big"]
    place: int
    count: int
    header: int  # where the place of the first directory stands

    @property
    def entry(self) -> int:
        """Bytes of an entry: tag, type, count and value."""
        return 4 + 2 * self.place

    def number(self, content: bytes, start: int, length: int) -> int:
        found = content[start : start + length]
        if len(found) < length:
            raise KeywordError("is broken: a directory is cut off")
        return int.from_bytes(found, self.order)

    def bytes_of(self, number: int, length: int) -> bytes:
        return number.to_bytes(length, self.order)


def embedded(content: bytes, keywords: Sequence[str]) -> bytes:
    """The file with keywords in XMP; arguments and errors as for JPEG."""
    layout = _layout(content)
    entries, following = _directory(content, layout)
    packet = _packet(content, layout, entries)
    merged = xmp.merged(packet, keywords)
    if merged == packet:
        return content
    content += bytes(len(content) % 2)
    packet_at = len(content)
    content += merged + bytes(len(merged) % 2)
    directory_at = len(content)
    if directory_at >= 1 << (8 * layout.place):
        raise KeywordError("has no room for more: a TIFF ends at 4 GiB")
    head = layout.bytes_of(_XMP_TAG, 2) + layout.bytes_of(_BYTE, 2)
    entry = head + layout.bytes_of(len(merged), layout.place) + layout.bytes_of(packet_at, layout.place)
    kept = [one for one in entries if _tag(one, layout) != _XMP_TAG]
    new = sorted([*kept, entry], key=lambda one: _tag(one, layout))
    directory = layout.bytes_of(len(new), layout.count) + b"".join(new) + following
    first = layout.bytes_of(directory_at, layout.place)
    return content[: layout.header] + first + content[layout.header + layout.place :] + directory


def words_of(content: bytes) -> tuple[str, ...]:
    """The keywords in a file."""
    layout = _layout(content)
    packet = _packet(content, layout, _directory(content, layout)[0])
    return () if packet is None else xmp.words_of(packet)


def _layout(content: bytes) -> _Layout:
    order: Literal["little", "big"] = "little" if content[:2] == b"II" else "big"
    big = int.from_bytes(content[2:4], order) == 43
    return _Layout(order, 8, 8, 8) if big else _Layout(order, 4, 2, 4)


def _directory(content: bytes, layout: _Layout) -> tuple[list[bytes], bytes]:
    """The entries of the first directory, and the place of the next as it stands there."""
    start = layout.number(content, layout.header, layout.place)
    count = layout.number(content, start, layout.count)
    if count > _MOST_ENTRIES:
        raise KeywordError(f"has more than {_MOST_ENTRIES:,} entries in a directory")
    first = start + layout.count
    end = first + count * layout.entry
    layout.number(content, end, layout.place)
    entries = [content[place : place + layout.entry] for place in range(first, end, layout.entry)]
    return entries, content[end : end + layout.place]


def _packet(content: bytes, layout: _Layout, entries: list[bytes]) -> bytes | None:
    for entry in entries:
        if _tag(entry, layout) == _XMP_TAG:
            if layout.number(entry, 2, 2) not in (_BYTE, _UNDEFINED):
                raise KeywordError("is broken: its XMP is no text")
            length = layout.number(entry, 4, layout.place)
            start = layout.number(entry, 4 + layout.place, layout.place)
            packet = content[start : start + length]
            if len(packet) < length:
                raise KeywordError("is broken: its XMP is cut off")
            return packet
    return None


def _tag(entry: bytes, layout: _Layout) -> int:
    return layout.number(entry, 0, 2)
