"""Of how many pieces an image file is made: counted before Pillow, which takes time and memory for each, sees them.

A small file may hold millions of empty ones.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple

from kerastl.images._limits import RefusedError

_HEADER_BYTES = 1 << 16
_BYTES_OF_TIFF = (1, 2, 6, 7)


@dataclass(frozen=True)
class _Format:
    """How the pieces of a format are counted.

    Args:
        beginnings: How its files begin.
        pieces: Goes through a file, and gives the number of pieces at each step.
        most: How many are read.
        what: What they are called, in the plural.
    """

    beginnings: tuple[bytes, ...]
    pieces: Callable[[IO[bytes]], Iterator[int]]
    most: int
    what: str


def check_structure(file: IO[bytes], beginning: bytes) -> None:
    """Raise `RefusedError` when a file is made of too many pieces.

    Args:
        file: Open for reading; it stands at its beginning afterwards.
        beginning: Its first bytes, 16 or more if it has them.
    """
    for kind in _FORMATS:
        if beginning.startswith(kind.beginnings):
            total = 0
            for count in kind.pieces(file):
                total += count
                if total > kind.most:
                    raise RefusedError(f"too large: more than {kind.most:,} {kind.what}")
            break
    file.seek(0)


def _jpeg(file: IO[bytes]) -> Iterator[int]:
    """Markers before the first scan, and bytes between them."""
    alone = {0x00, 0x01, *range(0xD0, 0xDA)}  # without a length
    odd = {*alone, 0xDA, 0xFF}
    file.seek(2)
    # One reading for each of the ordinary ones, since there are a dozen in every photograph.
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] not in odd:
        yield 1
        file.seek(max(0, int.from_bytes(head[2:], "big") - 2), 1)
    file.seek(-len(head), 1)
    while byte := file.read(1):
        yield 1
        if byte != b"\xff":
            continue
        while (code := file.read(1)) == b"\xff":
            yield 1
        if not code or code == b"\xda":
            return
        if code[0] not in alone:
            file.seek(max(0, int.from_bytes(file.read(2), "big") - 2), 1)


def _png(file: IO[bytes]) -> Iterator[int]:
    """Chunks."""
    file.seek(8)
    while len(header := file.read(8)) == 8 and header[4:] != b"IEND":
        yield 1
        file.seek(int.from_bytes(header[:4], "big") + 4, 1)


def _tiff(file: IO[bytes]) -> Iterator[int]:
    """Values of the first directory, strips and tiles among them, and its entries; text and bytes do not count."""
    for entry in tiff_directory(file):
        yield 1 if entry.kind in _BYTES_OF_TIFF else 1 + entry.values


class TiffEntry(NamedTuple):
    """An entry of a TIFF's directory.

    Args:
        tag: What it is about.
        kind: Type of its values.
        values: How many it has.
        shorts: Its first two values, if those are of two bytes each and stand in the entry itself.
    """

    tag: int
    kind: int
    values: int
    shorts: tuple[int, int]


def tiff_directory(file: IO[bytes]) -> Iterator[TiffEntry]:
    """Go through the first directory of a TIFF, as far as there is one."""
    file.seek(0)
    start = file.read(16)
    order = "<" if start[:2] == b"II" else ">"
    big = b"+" in start[2:4]
    try:
        place = struct.unpack_from(f"{order}{'8xQ' if big else '4xI'}", start)[0]
        file.seek(place)
        entries = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))[0]
        for _ in range(entries):
            entry = file.read(20 if big else 12)
            tag, kind, count, *shorts = struct.unpack_from(order + ("HHQ2H" if big else "HHI2H"), entry)
            yield TiffEntry(tag, kind, count, (shorts[0], shorts[1]))
    except (struct.error, OSError, ValueError, OverflowError):
        return  # Pillow says what is wrong


def _gif(file: IO[bytes]) -> Iterator[int]:
    """Blocks of extensions before the first image."""
    file.seek(10)
    flags = file.read(3)
    file.seek(3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0, 1)
    while (kind := file.read(1)) and kind not in b",;":
        yield 1
        if kind == b"!":
            file.seek(1, 1)
            while (size := file.read(1)) and size != b"\0":
                yield 1
                file.seek(size[0], 1)


def _jp2(file: IO[bytes]) -> Iterator[int]:
    """Boxes before the image, those inside of its header among them."""
    file.seek(0)
    while len(header := file.read(8)) == 8 and header[4:] != b"jp2c":
        yield 1
        length = int.from_bytes(header[:4], "big")
        if header[4:] == b"jp2h":
            continue
        if length == 1:
            length = int.from_bytes(file.read(8), "big") - 8
        if length < 8 or length > 1 << 40:
            return
        file.seek(length - 8, 1)


def _icns(file: IO[bytes]) -> Iterator[int]:
    """Icons."""
    file.seek(8)
    while len(header := file.read(8)) == 8:
        yield 1
        file.seek(max(8, int.from_bytes(header[4:], "big")) - 8, 1)


def _netpbm(file: IO[bytes]) -> Iterator[int]:
    """Bytes of the header, comments among them."""
    file.seek(0)
    header = file.read(_HEADER_BYTES + 2)
    words, place = 0, 0
    while words < (3 if header[1:2] in b"14" else 4) and place < len(header):
        if header[place : place + 1] == b"#":
            ends = [end for end in (header.find(b"\n", place), header.find(b"\r", place)) if end >= 0]
            place = min(ends, default=len(header))
        elif header[place : place + 1].isspace():
            place += 1
        else:
            words += 1
            while place < len(header) and not header[place : place + 1].isspace() and header[place] != ord("#"):
                place += 1
    yield place


_FORMATS = (
    _Format((b"\xff\xd8\xff",), _jpeg, 20_000, "markers in a JPEG"),
    _Format((b"\x89PNG\r\n\x1a\n",), _png, 50_000, "chunks in a PNG"),
    _Format((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _tiff, 250_000, "strips or other values in a TIFF"),
    _Format((b"GIF87a", b"GIF89a"), _gif, 50_000, "blocks before the image in a GIF"),
    _Format((b"\0\0\0\x0cjP  ",), _jp2, 10_000, "boxes in a JPEG 2000"),
    _Format((b"icns",), _icns, 10_000, "icons in one file"),
    _Format((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"), _netpbm, _HEADER_BYTES, "bytes of header in a PNM"),
)
