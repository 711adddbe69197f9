"""Images of other channels than those of a picture: bands of a satellite, two measurements of a pixel."""

from __future__ import annotations

from typing import IO

from kerastl.images._limits import RefusedError
from kerastl.images._structure import TiffEntry, tiff_directory

_PHOTOMETRIC, _SAMPLES, _EXTRA = 262, 277, 338
# Channels that a kind of TIFF has (TIFF 6.0, "PhotometricInterpretation"): gray, RGB, palette, mask, CMYK, YCbCr, Lab.
_COLORS = {0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3}
_GRAY = (0, 1)
_ALPHA = (1, 2)
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How its files begin."""


def check_channels(file: IO[bytes], beginning: bytes) -> None:
    """Raise `RefusedError` for a TIFF with channels beside those of its colors and one for transparency.

    Pillow reads the first three of some, and takes others for broken.

    Args:
        file: Open for reading; it stands at its beginning afterwards.
        beginning: Its first bytes.
    """
    if not beginning.startswith(TIFF):
        return
    entries = {entry.tag: entry for entry in tiff_directory(file)}
    file.seek(0)
    photometric, samples = _value(entries, _PHOTOMETRIC, -1), _value(entries, _SAMPLES, 1)
    extra = samples - _COLORS.get(photometric, samples)
    # One more beside gray is a measurement where nothing says alpha; beside colors it is alpha, as many programs write.
    if extra > 1 or (extra == 1 and photometric in _GRAY and _value(entries, _EXTRA, 0) not in _ALPHA):
        raise RefusedError(
            f"an image of {samples} channels: kerastl takes gray, RGB and CMYK, with or without alpha; save three of "
            "them as RGB, or each as a gray image"
        )


def _value(entries: dict[int, TiffEntry], tag: int, default: int) -> int:
    return entries[tag].shorts[0] if tag in entries else default
