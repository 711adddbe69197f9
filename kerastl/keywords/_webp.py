"""Keywords in WebP: XMP in a chunk of the extended file format (RFC 9649, 2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kerastl.keywords import _xmp as xmp
from kerastl.keywords._written import MOST_PIECES, KeywordError

_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_HEAD = 12  # RIFF, size, WEBP


def embedded(content: bytes, keywords: Sequence[str]) -> bytes:
    """The file with keywords in XMP; arguments and errors as for JPEG."""
    chunks = list(_chunks(content))
    packet = _packet(chunks)
    merged = xmp.merged(packet, keywords)
    if merged == packet:
        return content
    first = _extended(chunks)
    rest = [chunk for chunk in chunks if chunk[:4] not in (b"VP8X", b"XMP ")]
    body = b"WEBP" + b"".join([first, *rest, _chunk(b"XMP ", merged)])
    end = 8 + int.from_bytes(content[4:8], "little")
    return b"RIFF" + len(body).to_bytes(4, "little") + body + content[end + end % 2 :]


def words_of(content: bytes) -> tuple[str, ...]:
    """The keywords in a file."""
    packet = _packet(list(_chunks(content)))
    return () if packet is None else xmp.words_of(packet)


def _packet(chunks: list[bytes]) -> bytes | None:
    return next((_data(chunk) for chunk in chunks if chunk[:4] == b"XMP "), None)


def _extended(chunks: list[bytes]) -> bytes:
    """The first chunk of a file in the extended format, with the flag that there is XMP."""
    first = chunks[0]
    kind, data = first[:4], _data(first)
    if kind == b"VP8X" and len(data) >= 10:
        return _chunk(kind, bytes((data[0] | _XMP_FLAG,)) + data[1:])
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a" and len(data) >= 10:
        width, height = (int.from_bytes(data[place : place + 2], "little") & 0x3FFF for place in (6, 8))
        flags = _XMP_FLAG
    elif kind == b"VP8L" and data[:1] == b"\x2f" and len(data) >= 5:
        bits = int.from_bytes(data[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _XMP_FLAG | (_ALPHA_FLAG if bits >> 28 & 1 else 0)
    else:
        raise KeywordError("is broken: it does not begin like a WebP file")
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _chunk(b"VP8X", bytes((flags, 0, 0, 0)) + size)


def _chunks(content: bytes) -> Iterator[bytes]:
    """All chunks, whole, with what fills them up to an even length."""
    place, end = _HEAD, min(8 + int.from_bytes(content[4:8], "little"), len(content))
    if place >= end:
        raise KeywordError("is broken: it holds nothing")
    for _ in range(MOST_PIECES):
        if place >= end:
            return
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        following = place + 8 + length
        if place + 8 > end or following > len(content):
            raise KeywordError("is broken: a chunk is cut off")
        yield content[place:following] + bytes(length % 2)
        place = following + length % 2
    raise KeywordError(f"has more than {MOST_PIECES:,} chunks")


def _data(chunk: bytes) -> bytes:
    return chunk[8 : 8 + int.from_bytes(chunk[4:8], "little")]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)
