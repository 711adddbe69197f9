"""The white level of numbers that need not fill their range: 8 to 16 significant bits in a file of 16.

X-ray, microscope, thermal and industrial cameras measure with 10, 12 or 14 bits and save 16, mostly without a word on
it. Read as 0 to 65535, such an image is nearly black.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from PIL import ImageFile

from kerastl._base.text import printable

if TYPE_CHECKING:
    import numpy as np

FULL = 65535
"""What white is where all 16 bits are significant."""
DEPTHS = range(8, 17)
HALF_A_LEVEL = 0.5
"""By so much of 255 levels a computation in floats may leave the range."""
BITS = "significant_bits"
"""Where the `info` of an image that was read says how many bits its brightest value takes."""
INVERTED, UNSIGNED = "white_is_zero", "unsigned"
"""Where `info` keeps that a TIFF's smallest number is white, and that its 32 bits are no signed number."""
CERTAIN, LIKELY = "certain_white", "likely_bits"
"""Where `info` keeps what the file says: the white level that its decoder goes by, or how many bits are significant
and how many are if there is more than that (0: as many as the brightest pixel takes)."""

# The brightest pixels, and the deepest images of a data set, may be freaks: hot pixels, a dead pixel's 65535, an
# image from another camera. They are passed over if they are so few, and more than twice as bright as all others.
_HOT_PIXELS = 1e-4
_HOT_VALUES, _ENOUGH_VALUES = 3, 1000  # one hot color, in any image larger than an icon
_FREAK_IMAGES = 0.01
_WIDENED = 257  # 8 bits become 16 by this factor: then all 16 are significant
_LARGEST_CHUNK = 1 << 20


def white_of(bits: int) -> int:
    """The largest value of so many bits."""
    return 2**bits - 1


def white_of_all(bits: Sequence[int]) -> int | None:
    """The one white level of the images of a data set, for `Resize.white_level`.

    Args:
        bits: As for `common_bits`.
    """
    common = common_bits(bits)
    return None if common is None else white_of(common)


def significant_bits(strips: Iterable[np.ndarray]) -> int:
    """How many bits the values of an image take.

    Args:
        strips: The image in parts, whole numbers or floats from 0 to 65535 or no numbers.

    Returns:
        8 to 16; up to one pixel in 10,000 that is more than twice as bright as all others is not counted.
    """
    import numpy as np

    above = Counter[int]()
    total, widened = 0, True
    for values in strips:
        total += values.size
        for bits in DEPTHS[:-1]:
            count = int(np.count_nonzero(values > white_of(bits) + HALF_A_LEVEL))
            above[bits] += count
            if not count:
                break
        widened = widened and bool(np.all(values.ravel()[:256] % _WIDENED == 0) and np.all(values % _WIDENED == 0))
    if widened and above[8]:
        return 16
    return _without_freaks(above, _freaks(total))


def is_freak(count: int, total: int) -> bool:
    """Whether so few of the values are brighter than others that their pixels may be hot ones."""
    return count <= _freaks(total)


def _freaks(total: int) -> float:
    return max(total * _HOT_PIXELS, _HOT_VALUES if total >= _ENOUGH_VALUES else 0)


def declared_bits(info: Mapping[Any, Any], bits: int) -> int:
    """How many bits are significant, by what `note_declared` has kept and the `bits` of the brightest pixel."""
    likely, otherwise = info.get(LIKELY, (0, 0))
    if not likely:
        return bits
    return likely if bits <= likely else otherwise or bits


def common_bits(bits: Sequence[int]) -> int | None:
    """How many bits the images of a data set take together.

    Args:
        bits: Of each image; 0 where it does not have 16 bits to begin with.

    Returns:
        8 to 16, or None if no image has 16 bits; up to one image in a hundred that takes two bits more than all
        others is not counted.
    """
    deep = [each for each in bits if each]
    if not deep:
        return None
    above = {depth: sum(each > depth for each in deep) for depth in DEPTHS}
    return _without_freaks(above, len(deep) * _FREAK_IMAGES)


def _without_freaks(above: Mapping[int, int], freaks: float) -> int:
    """The fewest bits that hold all, or all but the freaks if that makes two bits or more."""
    most = next(bits for bits in DEPTHS if not above.get(bits, 0))
    typical = next(bits for bits in DEPTHS if above.get(bits, 0) <= freaks)
    return typical if most - typical > 1 else most


def note_declared(image: ImageFile.ImageFile) -> None:
    """Keep in `image.info` what the file says of its white level; before it is decoded, which forgets that."""
    if image.format == "PNG" and image.mode == "I;16" and image.fp is not None:
        bits = _png_significant_bits(image.fp)
        if bits in DEPTHS:
            image.info[LIKELY] = (bits, 16)  # by the standard, such numbers are shifted up to fill 16 bits
    elif image.format == "PPM" and any(str(tile[0]).startswith("ppm") for tile in image.tile):
        image.info[CERTAIN] = FULL  # Pillow scales by the file's own largest value
    elif image.format == "TIFF" and (image.mode in ("I", "F") or image.mode.startswith("I;16")):
        _note_tiff(image)


def _note_tiff(image: Any) -> None:
    bits_per_sample, photometric, max_sample_value, sample_format = 258, 262, 281, 339
    bits = _first(image.tag_v2.get(bits_per_sample))
    # Of more than 8 bits Pillow gives the numbers as they are stored.
    image.info[INVERTED] = _first(image.tag_v2.get(photometric)) == 0
    image.info[UNSIGNED] = image.mode == "I" and bits == 32 and _first(image.tag_v2.get(sample_format, 1)) == 1
    if not image.mode.startswith("I;16"):
        return
    if bits in DEPTHS[:-1]:
        image.info[CERTAIN] = white_of(bits)
    largest = _first(image.tag_v2.get(max_sample_value))
    # Some write the largest value that occurs, and many 65535 whatever there is.
    if isinstance(largest, int) and 0 < largest < FULL:
        image.info[LIKELY] = (max(DEPTHS[0], largest.bit_length()), 0)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value else value


def _png_significant_bits(file: IO[bytes]) -> int:
    """What the chunk `sBIT` says, 0 if there is none; the file stays where it is."""
    place = file.tell()
    try:
        file.seek(8)
        for _ in range(64):
            header = file.read(8)
            length, kind = int.from_bytes(header[:4], "big"), header[4:]
            if len(kind) < 4 or kind == b"IDAT" or length > _LARGEST_CHUNK:
                return 0
            if kind == b"sBIT":
                return file.read(1)[0] if length else 0
            file.seek(length + 4, 1)
        return 0
    except (OSError, ValueError, IndexError):
        return 0
    finally:
        file.seek(place)


MISFIT = "misfit"
"""Where the `info` of an image that was read says how it does not fit the white level of a model."""
BRIGHTER, DARKER = "too bright, and cut off,", "nearly black"

# Four bits, as between a camera's 12 and a file's 16, make an image nearly black.
_DARKER = 15
_said: set[tuple[str, int]] = set()


def misfit(strips: Iterable[np.ndarray], white: int) -> str:
    """How an image does not fit the white level of a model; nothing if it does.

    Args:
        strips: The image in parts, as for `significant_bits`.
        white: The white level.
    """
    import numpy as np

    above, total, peak = 0, 0, 0.0
    for values in strips:
        total += values.size
        known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        highest = float(known.max(initial=0))
        peak = max(peak, highest)
        if highest > white + HALF_A_LEVEL:
            above += int(np.count_nonzero(known > white + HALF_A_LEVEL))
    if not is_freak(above, total):
        return BRIGHTER
    return DARKER if is_dark(peak, white) else ""


def is_dark(peak: float, white: int) -> bool:
    """Whether an image whose brightest value is `peak` comes out nearly black by this white level."""
    return 0 < peak * _DARKER < white


def say(info: Mapping[Any, Any], name: str, white: int | None) -> None:
    """Warn, once for a white level, that an image does not fit it.

    Args:
        info: Of the image that was read.
        name: What messages call it.
        white: The white level.
    """
    how = info.get(MISFIT)
    if how and white is not None and (how, white) not in _said:
        _said.add((how, white))
        logging.getLogger("kerastl").warning(
            "%s: %s for a model to which %d is white; has it another bit depth than the training images? (said once)",
            printable(name),
            how,
            white,
        )
