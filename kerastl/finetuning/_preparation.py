"""What a phase needs before its first step: the halves of the network, and batches for the upper one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastl._base.text import listed, printable
from kerastl.data._augmentation import Augmentation
from kerastl.data._mixup import mix
from kerastl.data._prefetch import PrefetchedImages
from kerastl.errors import DataError, RecipeError
from kerastl.finetuning._batches import Batch, CachedFeed, Feed, StreamedFeed
from kerastl.finetuning._boundary_engine import boundary_engine
from kerastl.finetuning._network import Network, split
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._training_data import Part, TrainingData
from kerastl.inference._engines import Engine, cores
from kerastl.inference._ordered_map import ordered_map
from kerastl.models._input_reader import InputReader
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache, Features, HalfOverflow, store_key, weights_digest
from kerastl.training._interrupt import Stop
from kerastl.training._samples import ImageSample, PixelEngine, PrefetchedSample, Sample

# Rows with more numbers than this are kept in half precision; pooled features are small and stay whole.
_SMALL_ROW = 4096


class Rows:
    """Rows at the boundary, looked up or computed when they are asked for.

    Args:
        lookup: Row numbers to an array `(n, ...)`.
        usable: Numbers of the rows that can be had.
    """

    def __init__(self, lookup: Callable[[np.ndarray], np.ndarray], usable: np.ndarray) -> None:
        self._lookup = lookup
        self.usable = usable

    def __len__(self) -> int:
        return len(self.usable)

    def __getitem__(self, part: slice) -> np.ndarray:
        return self._lookup(self.usable[part])


@dataclass(frozen=True)
class Prepared:
    """A phase that can begin.

    Args:
        upper: The half that trains, from the boundary to probabilities.
        feed: Training batches.
        train: Training rows without augmentation, where they are cached, for a direct solution.
        val: Validation rows.
    """

    upper: keras.Model
    feed: Feed
    train: Rows | None
    val: Rows


class Preparation:
    """Prepares one phase after the other; what they share is kept: the engine, the cache, what was skipped.

    Args:
        network: What is trained.
        data: The images.
        cache: Of features.
        seed: Of orders and augmentations.
        keep_features: Keep the stores of earlier phases.
        callback: Hears what is done.
        stop: Looked at while features are computed.
        ahead: Images that have been decoded already, for the first phase; closed with it.
    """

    def __init__(
        self,
        network: Network,
        data: TrainingData,
        cache: FeatureCache,
        seed: int,
        *,
        keep_features: bool = False,
        callback: RunCallback | None = None,
        stop: Stop | None = None,
        ahead: PrefetchedImages | None = None,
    ) -> None:
        self._network = network
        self._data = data
        self._cache = cache
        self.seed = seed
        self.weights = data.weights()
        self._keep = keep_features
        self._callback = callback or RunCallback()
        self._stop = stop
        self._ahead = ahead
        self._engine: tuple[str, Engine] | None = None
        self.skipped: dict[Path, str] = {}
        self._left = np.bincount(data.train.labels, minlength=len(data.classes))  # training images of each class

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the model's outputs."""
        return self._data.classes

    @property
    def scratch(self) -> Path:
        """Where large things may lie for a moment; there once a phase has cached features."""
        return self._cache.folder

    def prepare(self, phase: Phase, number: int) -> Prepared:
        """Split the network and get its lower half's activations.

        Args:
            phase: Which one; the network must be frozen for it.
            number: Of the phase in the recipe, from 0.

        Raises:
            DataError: No training or no validation image can be read.
            Stopped: A stop was asked for.
        """
        lower, upper = split(self._network, phase.trained_stages(tuple(self._network.stages)))
        half = _LowerHalf(lower, self._network.model.input_shape[1:])
        engine = self._open(half)
        if self._ahead is not None:
            self._ahead.stop()  # from here on all processors are busy with the same images
        seed = (self.seed, number)
        val_store = _Wanted(half, self._plain(self._data.val), {"part": "val"}, half.exact, self._data.reader)
        train_store, views = self._wanted(phase, half, seed)
        if not self._keep:
            self._cache.keep_only([store.key for store in (val_store, train_store) if store])
        val = self._rows(val_store, self._compute(val_store, engine), engine)
        train = self._compute(train_store, engine) if train_store else None
        if self._ahead is not None:
            self._ahead.close()
        if train is None:
            feed: Feed = self._streamed(phase, half, engine, seed)
            rows = None
        else:
            usable = self._usable(self._data.train, train, views)
            targets, weights = self._data.targets(), self.weights
            feed = CachedFeed(train.array, views, targets, weights, usable, phase.batch_size, seed)
            rows = Rows(train.array.__getitem__, usable) if views == 1 else None
        return Prepared(upper, feed, rows, val)

    def _plain(self, part: Part) -> Sequence[Sample]:
        images = self._data.plain(part)
        if self._ahead is None:
            return images
        return [PrefetchedSample(image, self._ahead.get) for image in images]

    def _open(self, half: _LowerHalf) -> Engine:
        if half.lower is None:
            return PixelEngine()
        if self._engine is None or self._engine[0] != half.digest:
            self._engine = (half.digest, boundary_engine(half.lower, self._cache.folder, self._callback))
        return self._engine[1]

    def _wanted(self, phase: Phase, half: _LowerHalf, seed: tuple[int, ...]) -> tuple[_Wanted | None, int]:
        """Which training store a phase asks for, and how many views it holds; None for fresh augmentation."""
        data, augmentation = self._data, phase.augmentation
        if augmentation is None:
            return _Wanted(half, self._plain(data.train), {"part": "train"}, half.dtype, data.reader), 1
        copies = phase.num_augmented_copies
        if copies is None:
            return None, 1
        view = {"part": "train", "augmentation": augmentation.as_dict(), "views": copies, "seed": seed}
        samples = data.views(augmentation, copies, seed)
        return _Wanted(half, samples, view, half.dtype, data.reader), copies

    def _compute(self, store: _Wanted, engine: Engine) -> Features | None:
        """Fill a store, or say why it is done without."""
        size = store.size
        if not self._cache.fits(store.key, size):
            self._callback.say(
                f"features would take {_megabytes(size)}, more than the cache may ({_megabytes(self._cache.limit)}) "
                "or the disk can hold: they are computed anew in each epoch (--cache-limit)"
            )
            return None
        self._callback.say(f"features: {store.description}, {_megabytes(size)}")
        compute = partial(self._cache.compute, shape=store.shape, callback=self._callback, stop=self._stop)
        try:
            return compute(store.key, engine, store.samples, store.dtype)
        except HalfOverflow:
            return compute(f"{store.key}-float32", engine, store.samples, "float32")
        except OSError as error:
            self._callback.warn(f"features cannot be kept ({error.strerror}): they are computed anew in each epoch")
            return None

    def _rows(self, store: _Wanted, features: Features | None, engine: Engine) -> Rows:
        """Validation rows, from the cache or on the way."""
        if features is not None:
            return Rows(features.array.__getitem__, self._usable(self._data.val, features, 1))

        def compute(numbers: Sequence[int]) -> list[np.ndarray]:
            return [engine.predict(store.samples[n].pixels()[None])[0] for n in numbers]

        def lookup(numbers: np.ndarray) -> np.ndarray:
            rows = ordered_map(compute, numbers, cores())
            return np.stack(list(rows))

        return Rows(lookup, np.arange(len(store.samples)))

    def _usable(self, part: Part, features: Features, views: int) -> np.ndarray:
        """Numbers of the images of which every view could be read; the others are reported."""
        broken = {row // views: reason for row, reason in features.problems.items()}
        for image, reason in broken.items():
            self._skip(part, image, reason)
        usable = np.setdiff1d(np.arange(len(part.files)), list(broken))
        if not len(usable):
            raise DataError(f"none of {len(part.files)} images can be read, the first: {next(iter(broken.values()))}")
        if part is self._data.train:
            self._check_classes(part.labels[list(broken)])
        return usable

    def _streamed(self, phase: Phase, half: _LowerHalf, engine: Engine, seed: tuple[int, ...]) -> StreamedFeed:
        data, augmentation = self._data, phase.augmentation

        def samples(epoch: int) -> list[ImageSample]:
            return data.augmented(augmentation, (*seed, epoch)) if augmentation else data.plain(data.train)

        mixed = None
        if augmentation is not None and augmentation.mixes:
            if half.lower is not None:
                raise RecipeError(
                    "mixup and cutmix mix pixels: a phase with them must train all, with num_augmented_copies null"
                )
            mixed = partial(_mixed, augmentation)
        return StreamedFeed(
            samples,
            None if half.lower is None else engine,
            data.targets(),
            self.weights,
            np.arange(len(data.train.files)),
            phase.batch_size,
            seed,
            mixed,
            workers=cores(),
            on_skip=self._skip_streamed,
        )

    def _skip_streamed(self, image: int, reason: str) -> None:
        self._skip(self._data.train, image, reason)
        self._check_classes(self._data.train.labels[[image]])

    def _skip(self, part: Part, image: int, reason: str) -> None:
        file = part.files[image]
        if file not in self.skipped:
            self.skipped[file] = reason
            self._callback.warn(f"{printable(str(file))}: {reason}; skipped")
            if part is self._data.train:
                self._left[part.labels[image]] -= 1

    def _check_classes(self, changed: np.ndarray) -> None:
        """Refuse to go on where one of these classes has lost its last image."""
        lost = [self._data.classes[label] for label in np.unique(changed) if self._left[label] == 0]
        if lost:
            file, reason = next(reversed(self.skipped.items()))
            last = f"{printable(str(file))}: {reason}"
            raise DataError(
                f"no training image of {listed(lost)} can be read any more (the last: {last}); "
                "put the files back and start again"
            )


def _mixed(augmentation: Augmentation, batch: Batch, random: np.random.Generator) -> Batch:
    inputs, targets = mix(batch.inputs, batch.targets, augmentation, random)
    return Batch(inputs, targets, batch.weights)


class _LowerHalf:
    """The frozen half, and what is asked of it again and again."""

    def __init__(self, lower: keras.Model | None, pixels: tuple[int, ...]) -> None:
        self.lower = lower
        self.digest = "pixels" if lower is None else weights_digest(lower)
        self.shape = tuple(pixels) if lower is None else tuple(lower.output_shape[1:])
        self.exact = "uint8" if lower is None else "float32"
        self.dtype = "float16" if lower is not None and math.prod(self.shape) > _SMALL_ROW else self.exact


class _Wanted:
    """A store that a phase asks for."""

    def __init__(
        self, half: _LowerHalf, samples: Sequence[Sample], view: dict[str, Any], dtype: str, reader: InputReader
    ) -> None:
        self.samples = samples
        self.dtype = dtype
        self.shape = half.shape
        self.key = store_key(half.digest, reader.as_dict(), view, dtype)
        self.size = len(samples) * math.prod(half.shape) * np.dtype(dtype).itemsize
        shape = " x ".join(str(side) for side in half.shape)
        self.description = f"{len(samples):,} rows ({view['part']}) of {shape} {dtype}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
