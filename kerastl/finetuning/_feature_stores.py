"""The stores of features that a phase asks for, and how they are filled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.finetuning._training_data import TrainingData
from kerastl.inference._engines import Engine
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache, Features, HalfOverflow, ViewStore, store_key
from kerastl.training._interrupt import Stop
from kerastl.training._samples import Sample, as_it_is, mirrored

if TYPE_CHECKING:
    from kerastl.finetuning._estimate import FeatureTimer

# Features of more numbers than this are kept in half precision; pooled ones are small and stay whole.
_SMALL = 4096


@dataclass(frozen=True)
class FeatureExtractor:
    """The frozen part of a network, ready to compute features.

    Args:
        engine: From pixels to features.
        digest: What the features are known by; of the part's layers and weights.
        shape: Of the features of an image.
        dtype: Of the features as they are computed.
        trains_on_pixels: Whether nothing is frozen, so that the pixels themselves are the features.
    """

    engine: Engine
    digest: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    trains_on_pixels: bool = False

    @property
    def compact_dtype(self) -> str:
        """In which training features are kept: half precision where they are large."""
        return "float16" if not self.trains_on_pixels and math.prod(self.shape) > _SMALL else self.dtype


class RequestedStore:
    """A store of features that a phase asks for.

    Args:
        extractor: Computes them.
        data: Says how files become pixels.
        view: Part of the data, and what is done to its images.
        samples: The images; as they are, also where the view is mirrored.
        dtype: Of the store.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        data: TrainingData,
        view: dict[str, Any],
        samples: Sequence[Sample],
        dtype: str,
    ) -> None:
        self.extractor = extractor
        self.samples = samples
        self.mirrored = "mirrored" in view
        self.key = store_key(extractor.digest, data.reader.as_dict(), view, dtype)
        self.view_store = ViewStore(self.key, dtype, mirrored if self.mirrored else as_it_is)
        self.size = len(samples) * math.prod(extractor.shape) * np.dtype(dtype).itemsize
        shape = " x ".join(str(side) for side in extractor.shape)
        part = f"{view['part']}, mirrored" if self.mirrored else view["part"]
        self.description = f"{len(samples):,} rows ({part}) of {shape} {dtype}, {_megabytes(self.size)}"

    @property
    def what(self) -> str:
        """What is in it, in the plural."""
        return "features of mirrored images" if self.mirrored else "features"

    @property
    def without(self) -> str:
        """What is done where it cannot be kept."""
        return "the head is solved without them" if self.mirrored else "they are computed anew in each epoch"


class StoreFiller:
    """Computes what is missing in stores, and says which cannot be kept.

    Args:
        cache: Holds the stores.
        callback: Hears what is done.
        stop: Looked at between images.
    """

    def __init__(self, cache: FeatureCache, callback: RunCallback, stop: Stop | None) -> None:
        self._cache = cache
        self._callback = callback
        self._stop = stop

    def _kept(self, stores: Sequence[RequestedStore | None]) -> list[RequestedStore]:
        """Those of `stores` that the cache and the disk have room for, one after the other, as long as they have it."""
        found: list[RequestedStore] = []
        for store in stores:
            if store is None or not self._fits([*found, store]):
                break
            found.append(store)
        return found

    def fill(self, stores: Sequence[RequestedStore | None], timer: FeatureTimer | None = None) -> list[Features | None]:
        """Fill stores of views of the same images, each of which is decoded once.

        Args:
            stores: The first is needed most: without it the others are not filled.
            timer: Hears how far it is, and may end it.

        Returns:
            The features of each store; None where it is done without, which is said, or was not asked for.
        """
        wanted = self._kept(stores)
        for store in stores[len(wanted) : len(wanted) + 1]:
            if store is not None:
                self._say_too_large(store)
        for store in wanted:
            self._callback.say(f"features: {store.description}")
        found: list[Features] = []
        while wanted:
            try:
                found = self._compute(wanted, timer)
                break
            except OSError as error:
                given_up = wanted.pop()
                self._callback.warn(f"{given_up.what} cannot be kept ({error.strerror}): {given_up.without}")
        return [*found, *(None for _ in stores[len(found) :])]

    def _fits(self, stores: Sequence[RequestedStore]) -> bool:
        return self._cache.fits({store.key: store.size for store in stores})

    def _say_too_large(self, store: RequestedStore) -> None:
        self._callback.say(
            f"{store.what} would take {_megabytes(store.size)}, more than the cache may "
            f"({_megabytes(self._cache.limit)}) or the disk can hold: {store.without} (--cache-limit)"
        )

    def _compute(self, stores: Sequence[RequestedStore], timer: FeatureTimer | None) -> list[Features]:
        """Fill them in half precision where that is asked for, or in float32 where that cannot hold the numbers."""
        extractor, samples = stores[0].extractor, stores[0].samples
        wanted = [store.view_store for store in stores]
        callback = timer or self._callback
        while True:
            try:
                return self._cache.compute_views(
                    wanted, extractor.engine, samples, shape=extractor.shape, callback=callback, stop=self._stop
                )
            except HalfOverflow as overflow:
                wanted = [_in_float32(one) if one.key == overflow.key else one for one in wanted]


def _in_float32(store: ViewStore) -> ViewStore:
    return replace(store, key=f"{store.key}-float32", dtype="float32")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
