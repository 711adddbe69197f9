"""Rows, such as activations at the boundary or pixels, computed once and kept in a memory-mapped file.

A store holds one row an image, or several where an image has augmented views. Beside it a list says, row by
row, which content the row was computed from. A row whose content has changed is computed again, so that a store
is never stale; the store's name covers all else that the numbers depend on.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastl.inference._engines import Engine
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._callback import RunCallback
from kerastl.training._disk import called, remove_files, remove_if_empty
from kerastl.training._feature_rows import BROKEN, RowWork, computed_together
from kerastl.training._feature_store import ARRAY, STORE_FILES, FeatureStore
from kerastl.training._interrupt import Stop
from kerastl.training._process_group import current
from kerastl.training._samples import Sample, View, as_it_is

# What a cache holds: stores by the names of `store_key` and of decoded images (size and white level), and a compiled
# network.
_KEY = re.compile(r"(?:[0-9a-f]{16}(?:-float32)?|pixels-\d+(?:x\d+)?(?:-\d+)?)")
_BOUNDARY = called([r"boundary\.tflite"])
_HALF_MAX = float(np.finfo(np.float16).max)


class HalfOverflow(Exception):  # noqa: N818 - asks for another precision
    """An activation is too large for half precision.

    Args:
        key: Of the store that it was to be put into.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class ViewStore:
    """A store that one view of each sample goes into.

    Args:
        key: Name of the store, from `store_key`.
        dtype: `float16`, `float32`, or what the engine gives.
        view: What is done to the pixels of a sample.
    """

    key: str
    dtype: str
    view: View = as_it_is


@dataclass
class Features:
    """Activations of a list of rows.

    Args:
        array: Shape `(rows, ...)`, float16 or float32; a memory map.
        problems: Row number to what is wrong with its image. Those rows hold zeros.
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

    Example:
        >>> import hashlib
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from kerastl.inference import KerasEngine
        >>> from kerastl.models import build, features
        >>> from kerastl.training import FeatureCache
        >>> class Row:
        ...     def digest(self):
        ...         return hashlib.sha256(b"the bytes of an image").hexdigest()
        ...     def pixels(self):
        ...         return np.zeros((32, 32, 3), "uint8")
        ...
        >>> cache = FeatureCache(Path("features"), limit=10**6)
        >>> engine = KerasEngine(features(build("kerastl_mini")))
        >>> np.asarray(cache.compute("train", engine, [Row(), Row()], "float32").array).shape
        (2, 320)
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit

    def used(self) -> int:
        """Bytes that the stores take."""
        return sum(file.stat().st_size for file in self.folder.glob(f"*/{ARRAY}"))

    def fits(self, sizes: Mapping[str, int]) -> bool:
        """Whether stores are there, or may be made beside all others and have room on the disk.

        Args:
            sizes: Their bytes, by their keys.
        """
        missing = sum(size for key, size in sizes.items() if not (self.folder / key / ARRAY).exists())
        if not missing:
            return True
        existing = next(folder for folder in (self.folder, *self.folder.parents) if folder.exists())
        return self.used() + missing <= min(self.limit, self.used() + shutil.disk_usage(existing).free)

    def keep_only(self, keys: Sequence[str]) -> None:
        """Remove all other stores."""
        for folder in self._stores():
            if folder.name not in keys:
                remove_files(folder, STORE_FILES)
                remove_if_empty(folder)

    def clear(self) -> bool:
        """Remove the cache; return whether nothing is left of its folder, where others may have put files."""
        self.keep_only(())
        remove_files(self.folder, _BOUNDARY)
        return remove_if_empty(self.folder)

    def _stores(self) -> list[Path]:
        if self.folder.is_symlink() or not self.folder.is_dir():
            return []
        return [folder for folder in self.folder.iterdir() if _KEY.fullmatch(folder.name)]

    def compute(
        self,
        key: str,
        engine: Engine,
        samples: Sequence[Sample],
        dtype: str,
        *,
        shape: tuple[int, ...] | None = None,
        callback: RunCallback | None = None,
        stop: Stop | None = None,
        what: str = "features",
    ) -> Features:
        """Compute the features of `samples`, or what is missing of them.

        Args:
            key: Name of the store, from `store_key`.
            engine: Pixels to activations.
            samples: One a row.
            dtype: `float16`, `float32`, or what the engine gives.
            shape: Of a row, where it is known before the first is computed.
            callback: Hears the progress, in rows.
            stop: Looked at between rows; what was computed is kept.
            what: What the callback is told is computed, in the plural.

        Raises:
            HalfOverflow: An activation does not fit in float16.
            OSError: The disk is full.
            Stopped: `stop` asked for it.
        """
        stores = [ViewStore(key, dtype)]
        return self.compute_views(stores, engine, samples, shape=shape, callback=callback, stop=stop, what=what)[0]

    def compute_views(
        self,
        stores: Sequence[ViewStore],
        engine: Engine,
        samples: Sequence[Sample],
        *,
        shape: tuple[int, ...] | None = None,
        callback: RunCallback | None = None,
        stop: Stop | None = None,
        what: str = "features",
    ) -> list[Features]:
        """Compute the features of several views of `samples`, of which each is decoded once at most.

        Args:
            stores: One a view. The views of a sample are computed side by side, and what a store holds already is not
                computed again.
            engine: See `compute`, as for all others and for what is raised.
            samples: One a row of each store.
            shape: Of a row, where it is known before the first is computed.
            callback: Hears the progress, in rows of all stores together.
            stop: Looked at between samples.
            what: What the callback is told is computed.

        Returns:
            Those of each store.
        """
        callback = callback or RunCallback()
        opened = [
            FeatureStore(self.folder / store.key, len(samples), np.dtype(store.dtype), shape, callback)
            for store in stores
        ]
        callback.begin(what, len(stores) * len(samples))
        try:
            views = [store.view for store in stores]
            if shape is not None and current().is_several:
                dtype = np.dtype(np.uint8 if stores[0].dtype == "uint8" else np.float32)
                rows = computed_together(engine, samples, views, shape, dtype)
            else:
                work = RowWork(engine, samples, views, [one.lines for one in opened])
                rows = ordered_map(work, range(len(samples)), engine.parallelism.workers, engine.parallelism.batch)
            for row, line, found in rows:
                if stop is not None:
                    stop.check()
                for store, one, feature in zip(stores, opened, found, strict=True):
                    _check_range(store, feature)
                    one.put(row, line, feature)
                callback.advance(len(stores))
        finally:
            for one in opened:
                one.flush()
            callback.end()
        return [_features(store) for store in opened]


def _check_range(store: ViewStore, feature: np.ndarray | None) -> None:
    if feature is not None and store.dtype == "float16" and np.max(np.abs(feature), initial=0) > _HALF_MAX:
        raise HalfOverflow(store.key)


def _features(store: FeatureStore) -> Features:
    lines = store.result
    problems = {row: line.removeprefix(BROKEN) for row, line in enumerate(lines) if line.startswith(BROKEN)}
    return Features(store.array, problems, lines)


def store_key(weights: str, resize: Mapping[str, Any], view: Mapping[str, Any], dtype: str) -> str:
    """Name a store by all that its numbers depend on, but the images' content.

    Args:
        weights: `weights_digest` of the network below the boundary, which covers the boundary's place too.
        resize: How images become pixels.
        view: Augmentation, number of views, seed and part of the data.
        dtype: Of the store.
    """
    parts = json.dumps([weights, dict(resize), dict(view), dtype], sort_keys=True, default=str)
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def weights_digest(model: Any) -> str:
    """Hash the kinds of a model's layers, how they are joined, and its weights.

    Not its layers' names, which Keras may number.
    """
    kinds = [(type(layer).__name__, getattr(layer, "output_shape", None)) for layer in model.layers]
    digest = hashlib.sha256(json.dumps([kinds, _wiring(model)], default=str).encode())
    for weight in model.weights:
        digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return digest.hexdigest()


def _wiring(model: Any) -> list[Any]:
    """The operations of a graph, each with the tensors that it gets, by number; nothing of a model without a graph."""
    from kerastl.models._graph import calls, graph_of

    graph = graph_of(model)
    numbers: dict[int, int] = {}
    wiring: list[Any] = []
    for call in calls(graph) if graph is not None else ():
        wiring.append((type(call.operation).__name__, [numbers.get(id(tensor)) for tensor in call.input_tensors]))
        for tensor in call.outputs:
            numbers[id(tensor)] = len(numbers)
    return [*wiring, [numbers.get(id(tensor)) for tensor in graph.outputs]] if graph is not None else []
