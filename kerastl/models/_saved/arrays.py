"""Weights in HDF5 and arrays in `.npz` that came from outside: how many numbers they are, before any is read."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerastl._base.text import printable
from kerastl.models._saved.archive import EXPANSION, EXPANSION_FREE

# Numbers, and the bits that stand for them.
_KINDS = "fiubV"
# deflate, shuffle, fletcher32 and lzf. HDF5 looks for a library that knows any other.
_FILTERS = frozenset((1, 2, 3, 32000))
_OBJECTS = 200_000
_DEPTH = 64


class HDF5Error(ValueError):
    """A file is no HDF5 file or holds what no weights file holds; says why, without the file's name."""


def count_numbers(file: Path) -> int:
    """Count the numbers in a weights file; nothing but its structure is read.

    Raises:
        OSError: The file cannot be reached.
        HDF5Error: It is no HDF5 file, points outside itself, or would unpack to far more than its size.
    """
    import h5py

    size = file.stat().st_size
    try:
        with h5py.File(file, "r") as opened:
            return _Survey(size).of(opened)
    except HDF5Error:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise HDF5Error(f"it is no whole HDF5 file ({first_line(error)})") from error


def first_line(error: Exception) -> str:
    """An error's reason in one short line."""
    return printable("".join((str(error).strip() or type(error).__name__).splitlines()[:1]))[:200]


class _Survey:
    """Walks through a file and adds up.

    Args:
        size: Bytes of the file.
    """

    def __init__(self, size: int) -> None:
        self._allowed = EXPANSION_FREE + EXPANSION * size
        self._bytes = 0
        self._numbers = 0
        self._seen: set[Any] = set()

    def of(self, root: Any) -> int:
        """How many numbers are below a group."""
        import h5py

        waiting = [(root, 0)]
        while waiting:
            group, depth = waiting.pop()
            if depth > _DEPTH:
                raise HDF5Error(f"its groups are nested more than {_DEPTH} deep")
            for name in group:
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    raise HDF5Error(f"{_shown(group, name)} is a link to elsewhere, which no weights file needs")
                found = group[name]
                key = h5py.h5o.get_info(found.id).addr
                if key in self._seen:
                    continue
                self._seen.add(key)
                if len(self._seen) > _OBJECTS:
                    raise HDF5Error(f"it holds more than {_OBJECTS:,} groups and arrays")
                if isinstance(found, h5py.Dataset):
                    self._add(found, _shown(group, name))
                elif isinstance(found, h5py.Group):
                    waiting.append((found, depth + 1))
        return self._numbers

    def _add(self, array: Any, name: str) -> None:
        if array.external or array.is_virtual:
            raise HDF5Error(f"{name} keeps its numbers in another file")
        if array.dtype.kind not in _KINDS or array.dtype.hasobject:
            raise HDF5Error(f"{name} holds no numbers, but {array.dtype}")
        filters = array.id.get_create_plist()
        for number in range(filters.get_nfilters()):
            if filters.get_filter(number)[0] not in _FILTERS:
                raise HDF5Error(f"{name} is packed in a way that Keras does not write")
        # A chunk is unpacked as a whole, however little of it is the array's.
        numbers = math.prod(array.shape or ())
        unpacked = max(numbers, math.prod(array.chunks or ())) * array.dtype.itemsize
        self._numbers += numbers
        self._bytes += unpacked
        if self._bytes > self._allowed:
            raise HDF5Error(f"{name} takes {unpacked:,} bytes unpacked, far more than the file holds: it is a bomb")


def _shown(group: Any, name: str) -> str:
    return printable(f"{group.name.rstrip('/')}/{name}")[:200]


_ARRAYS = 100
_SUFFIX = ".npy"


def read_npz(content: bytes, kinds: Mapping[str, tuple[str, int]]) -> dict[str, np.ndarray]:
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
