"""What an image may cost: decompression bombs are turned away before they take memory or time."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import IO

from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

MEBIBYTE = 1 << 20
MAX_FILE_BYTES = 256 * MEBIBYTE
MAX_PIXELS = 89_478_485
"""As decoded. This is Pillow's own default."""
MAX_DRAFT_PIXELS = 500_000_000
"""Before scaled decoding, which JPEG can do without holding the whole image."""
MAX_DECODE_BYTES = 352 * MEBIBYTE
MAX_SCAN_PIXELS = 3_000_000_000
"""Pixels times scans of a progressive JPEG: each scan takes time for each pixel, however few its bytes."""
_UNGATED_BYTES = 8 * MEBIBYTE


class RefusedError(Exception):
    """The file could perhaps be read, but will not be. The message is the reason."""


# Bytes a pixel that a decoder takes beside the image itself, as measured: as such, and for each band.
_EXTRA_BYTES = {"WEBP": (14, 0), "AVIF": (10, 0), "HEIF": (3.5, 0), "JPEG2000": (4, 4.5)}
# Written in Python, these take about a microsecond a pixel.
_SLOW_FORMATS = {"QOI", "XPM", "BLP"}
_SLOW_DECODERS = {"fits_gzip", "SGI16", "bmp_rle", "ppm_plain", "ppm", "dds_rgb"}
_MAX_SLOW_PIXELS = 4_000_000
# Pillow keeps where each row begins, and rows of a pixel take as much again; so does a copy in RGB.
_ROW_BYTES = 40
_STORED_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}


def check_pixels(size: tuple[int, int], limit: int = MAX_PIXELS) -> None:
    """Raise `RefusedError` when an image has too many pixels."""
    pixels = size[0] * size[1]
    if pixels > limit:
        raise RefusedError(
            f"too large: {size[0]} x {size[1]} pixels are {pixels / 1e6:,.0f} million, the limit is {limit / 1e6:,.0f}"
        )


def memory_needed(image: ImageFile.ImageFile, original: tuple[int, int], full_rgb: bool) -> int:
    """Estimate what decoding takes at its peak, and refuse what is too much.

    Args:
        image: The opened image, not yet decoded, its size as it will be decoded.
        original: Its size in the file.
        full_rgb: Whether a full-size RGB copy is made of it.

    Returns:
        Bytes.

    Raises:
        RefusedError: If the image would take too much memory or time.
    """
    check_pixels(image.size)
    pixels = image.size[0] * image.size[1]
    decoders = {str(tile[0]) for tile in image.tile}
    if image.format in _SLOW_FORMATS or decoders & _SLOW_DECODERS:
        check_pixels(image.size, _MAX_SLOW_PIXELS)
    each, each_band = _EXTRA_BYTES.get(image.format or "", (0, 0))
    needed = pixels * (_STORED_BYTES.get(image.mode, 4) + each + each_band * len(image.getbands()))
    needed += _ROW_BYTES * image.size[1]
    if full_rgb and image.mode != "RGB":
        needed += 4 * pixels
    offsets = sorted(tile[2] for tile in image.tile)
    # Pillow reads all that lies between two tiles at once, and copies it.
    needed += 2 * max((after - before for before, after in pairwise(offsets)), default=0)
    if "libtiff" in decoders:
        needed += _tiff_strip_bytes(image)
    if isinstance(image, JpegImageFile):
        needed += _jpeg_coefficient_bytes(image, original)
    if needed > MAX_DECODE_BYTES:
        limit = MAX_DECODE_BYTES // MEBIBYTE
        raise RefusedError(f"too large: decoding takes {needed / MEBIBYTE:,.0f} MiB, the limit is {limit}")
    return int(needed)


def _tiff_strip_bytes(image: ImageFile.ImageFile) -> int:
    """A strip or tile is decoded at a time by libtiff, and one strip may be the whole image."""
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(258, (8,))
    bits = bits if isinstance(bits, tuple) else (bits,)
    samples = tags.get(277, len(bits))
    per_pixel = max(1, max(bits) * max(samples, len(bits)) // 8)
    width, height = image.size
    rows = tags.get(278, height)
    rows = rows[0] if isinstance(rows, tuple) else rows
    # The file is mapped into memory, too.
    mapped = image.fp.seek(0, 2) if image.fp else 0
    if 322 in tags and 323 in tags:
        return int(tags[322] * tags[323] * per_pixel) + mapped
    return int(width * min(rows, height) * per_pixel) + mapped


def _jpeg_coefficient_bytes(image: JpegImageFile, original: tuple[int, int]) -> int:
    """A JPEG of several scans is held as 16-bit coefficients, at full size even if decoded at an eighth."""
    file = image.fp
    if file is None or not image.layer:
        return 0
    # Pillow stops reading the header just behind the first scan's, which lists the components in that scan.
    components = len(image.layer)
    file.seek(-8 - 2 * components, 1)
    interleaved = b"\xff\xda\x00" + bytes([6 + 2 * components, components])
    if not image.info.get("progressive") and file.read(5) == interleaved:
        return 0
    file.seek(0)
    scans = file.read().count(b"\xff\xda")
    pixels = original[0] * original[1]
    if scans * pixels > MAX_SCAN_PIXELS:
        raise RefusedError(f"too large: a JPEG of {pixels / 1e6:,.0f} megapixels in {scans} scans")
    widest = max(layer[1] for layer in image.layer)
    tallest = max(layer[2] for layer in image.layer)
    return int(sum(2 * pixels * layer[1] * layer[2] / (widest * tallest) for layer in image.layer))


# Icons (ICO, CUR, ICNS), IPTC and BLP hold files of other formats, whose size counts: a 16 x 16 icon may hold
# a bomb.
_CONTAINERS = (b"\0\0\1\0", b"\0\0\2\0", b"icns", b"\x1c", b"BLP")
_EMBEDDED = re.compile(
    rb"IHDR(?P<png>.{8})|ihdr(?P<jpeg2000>.{8})|\xff[\xc0-\xc3]\x00[\x0b\x11\x14]\x08(?P<jpeg>.{4})",
    re.DOTALL,
)


def check_embedded(file: IO[bytes]) -> None:
    """Raise `RefusedError` when a container such as an icon holds an image that is too large."""
    file.seek(0)
    if file.read(4).startswith(_CONTAINERS):
        file.seek(0)
        for found in _EMBEDDED.finditer(file.read()):
            header = found["png"] or found["jpeg2000"] or found["jpeg"]
            half = len(header) // 2
            size = (int.from_bytes(header[:half], "big"), int.from_bytes(header[half:], "big"))
            check_pixels(size, MAX_PIXELS // 8)
    file.seek(0)


class _Room:
    """The memory that images being decoded at this moment may take together."""

    def __init__(self) -> None:
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def reserved(self, needed: int) -> Iterator[None]:
        """Wait until `needed` bytes are free, and hold them inside the block."""
        if needed <= _UNGATED_BYTES:
            yield
            return
        with self._changed:
            self._changed.wait_for(lambda: self._taken + needed <= MAX_DECODE_BYTES)
            self._taken += needed
        try:
            yield
        finally:
            with self._changed:
                self._taken -= needed
                self._changed.notify_all()


room = _Room()


MAX_SECONDS = 30.0
"""Of the processor's time in one thread; waiting does not count. The costliest honest image takes about 10."""


class _Watched(io.BufferedIOBase):
    def __init__(self, source: object) -> None:
        super().__init__(source)  # type: ignore[call-arg]
        self._end = time.thread_time() + MAX_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if time.thread_time() > self._end:
            raise RefusedError(f"too costly: more than {MAX_SECONDS:g} seconds of work")
        return super().read(size)


class WatchedFile(_Watched, io.BufferedReader):
    """A file that is open; takes a raw stream."""


class WatchedBytes(_Watched, io.BytesIO):
    """A file in memory; takes its bytes."""
