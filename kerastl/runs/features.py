"""Rows, such as activations at the boundary or pixels, computed once and kept in a memory-mapped file.

A store holds one row a picture, or several where a picture has augmented views. Beside it a list says, row by
row, which content the row was computed from. A row whose content has changed is computed again, so that a store
is never stale; the store's name covers all else that the numbers depend on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastl.errors import ImageError
from kerastl.runs.interrupt import Stop
from kerastl.runs.listener import Listener
from kerastl.runs.sources import Source
from kerastl.runtime.engines import Engine
from kerastl.runtime.ordered import ordered_map

_SECONDS_BETWEEN_FLUSHES = 5.0
_BROKEN = "broken: "
_HALF_MAX = float(np.finfo(np.float16).max)


class HalfOverflow(Exception):  # noqa: N818 - asks for another precision
    """An activation is too large for half precision."""


@dataclass
class Features:
    """Activations of a list of rows.

    Args:
        array: Shape `(rows, ...)`, float16 or float32; a memory map.
        problems: Row number to what is wrong with its picture. Those rows hold zeros.
        digests: Hash of the content of each row.
    """

    array: np.ndarray
    problems: dict[int, str]
    digests: list[str]


class FeatureCache:
    """A folder of feature stores with a size limit.

    Args:
        folder: Made when the first store is.
        limit: Bytes that all stores together may take.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit

    def used(self) -> int:
        """Bytes that the stores take."""
        return sum(file.stat().st_size for file in self.folder.glob("*/features.npy"))

    def fits(self, key: str, size: int) -> bool:
        """Whether a store of `size` bytes is there, or may be made beside the others and has room on the disk."""
        if (self.folder / key / "features.npy").exists():
            return True
        existing = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())
        return self.used() + size <= min(self.limit, self.used() + shutil.disk_usage(existing).free)

    def keep_only(self, keys: Sequence[str]) -> None:
        """Remove all other stores."""
        for folder in self.folder.glob("*"):
            if folder.name not in keys:
                shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Remove the cache."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def compute(
        self,
        key: str,
        engine: Engine,
        sources: Sequence[Source],
        dtype: str,
        *,
        listener: Listener | None = None,
        stop: Stop | None = None,
        what: str = "features",
    ) -> Features:
        """Compute the features of `sources`, or what is missing of them.

        Args:
            key: Name of the store, from `store_key`.
            engine: Pixels to activations.
            sources: One a row.
            dtype: `float16`, `float32`, or what the engine gives.
            listener: Hears the progress, in rows.
            stop: Looked at between rows; what was computed is kept.
            what: What the listener is told is computed, in the plural.

        Raises:
            HalfOverflow: An activation does not fit in float16.
            OSError: The disk is full.
            Stopped: `stop` asked for it.
        """
        listener = listener or Listener()
        store = _Store(self.folder / key, len(sources), np.dtype(dtype))
        listener.begin(what, len(sources))
        try:
            work = _Work(engine, sources, store.lines)
            for row, line, feature in ordered_map(work, range(len(sources)), engine.plan.workers, engine.plan.batch):
                if stop is not None:
                    stop.check()
                store.put(row, line, feature)
                listener.advance()
        finally:
            store.flush()
            listener.end()
        return store.result()


def store_key(weights: str, resize: Mapping[str, Any], view: Mapping[str, Any], dtype: str) -> str:
    """Name a store by all that its numbers depend on, but the pictures' content.

    Args:
        weights: `weights_digest` of the network below the boundary, which covers the boundary's place too.
        resize: How pictures become pixels.
        view: Augmentation, number of views, seed and part of the data.
        dtype: Of the store.
    """
    parts = json.dumps([weights, dict(resize), dict(view), dtype], sort_keys=True, default=str)
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def weights_digest(model: Any) -> str:
    """Hash the kinds of a model's layers and its weights; not its layers' names, which Keras may number."""
    kinds = [(type(layer).__name__, getattr(layer, "output_shape", None)) for layer in model.layers]
    digest = hashlib.sha256(json.dumps(kinds, default=str).encode())
    for weight in model.weights:
        digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return digest.hexdigest()


class _Work:
    """Computes a chunk of rows in a worker thread; leaves out those whose content is known."""

    def __init__(self, engine: Engine, sources: Sequence[Source], known: Sequence[str]) -> None:
        self._engine = engine
        self._sources = sources
        self._known = tuple(known)

    def __call__(self, rows: Sequence[int]) -> list[tuple[int, str, np.ndarray | None]]:
        results: list[tuple[int, str, np.ndarray | None]] = []
        wanted: list[tuple[int, str, np.ndarray]] = []
        for row in rows:
            try:
                line = self._sources[row].digest()
                if row < len(self._known) and self._known[row] == line:
                    results.append((row, line, None))
                else:
                    wanted.append((row, line, self._sources[row].pixels()))
            except ImageError as error:
                results.append((row, _BROKEN + error.reason, None))
        if wanted:
            features = self._engine.predict(np.stack([pixels for _, _, pixels in wanted]))
            results += [(row, line, f) for (row, line, _), f in zip(wanted, features, strict=True)]
        return sorted(results, key=lambda result: result[0])


class _Store:
    """The file of one store, and the list beside it."""

    def __init__(self, folder: Path, rows: int, dtype: np.dtype) -> None:
        self._file = folder / "features.npy"
        self._list = folder / "rows.txt"
        self._rows = rows
        self._dtype = dtype
        self._array: np.memmap | None = None
        self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES
        folder.mkdir(parents=True, exist_ok=True)
        self.lines = self._read() if self._file.exists() else []
        self._result = list(self.lines)

    def _read(self) -> list[str]:
        """What is known of the rows; nothing when the file is not what this store needs."""
        try:
            array = np.load(self._file, mmap_mode="r+")
            lines = self._list.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return []
        if array.shape[0] != self._rows or array.dtype != self._dtype:
            return []
        self._array = array
        return lines[: self._rows]

    def put(self, row: int, line: str, feature: np.ndarray | None) -> None:
        if feature is not None:
            if self._array is None:
                self._array = self._allocate(feature.shape)
            if self._dtype == np.float16 and np.max(np.abs(feature), initial=0) > _HALF_MAX:
                raise HalfOverflow
            self._array[row] = feature
        if row < len(self._result):
            self._result[row] = line
        else:
            self._result.append(line)
        if time.monotonic() > self._next_flush:
            self.flush()

    def _allocate(self, shape: tuple[int, ...]) -> np.memmap:
        array = np.lib.format.open_memmap(self._file, "w+", self._dtype, (self._rows, *shape))
        # A full disk is an error here and not a crash at the first write into the mapping.
        if hasattr(os, "posix_fallocate"):
            try:
                with self._file.open("rb+") as stream:
                    os.posix_fallocate(stream.fileno(), 0, self._file.stat().st_size)
            except OSError:
                self._file.unlink()
                raise
        return array

    def flush(self) -> None:
        """Write the numbers, then the list that vouches for them."""
        from kerastl import files

        if self._array is not None:
            self._array.flush()
        files.write_text(self._list, "".join(f"{line}\n" for line in self._result))
        self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES

    def result(self) -> Features:
        problems = {
            row: line.removeprefix(_BROKEN) for row, line in enumerate(self._result) if line.startswith(_BROKEN)
        }
        array = self._array if self._array is not None else np.zeros((self._rows, 0), self._dtype)
        return Features(array, problems, self._result)
