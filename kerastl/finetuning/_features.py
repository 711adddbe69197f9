"""What the frozen part of a network gives for the images of a phase: kept in the cache, or computed when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastl.data._prefetch import PrefetchedImages
from kerastl.finetuning._boundary_engine import boundary_engine
from kerastl.finetuning._feature_stores import FeatureExtractor, RequestedStore, StoreFiller
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._skipped import SkippedImages
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache, Features, weights_digest
from kerastl.training._interrupt import Stop
from kerastl.training._samples import PixelEngine, PrefetchedSample, Sample

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._estimate import FeatureTimer


class UsableFeatures:
    """Features of the images that can be read, looked up or computed when they are asked for.

    Args:
        lookup: Numbers of images to an array `(n, ...)`.
        usable: Numbers of the images that can be read.
    """

    def __init__(self, lookup: Callable[[np.ndarray], np.ndarray], usable: np.ndarray) -> None:
        self._lookup = lookup
        self.usable = usable

    def __len__(self) -> int:
        return len(self.usable)

    def __getitem__(self, part: slice) -> np.ndarray:
        return self._lookup(self.usable[part])

    def of_images(self, numbers: np.ndarray) -> np.ndarray:
        """The features of some images by their numbers, which are among `usable`."""
        return self._lookup(numbers)


def lookup(places: np.ndarray, first: UsableFeatures, second: UsableFeatures) -> Callable[[np.ndarray], np.ndarray]:
    """Numbers of images to their features, where these are in two parts.

    Args:
        places: int64 `(n,)`: the number of each image in its part, of the second part the complement.
        first: Features of the first part.
        second: Of the second.
    """

    def rows(numbers: np.ndarray) -> np.ndarray:
        wanted = places[numbers]
        others = wanted < 0
        if not others.any():
            return first.of_images(wanted)
        if others.all():
            return second.of_images(~wanted)
        own, other = first.of_images(wanted[~others]), second.of_images(~wanted[others])
        together = np.empty((len(wanted), *own.shape[1:]), np.result_type(own, other))
        together[~others], together[others] = own, other
        return together

    return rows


@dataclass(frozen=True)
class PhaseFeatures:
    """What a phase trains and is validated on.

    Args:
        extractor: Gives the features of other images.
        val: Of the validation images; None where there are none.
        train: Of the training images, `(images * copies, ...)`, the copies of an image side by side. None where each
            epoch computes its own.
        copies: Of each training image; more than one where they are augmented.
        usable: Numbers of the training images that can be read.
        mirrored: Of the training images with left and right changed over, for a direct solution; None where they are
            not asked for, or not kept.
    """

    extractor: FeatureExtractor
    val: UsableFeatures | None
    train: np.ndarray | None
    copies: int
    usable: np.ndarray
    mirrored: UsableFeatures | None = None

    @property
    def plain(self) -> UsableFeatures | None:
        """Of the training images as they are, for a direct solution; None where they are not kept."""
        if self.train is None or self.copies > 1:
            return None
        return UsableFeatures(self.train.__getitem__, self.usable)


class FeatureComputer:
    """Computes the features of one phase after the other, and keeps what they share: engine, cache, what was skipped.

    Args:
        data: The images.
        cache: Of features.
        keep_features: Keep the stores of earlier phases.
        callback: Hears what is done.
        stop: Looked at while features are computed.
        prefetched: Images that have been decoded already, for the first phase; closed with it.
    """

    def __init__(
        self,
        data: TrainingData,
        cache: FeatureCache,
        *,
        keep_features: bool = False,
        callback: RunCallback | None = None,
        stop: Stop | None = None,
        prefetched: PrefetchedImages | None = None,
    ) -> None:
        self._data = data
        self._cache = cache
        self._keep_features = keep_features
        self._callback = callback or RunCallback()
        self._filler = StoreFiller(cache, self._callback, stop)
        self._prefetched = prefetched
        self._opened: FeatureExtractor | None = None
        self._held: list[str] = []
        self.skipped = SkippedImages(data, self._callback)

    @property
    def scratch(self) -> Path:
        """Where large things may lie for a moment; there once features are kept."""
        return self._cache.folder

    def compute(
        self, lower: keras.Model | None, phase: Phase, seed: tuple[int, ...], timer: FeatureTimer | None = None
    ) -> PhaseFeatures:
        """Compute the features of a phase, or find them in the cache.

        Args:
            lower: The frozen part: raw pixels `(n, h, w, 3)` to features; None where the pixels are the features.
            phase: Says how the training images are augmented.
            seed: Numbers that the augmentation depends on.
            timer: Hears how far it is, and may end it.

        Raises:
            DataError: No training image can be read, or none of those to validate on.
            OutOfTime: The timer ends it; what was computed is kept.
            Stopped: A stop was asked for.
        """
        data, extractor = self._data, self._extractor(lower)
        if self._prefetched is not None:
            self._prefetched.stop()  # from here on all processors are busy with the same images
        val_store = self._val_store(extractor) if data.validates else None
        train_store, copies = self._train_store(extractor, phase, seed)
        mirror_store = self._mirror_store(extractor, phase, data.train)
        stores = [store for store in (val_store, train_store, mirror_store) if store is not None]
        if not self._keep_features:
            self._cache.keep_only([*self._held, *(store.key for store in stores)])
        if timer is not None:
            timer.rows = sum(len(store.samples) for store in stores)
        val = None if val_store is None else self._val(val_store, self._filler.fill([val_store], timer)[0])
        train, mirrored = self._filler.fill([train_store, mirror_store], timer)
        if self._prefetched is not None:
            self._prefetched.close()
        if train is None:
            return PhaseFeatures(extractor, val, None, copies, np.arange(len(data.train.files)))
        usable = self.skipped.usable(data.train, train, copies)
        if mirrored is None:
            return PhaseFeatures(extractor, val, train.array, copies, usable)
        usable = np.setdiff1d(usable, list(mirrored.problems))
        pairs = UsableFeatures(mirrored.array.__getitem__, usable)
        return PhaseFeatures(extractor, val, train.array, copies, usable, pairs)

    def hold(self, lower: keras.Model, phase: Phase) -> None:
        """Leave the features of a direct solution in the cache while later phases train.

        Args:
            lower: See `compute`.
            phase: That of the solution.
        """
        extractor = self._extractor(lower)
        stores = [self._val_store(extractor), self._train_store(extractor, phase, ())[0]]
        stores += [self._mirror_store(extractor, phase, images) for images in (self._data.train, self._data.val)]
        keys = [store.key for store in stores if store is not None]
        self._held = [*keys, *(f"{key}-float32" for key in keys)]

    def compute_mirrored_val(self, lower: keras.Model, phase: Phase) -> UsableFeatures | None:
        """Compute the features of the mirrored validation images, as those of the training images are.

        Arguments and errors are those of `compute`. None where they are not asked for, or cannot be kept.
        """
        store = self._mirror_store(self._extractor(lower), phase, self._data.val)
        features = None if store is None else self._filler.fill([store])[0]
        if features is None:
            return None
        usable = np.setdiff1d(np.arange(len(self._data.val.files)), list(features.problems))
        return UsableFeatures(features.array.__getitem__, usable)

    def _extractor(self, lower: keras.Model | None) -> FeatureExtractor:
        if lower is None:
            return FeatureExtractor(PixelEngine(), "pixels", self._data.reader.shape, "uint8", trains_on_pixels=True)
        digest = weights_digest(lower)
        if self._opened is None or self._opened.digest != digest:
            engine = boundary_engine(lower, self._cache.folder, self._callback)
            self._opened = FeatureExtractor(engine, digest, tuple(lower.output_shape[1:]))
        return self._opened

    def _plain(self, images: LabeledImages) -> Sequence[Sample]:
        samples = self._data.plain(images)
        if self._prefetched is None:
            return samples
        return [PrefetchedSample(sample, self._prefetched.get) for sample in samples]

    def _train_store(
        self, extractor: FeatureExtractor, phase: Phase, seed: tuple[int, ...]
    ) -> tuple[RequestedStore | None, int]:
        """The store of training features that a phase asks for, and how many copies of an image it holds.

        None where images are augmented anew in each epoch.
        """
        data, augmentation, copies = self._data, phase.augmentation, phase.num_augmented_copies
        dtype = extractor.compact_dtype
        if augmentation is None:
            return RequestedStore(extractor, data, {"part": "train"}, self._plain(data.train), dtype), 1
        if copies is None:
            return None, 1
        view = {"part": "train", "augmentation": augmentation.as_dict(), "views": copies, "seed": seed}
        return RequestedStore(extractor, data, view, data.views(augmentation, copies, seed), dtype), copies

    def _val_store(self, extractor: FeatureExtractor) -> RequestedStore:
        return RequestedStore(extractor, self._data, {"part": "val"}, self._plain(self._data.val), extractor.dtype)

    def _mirror_store(self, extractor: FeatureExtractor, phase: Phase, images: LabeledImages) -> RequestedStore | None:
        """The store of mirrored images, with which ridge regression is tried, too."""
        if phase.solver != "ridge" or phase.augmentation is not None:
            return None
        part = "train" if images is self._data.train else "val"
        view = {"part": part, "mirrored": True}
        return RequestedStore(extractor, self._data, view, self._plain(images), extractor.compact_dtype)

    def _val(self, store: RequestedStore, features: Features | None) -> UsableFeatures:
        """Validation features, from the cache or computed whenever they are asked for."""
        if features is not None:
            return UsableFeatures(features.array.__getitem__, self.skipped.usable(self._data.val, features))
        predict = store.extractor.engine.predict

        def compute(numbers: Sequence[int]) -> list[np.ndarray]:
            return [predict(store.samples[number].pixels()[None])[0] for number in numbers]

        def lookup(numbers: np.ndarray) -> np.ndarray:
            rows = ordered_map(compute, numbers, cores())
            return np.stack(list(rows))

        return UsableFeatures(lookup, np.arange(len(store.samples)))
