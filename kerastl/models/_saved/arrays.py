"""Arrays in a `.npz` file that came from outside: their size is known before they are read."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from typing import IO

import numpy as np

_ARRAYS = 100
_SUFFIX = ".npy"


def read(content: bytes, kinds: Mapping[str, tuple[str, int]]) -> dict[str, np.ndarray]:
    """Read what `numpy.savez` wrote.

    Args:
        content: The file.
        kinds: Of each array that may be in it: the kind of its numbers, such as `f`, and how many axes it has.

    Returns:
        The arrays that are there, by name.

    Raises:
        ValueError: It is no such file, or an array is of another kind, is not finite, or is larger than what holds it.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > _ARRAYS or sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("it would unpack to more than it holds")
        found = {}
        for entry in entries:
            name = entry.filename.removesuffix(_SUFFIX)
            if name in kinds:
                with archive.open(entry) as stream:
                    found[name] = _array(stream, entry.file_size, name, *kinds[name])
    return found


def _array(stream: IO[bytes], size: int, name: str, kind: str, axes: int) -> np.ndarray:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} is written in an unknown way")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(stream)
    if dtype.kind != kind or dtype.hasobject or len(shape) != axes:
        raise ValueError(f"{name} is {dtype} of shape {shape}")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name} of shape {shape} is not all there")
    values = np.frombuffer(stream.read(math.prod(shape) * dtype.itemsize), dtype)
    if values.size != math.prod(shape) or (kind == "f" and not np.isfinite(values).all()):
        raise ValueError(f"{name} is incomplete or not finite")
    return values.reshape(shape, order="F" if fortran else "C")
