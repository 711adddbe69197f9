"""Arrays and tensors as images: which range, which channels."""

from __future__ import annotations

import math
import reprlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PIL import Image

from kerastl.errors import UsageError
from kerastl.images import _depth as depth
from kerastl.images._depth import MISFIT, misfit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = (
    "a path, a web address, the bytes of an image file, an open file, a PIL image, or an array of shape "
    "(height, width, 3)"
)
NONE = "None is no image (cv2.imread gives None for a file that it cannot read)"
_SHOWN = 60
_PROTOCOLS = ("__array__", "__array_interface__", "__dlpack__")
_CHANNELS = (1, 3, 4)


def is_array(source: object) -> bool:
    """Whether it is an array or a tensor, of whatever library."""
    if isinstance(source, type):
        return False
    if isinstance(source, memoryview):
        return source.ndim > 1
    return any(hasattr(source, name) for name in _PROTOCOLS) or (hasattr(source, "shape") and hasattr(source, "dtype"))


def as_array(source: Any) -> NDArray[Any]:
    """Take an array or a tensor as NumPy's.

    Raises:
        UsageError: It is something else, or holds no values.
    """
    import numpy as np

    if isinstance(source, np.ndarray):
        if np.any(getattr(source, "mask", False)):
            raise UsageError("a masked array has no numbers where it is masked: array.filled(0) makes them black")
        return source
    if source is None:
        raise UsageError(NONE)
    if _is_missing(source):
        raise UsageError(f"a missing value is no image. Received: {source}")
    if not is_array(source):
        raise UsageError(f"an image must be {KINDS}. Received: {_received(source)}")
    with suppress(Exception):  # TensorFlow warns of what PyTorch asks for, so that is done only if it must be
        return _taken(source)
    for step in ("detach", "cpu", *(["float"] if "bfloat16" in str(getattr(source, "dtype", "")) else [])):
        source = getattr(source, step, lambda given=source: given)()
    try:
        return _taken(source)
    except Exception as error:  # each library has its own
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UsageError(f"a {type(source).__name__} cannot be read as an array ({why})") from None


def _taken(source: Any) -> NDArray[Any]:
    import numpy as np

    values = np.from_dlpack(source) if _speaks_dlpack_only(source) else np.asarray(source)
    return values.astype(np.float32) if values.dtype.name == "bfloat16" else values


def _speaks_dlpack_only(source: object) -> bool:
    numpys = ("__array__", "__array_interface__", "__array_struct__")
    return hasattr(source, "__dlpack__") and not any(hasattr(source, name) for name in numpys)


def _is_missing(source: object) -> bool:
    """Whether it is what tables have where there is nothing."""
    return type(source).__name__ in ("NAType", "NaTType") or (isinstance(source, float) and math.isnan(source))


def to_image(source: Any, white: int | None = None) -> Image.Image:
    """Take an array as an image.

    Args:
        source: Shape (height, width) or (height, width, channels): 1 channel is gray, 3 are RGB, 4 are RGB and
            alpha. Whole numbers up to 255, or truth values; numbers above 255 are taken as those of
            16-bit files are. Floats are from 0 to 1 if none is above 1, else from 0 to 255.
        white: The white level of a model, as for `to_rgb`.

    Returns:
        An image of mode L, RGB or RGBA.

    Raises:
        UsageError: Shape, type or range is another.
    """
    import numpy as np

    values = _checked(as_array(source))
    scaled, told = _in_eight_bits(values, white)
    image = Image.fromarray(np.ascontiguousarray(scaled[..., 0] if scaled.shape[2] == 1 else scaled))
    image.info.update(told)
    return image


def batch(values: NDArray[Any]) -> NDArray[Any]:
    """Give a batch of images, shape `(n, ...)`, one range: floats become uint8, by what is in all of them."""
    import numpy as np

    return _float_to_eight_bits(values) if np.issubdtype(values.dtype, np.floating) and values.size else values


def _checked(values: NDArray[Any]) -> NDArray[Any]:
    """The array with three axes, the last of 1, 3 or 4 channels."""
    import numpy as np

    shape = values.shape
    said = f"Received: shape={shape}, dtype={values.dtype}"[: 3 * _SHOWN]
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool) or np.iscomplexobj(values):
        raise UsageError(f"an image given as an array must hold numbers: uint8, uint16 or float32. {said}")
    if len(shape) == 2:
        values = values[..., None]
    if values.ndim == 3 and values.shape[2] not in _CHANNELS and shape[0] in (1, 3, 4):
        raise UsageError(f"an array must have its channels last: array.transpose(1, 2, 0) puts them there. {said}")
    if values.ndim != 3 or values.shape[2] not in _CHANNELS or 0 in shape:
        raise UsageError(
            "an image given as an array must have the shape (height, width, 3), or 1 or 4 channels, or "
            f"(height, width); a batch the shape (n, height, width, channels). {said}"
        )
    return values


def _in_eight_bits(values: NDArray[Any], white: int | None) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """uint8 values, and what the `info` of an image says of the original ones."""
    import numpy as np

    if values.dtype == np.uint8:
        return values, {}
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255), {}
    if np.issubdtype(values.dtype, np.floating):
        return _float_to_eight_bits(values), {}
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > depth.FULL:
        raise _out_of_range(low, high, "whole numbers from 0 to 255, or to 65535")
    if high <= depth.white_of(8) and values.dtype != np.uint16:
        return values.astype(np.uint8), {}
    colors = values[..., : 3 if values.shape[2] > 2 else 1]
    told: dict[str, Any] = {}
    if white is None:
        told[depth.BITS] = depth.significant_bits([colors])
        white = depth.white_of(told[depth.BITS])
    else:
        told[MISFIT] = misfit([colors], white)
    return np.minimum(values.astype(np.float32) * (255.0 / white) + 0.5, 255.0).astype(np.uint8), told


def _float_to_eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    import numpy as np

    if not np.isfinite(values).all():
        raise UsageError("an image given as floats must have no NaN and no infinite values")
    low, high = float(values.min()), float(values.max())
    factor = 255.0 if high <= 1 + depth.HALF_A_LEVEL / 255 else 1.0
    # Clearly more than 1 is what resizing an image of 0 to 1 may leave, and would be black as one of 0 to 255.
    ambiguous = factor == 1 and high <= 2 and (values % 1).any()
    if low * factor < -depth.HALF_A_LEVEL or high * factor > 255 + depth.HALF_A_LEVEL or ambiguous:
        raise _out_of_range(low, high, "floats from 0 to 1, or from 0 to 255")
    return np.clip(np.rint(values.astype(np.float32) * factor), 0, 255).astype(np.uint8)


def _out_of_range(low: float, high: float, wanted: str) -> UsageError:
    return UsageError(f"an image given as an array must hold {wanted}. Received: {low:.6g} to {high:.6g}")


def _received(source: object) -> str:
    text = " ".join(reprlib.repr(source).split())
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return f"{type(source).__name__}: {text}"
