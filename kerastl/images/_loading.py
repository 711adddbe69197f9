"""The door: a path, a PIL image or an array becomes RGB pixels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from kerastl.images import _deep_color as deep_color
from kerastl.images import _depth as depth
from kerastl.images import _limits as limits
from kerastl.images._arrays import to_image
from kerastl.images._color import is_numeric, to_rgb
from kerastl.images._depth import note_declared
from kerastl.images._encoded import Encoded, encoded, is_encoded, path_of
from kerastl.images._opening import reported
from kerastl.images._pillow_warnings import silenced
from kerastl.images._profiles import to_srgb
from kerastl.images._resizing import REDUCING_GAP, Resize, draft_size, resized, surplus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    ImageLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes] | IO[bytes] | Image.Image | NDArray[Any]

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)  # orientations that exchange width and height
_PIXELS_AS_STORED = ("1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX")


def load_pixels(source: ImageLike, resize: Resize) -> NDArray[np.uint8]:
    """Read one image at the size that a network takes. Any number of threads may do so at once.

    EXIF orientation and color profile are followed, see-through parts show white.

    Args:
        source: A path, a web address (http or https, up to 64 MiB, within a minute), the bytes of an image file, a
            file opened for reading bytes, a PIL image of any mode, or an array or tensor of shape (height, width, 3),
            RGB; or of (height, width), or with 1 channel, which is gray; or with 4, the last alpha. Arrays hold
            uint8; floats from 0 to 1 if none is above 1, else from 0 to 255; truth values; or whole numbers up to
            65535 with the white level as for 16-bit files.
        resize: The size, how to get there, and the white level.

    Returns:
        Array of shape (resize.height, resize.width, 3), uint8, RGB.

    Raises:
        ImageError: If the file is no image, broken, truncated, or too large, or cannot be fetched.
        UsageError: If `source` is of another type, or an array of another shape, dtype or range.

    Example:
        >>> import kerastl
        >>> pixels = kerastl.load_pixels("data/candle.jpg", kerastl.images.Resize(224, 224))
        >>> pixels.shape, pixels.dtype.name
        ((224, 224, 3), 'uint8')
    """
    import numpy as np

    with _decoded(source, resize, whole=False) as (image, size, scale, orientation):
        if resize.policy == "keras":
            return np.array(_like_keras(image, (resize.width, resize.height)))
        target = resize.turned() if orientation in _LYING else resize
        shrink = 1
        if image.mode != "RGB" and image.width * image.height > limits.MAX_PIXELS // 20:
            shrink = max(1, int(surplus(image.size, target) / REDUCING_GAP))
        rgb = to_rgb(image, shrink, target.white_level)
        depth.say(rgb.info, path_of(source) or "an image in memory", target.white_level)
        small = resized(rgb, size, scale * shrink, target)
        return np.array(_upright(to_srgb(small, image), orientation))


def open_image(source: ImageLike, *, target: Resize | None = None) -> Image.Image:
    """Read one image as it is, upright and in RGB.

    Args:
        source: As for `load_pixels`.
        target: If given, a large JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which is much faster,
            but never below twice the size that `target` needs. It also gives the white level.

    Returns:
        A PIL image of mode RGB, in sRGB. Its `info["significant_bits"]` holds 8 to 16 if the white level of an image
        of more than 8 bits is its own.

    Raises:
        ImageError: As for `load_pixels`.
        UsageError: As for `load_pixels`.

    Example:
        >>> from kerastl.images import open_image
        >>> image = open_image("data/umbrella.png")
        >>> image.mode, image.size
        ('RGB', (256, 256))
    """
    with _decoded(source, target, whole=True) as (image, _, _, orientation):
        rgb = to_srgb(to_rgb(image, white=None if target is None else target.white_level), image)
        # A copy when nothing has been converted: the file behind `image` is closed here.
        return _upright(rgb.copy() if rgb is image else rgb, orientation)


def upright_size(file: Any) -> tuple[int, int]:
    """Width and height of an image file as it is shown, in pixels; only its header is read.

    Args:
        file: Its path, or what else holds one.

    Raises:
        ImageError: If it cannot be opened, or is no image.
    """
    found = encoded(file)
    with reported(found.name), silenced(), found.opened() as image:
        width, height = image.size
        return (height, width) if _orientation(image) in _LYING else (width, height)


def has_many_bits(image: ImageFile.ImageFile) -> bool:
    """Whether an image that was opened, and not yet decoded, has more than 8 bits a channel."""
    return is_numeric(image) or deep_color.lower_half(image) is not None


Decoded = tuple[Image.Image, tuple[int, int], int, int]


@contextmanager
def _decoded(source: Any, target: Resize | None, *, whole: bool) -> Iterator[Decoded]:
    """Give the decoded image, its size in the file, the divisor it was decoded at, its EXIF orientation."""
    if is_encoded(source):
        with _decoded_file(encoded(source), target, whole) as decoded:
            yield decoded
    elif isinstance(source, Image.Image):
        with reported(getattr(source, "filename", "") or "PIL image"), silenced():
            source.load()
            if 0 in source.size:
                raise limits.RefusedError("an image without pixels")
            yield source, source.size, 1, _orientation(source)
    else:
        array = to_image(source, None if target is None else target.white_level)
        with reported("array"):
            yield array, array.size, 1, 1


@contextmanager
def _decoded_file(file: Encoded, target: Resize | None, whole: bool) -> Iterator[Decoded]:
    with reported(file.name), silenced(), file.opened() as image:
        size, scale = _scaled(image, target)
        converted = whole or _converted_first(image, target)
        like_keras = target is not None and target.policy == "keras"
        lower_half = None if like_keras else deep_color.lower_half(image)
        note_declared(image)
        with limits.room.reserved(limits.memory_needed(image, size, converted)):
            try:
                image.load()
                full: Image.Image = image
                if lower_half is not None:
                    white = None if target is None else target.white_level
                    full = deep_color.brightened(image, lower_half, file.opened, white)
                yield full, image.size if scale == 1 else size, scale, _orientation(image)
            finally:
                image.close()  # gives the memory back before the next image may take it


def _scaled(image: ImageFile.ImageFile, target: Resize | None) -> tuple[tuple[int, int], int]:
    """Have a large JPEG decoded at a fraction of its size; give the full size and the divisor."""
    size = image.size
    if target is None or target.policy == "keras" or not isinstance(image, JpegImageFile):
        return size, 1
    limits.check_pixels(size, limits.MAX_DRAFT_PIXELS)
    wanted = draft_size(size, target.turned() if _orientation(image) in _LYING else target)
    image.draft(None, wanted)
    return size, image.decoderconfig[0] if image.decoderconfig else 1


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing or the EXIF data is broken."""
    if isinstance(image, JpegImageFile) and not ("exif" in image.info or "xmp" in image.info):
        return 1
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # broken in as many ways as images are, and no reason to give the image up
        return 1
    return orientation if orientation in _TRANSPOSITIONS else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image if orientation == 1 else image.transpose(_TRANSPOSITIONS[orientation])


def _converted_first(image: Image.Image, target: Resize | None) -> bool:
    """Whether the policy needs all of the image in RGB before it is resized."""
    return target is not None and target.policy == "keras" and image.mode not in _PIXELS_AS_STORED


def _like_keras(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Convert and resize as `keras.utils.load_img` does, in the cheaper order where that changes nothing."""
    if image.mode in _PIXELS_AS_STORED and image.size != size:
        image = image.resize(size, Image.Resampling.NEAREST)
    if image.mode != "RGB":
        image = image.convert("RGB")
    return image if image.size == size else image.resize(size, Image.Resampling.NEAREST)
