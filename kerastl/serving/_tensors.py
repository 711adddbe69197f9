"""Tensors of the Open Inference Protocol: in JSON, or as bytes behind it (Triton's binary tensor data extension)."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastl._base.text import brief
from kerastl.serving._asked import from_base64
from kerastl.serving._errors import RequestError, TooLargeError

_DTYPES: Mapping[str, type[np.generic]] = {"UINT8": np.uint8, "FP32": np.float32}
_BYTES = "BYTES"
_SIZE = "binary_data_size"
_MOST_AXES = 4


class BinaryTail:
    """The bytes behind the JSON of a request, which tensors take in turn.

    Args:
        content: The bytes.
    """

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, size: object) -> bytes:
        """The next bytes.

        Raises:
            RequestError: There are not as many.
        """
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(self._content) - self._at:
            raise RequestError(f"{_SIZE} does not fit the body. Received: {brief(str(size))}")
        self._at += size
        return self._content[self._at - size : self._at]

    def check_empty(self) -> None:
        """Raise `RequestError` if something is left."""
        if self._at != len(self._content):
            raise RequestError("the body is longer than its tensors")


def shape_of(given: object, name: str) -> list[int]:
    """The shape of a tensor.

    Raises:
        RequestError: It is none.
    """
    fits = isinstance(given, list) and 1 <= len(given) <= _MOST_AXES
    if not fits or not all(isinstance(side, int) and not isinstance(side, bool) and side >= 0 for side in given):  # type: ignore[attr-defined]
        raise RequestError(f"the shape of {name} must be a list of 1 to {_MOST_AXES} whole numbers")
    return given  # type: ignore[return-value]


def read_pixels(tensor: Mapping[str, Any], tail: BinaryTail, most: int) -> list[np.ndarray]:
    """Read images as pixels.

    Args:
        tensor: An input of datatype UINT8 or FP32 and of shape (n, height, width, 3), or (height, width, 3) for one:
            RGB, 0-255.
        tail: The bytes behind the JSON.
        most: Images that it may hold.

    Returns:
        A uint8 array of shape (height, width, 3) an image.

    Raises:
        RequestError: It is something else.
        TooLargeError: There are too many.
    """
    shape = shape_of(tensor.get("shape"), "pixels")
    if (size := _binary_size(tensor)) is not None:
        content = tail.take(size)
        dtype = np.dtype(_DTYPES[tensor["datatype"]]).newbyteorder("<")
        if len(content) != math.prod(shape) * dtype.itemsize:
            raise RequestError(f"pixels of shape {shape} are not {len(content)} bytes")
        values = np.frombuffer(content, dtype)
    else:
        values = numbers_of(tensor.get("data"))
    return images_of_pixels(values, shape, most)


def images_of_pixels(values: np.ndarray, shape: Sequence[int], most: int) -> list[np.ndarray]:
    """Images of numbers in their order.

    Raises:
        RequestError: They are no such images, or not from 0 to 255.
        TooLargeError: There are too many.
    """
    if len(shape) not in (3, 4) or shape[-1] != 3 or not all(shape) or values.size != math.prod(shape):
        raise RequestError(
            f"pixels must be of shape (n, height, width, 3) with as many numbers. Received: shape {list(shape)}, "
            f"{values.size} numbers"
        )
    values = values.reshape((-1, *shape[-3:]))
    if len(values) > most:
        raise TooLargeError(f"a request holds at most {most} images. Received: {len(values)}")
    if values.dtype != np.uint8:
        if not np.all((values >= 0) & (values <= 255)):  # which NaN is not
            raise RequestError("pixels must be numbers from 0 to 255")
        values = np.rint(values).astype(np.uint8)
    return list(values)


def numbers_of(given: object) -> np.ndarray:
    """Numbers in lists, however nested, as a flat array.

    Raises:
        RequestError: They are no numbers.
    """
    try:
        found = np.asarray(given)
    except (ValueError, OverflowError):
        raise RequestError("data must be numbers in lists of equal lengths") from None
    if found.dtype.kind not in "iuf" or _holds_truth(given, found.ndim):
        raise RequestError("data must be numbers in lists of equal lengths")
    return found.ravel()


def _holds_truth(given: Any, depth: int) -> bool:
    """Whether true or false stand among numbers, which NumPy takes for 1 and 0."""
    for _ in range(depth - 1):
        given = itertools.chain.from_iterable(given)
    return depth > 0 and bool in set(map(type, given))


def read_encoded(tensor: Mapping[str, Any], tail: BinaryTail, most: int) -> list[bytes]:
    """Read images as their files have them.

    Args:
        tensor: An input of datatype BYTES and of shape (n,) or (n, 1): in JSON as base64, behind it each with its
            length before it, in 4 bytes.
        tail: The bytes behind the JSON.
        most: Images that it may hold.

    Raises:
        RequestError: It is something else.
        TooLargeError: There are too many.
    """
    count = math.prod(shape_of(tensor.get("shape"), "image"))
    if count > most:
        raise TooLargeError(f"a request holds at most {most} images. Received: {count}")
    if (size := _binary_size(tensor)) is not None:
        found = list(_split(tail.take(size)))
    else:
        data = tensor.get("data")
        if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
            raise RequestError("data of image must be a flat list of images in base64")
        found = [from_base64(each) for each in data]
    if len(found) != count:
        raise RequestError(f"image has {len(found)} elements, and its shape says {count}")
    return found


def _split(content: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        if at + 4 > len(content):
            raise RequestError("an element of image is cut off")
        (size,) = struct.unpack_from("<I", content, at)
        at += 4 + size
        if at > len(content):
            raise RequestError("an element of image is cut off")
        found.append(content[at - size : at])
    return found


def _binary_size(tensor: Mapping[str, Any]) -> object:
    parameters = tensor.get("parameters")
    return parameters.get(_SIZE) if isinstance(parameters, dict) else None


def written(name: str, values: np.ndarray, *, binary: bool) -> tuple[dict[str, Any], bytes]:
    """A tensor of an answer.

    Args:
        name: Its name.
        values: float32, or text.
        binary: Whether its data stand behind the JSON.

    Returns:
        What stands in the JSON, and what behind it.
    """
    text = values.dtype.kind == "U"
    described: dict[str, Any] = {
        "name": name,
        "datatype": _BYTES if text else "FP32",
        "shape": list(values.shape),
    }
    if not binary:
        return {**described, "data": values.ravel().tolist()}, b""
    content = b"".join(map(_element, values.ravel())) if text else values.astype("<f4").tobytes()
    return {**described, "parameters": {_SIZE: len(content)}}, content


def _element(text: str) -> bytes:
    content = str(text).encode()
    return struct.pack("<I", len(content)) + content
