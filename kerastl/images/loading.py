"""The door: a path, a PIL image or an array becomes RGB pixels."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from kerastl.errors import UsageError
from kerastl.images import limits
from kerastl.images.colours import to_rgb
from kerastl.images.opening import opened, reported
from kerastl.images.resizing import Resize, draft_size, resized, surplus
from kerastl.images.scaling import REDUCING_GAP
from kerastl.images.silence import silenced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Source = str | bytes | os.PathLike[str] | os.PathLike[bytes] | io.BytesIO | Image.Image | NDArray[np.uint8]

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


def load_pixels(source: Source, resize: Resize) -> NDArray[np.uint8]:
    """Read one picture at the size that a network takes. Any number of threads may do so at once.

    Args:
        source: A path, the bytes of a file as `io.BytesIO`, a PIL image of any mode, or an array of shape
            (H, W, 3), uint8, RGB.
        resize: The size, and how to get there.

    Returns:
        Array of shape (resize.height, resize.width, 3), uint8, RGB.

    Raises:
        ImageError: If the file is no picture, broken, truncated, or too large.
        UsageError: If `source` is of another type, or an array of another shape or dtype.
    """
    import numpy as np

    with _decoded(source, resize, whole=False) as (image, size, scale, orientation):
        if resize.policy == "keras":
            return np.array(_like_keras(image, (resize.width, resize.height)))
        target = resize.turned() if orientation in _LYING else resize
        shrink = 1
        if image.mode != "RGB" and image.width * image.height > limits.MAX_PIXELS // 20:
            shrink = max(1, int(surplus(image.size, target) / REDUCING_GAP))
        small = resized(to_rgb(image, shrink), size, scale * shrink, target)
        return np.array(_upright(small, orientation))


def open_image(source: Source, *, target: Resize | None = None) -> Image.Image:
    """Read one picture as it is, upright and in RGB.

    Args:
        source: As for `load_pixels`.
        target: If given, a large JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which is much faster,
            but never below twice the size that `target` needs.

    Returns:
        A PIL image of mode RGB.

    Raises:
        ImageError: As for `load_pixels`.
        UsageError: As for `load_pixels`.
    """
    with _decoded(source, target, whole=True) as (image, _, _, orientation):
        rgb = to_rgb(image)
        # A copy when nothing has been converted: the file behind `image` is closed here.
        return _upright(rgb.copy() if rgb is image else rgb, orientation)


Decoded = tuple[Image.Image, tuple[int, int], int, int]


@contextmanager
def _decoded(source: Any, target: Resize | None, *, whole: bool) -> Iterator[Decoded]:
    """Give the decoded picture, its size in the file, the divisor it was decoded at, its EXIF orientation."""
    if isinstance(source, (str, bytes, os.PathLike, io.BytesIO)):
        file = source if isinstance(source, io.BytesIO) else os.fspath(source)
        name = "picture in memory" if isinstance(file, io.BytesIO) else os.fsdecode(file) or "(no name)"
        with reported(name), silenced(), opened(file) as image:
            size, scale = _scaled(image, target)
            converted = whole or _converted_first(image, target)
            with limits.room.reserved(limits.memory_needed(image, size, converted)):
                try:
                    image.load()
                    yield image, image.size if scale == 1 else size, scale, _orientation(image)
                finally:
                    image.close()  # gives the memory back before the next picture may take it
    elif isinstance(source, Image.Image):
        with reported(getattr(source, "filename", "") or "PIL image"), silenced():
            source.load()
            if 0 in source.size:
                raise limits.RefusedError("a picture without pixels")
            yield source, source.size, 1, _orientation(source)
    else:
        array = _from_array(source)
        with reported("array"):
            yield array, array.size, 1, 1


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
    except Exception:  # broken in as many ways as pictures are, and no reason to give the picture up
        return 1
    return orientation if orientation in _TRANSPOSITIONS else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image if orientation == 1 else image.transpose(_TRANSPOSITIONS[orientation])


def _converted_first(image: Image.Image, target: Resize | None) -> bool:
    """Whether the policy needs all of the picture in RGB before it is resized."""
    return target is not None and target.policy == "keras" and image.mode not in _PIXELS_AS_STORED


def _like_keras(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Convert and resize as `keras.utils.load_img` does, in the cheaper order where that changes nothing."""
    if image.mode in _PIXELS_AS_STORED and image.size != size:
        image = image.resize(size, Image.Resampling.NEAREST)
    if image.mode != "RGB":
        image = image.convert("RGB")
    return image if image.size == size else image.resize(size, Image.Resampling.NEAREST)


def _from_array(source: Any) -> Image.Image:
    import numpy as np

    if not isinstance(source, np.ndarray):
        raise UsageError(
            "a picture must be a path, a PIL image or an array of shape (height, width, 3) and dtype uint8. "
            f"Received: {type(source).__name__}"
        )
    if source.dtype != np.uint8 or source.ndim != 3 or source.shape[2] != 3 or 0 in source.shape:
        raise UsageError(
            "a picture given as an array must have the shape (height, width, 3) and the dtype uint8. "
            f"Received: shape={source.shape}, dtype={source.dtype}"
        )
    return Image.fromarray(np.ascontiguousarray(source))
