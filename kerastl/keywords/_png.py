"""Keywords in PNG: XMP in a chunk iTXt (W3C PNG, 11.3.3.4; Adobe, XMP Specification Part 3, 1.1.5)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from kerastl.keywords import _xmp as xmp
from kerastl.keywords._written import MOST_PIECES, KeywordError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp\0"
_MAX_XMP_BYTES = 16 << 20


def embedded(content: bytes, keywords: Sequence[str]) -> bytes:
    """The file with keywords in XMP; arguments and errors as for JPEG."""
    chunks = list(_chunks(content))
    place, packet = _found(chunks)
    merged = xmp.merged(packet, keywords)
    if merged == packet:
        return content
    new = _chunk(b"iTXt", _XMP + b"\0\0\0\0" + merged)  # not compressed, no language
    before, after = (chunks[:1], chunks[1:]) if place is None else (chunks[:place], chunks[place + 1 :])
    end = sum(map(len, chunks)) + len(_SIGNATURE)
    return _SIGNATURE + b"".join([*before, new, *after]) + content[end:]


def words_of(content: bytes) -> tuple[str, ...]:
    """The keywords in a file."""
    _, packet = _found(list(_chunks(content)))
    return () if packet is None else xmp.words_of(packet)


def _found(chunks: list[bytes]) -> tuple[int | None, bytes | None]:
    """The place of the chunk with XMP, and the XMP."""
    for place, chunk in enumerate(chunks):
        data = chunk[8:-4]
        if chunk[4:8] == b"iTXt" and data.startswith(_XMP):
            compressed = data[len(_XMP)]
            parts = data[len(_XMP) + 2 :].split(b"\0", 2)  # language, the keyword in it, text
            if len(parts) < 3:
                raise KeywordError("is broken: its XMP is cut off")
            return place, _inflated(parts[2]) if compressed else parts[2]
    return None, None


def _inflated(text: bytes) -> bytes:
    decoder = zlib.decompressobj()
    try:
        found = decoder.decompress(text, _MAX_XMP_BYTES)
    except zlib.error as error:
        raise KeywordError(f"is broken: its XMP cannot be decompressed ({error})") from None
    if decoder.unconsumed_tail:
        raise KeywordError(f"has more than {_MAX_XMP_BYTES >> 20} MiB of XMP")
    return found


def _chunks(content: bytes) -> Iterator[bytes]:
    """All chunks, to the last one, whole."""
    place = len(_SIGNATURE)
    for _ in range(MOST_PIECES):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        chunk = content[place:end]
        if len(chunk) < 12 or end > len(content):
            raise KeywordError("is broken: a chunk is cut off")
        yield chunk
        if chunk[4:8] == b"IEND":
            return
        place = end
    raise KeywordError(f"has more than {MOST_PIECES:,} chunks")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
