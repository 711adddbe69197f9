"""The labeled images that a network is trained and validated on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from kerastl.calibration._thresholds import DEFAULT_AIM
from kerastl.data import Item
from kerastl.data._augment import augment
from kerastl.data._augmentation import Augmentation
from kerastl.data._prefetch import PrefetchedImages
from kerastl.data._training_record import content_number
from kerastl.errors import UsageError
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import SplitData
from kerastl.images import Resize, open_image
from kerastl.inference._engines import cores
from kerastl.models._input_reader import InputReader
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, TASKS, TargetKind, Task
from kerastl.training._process_group import current
from kerastl.training._samples import ImageSample

# So many images are worth a process that decodes them ahead, which takes 0.3 s to start.
_MANY = 500


@dataclass(frozen=True)
class LabeledImages:
    """The images of one part of the data.

    Args:
        files: One an image.
        labels: As `Dataset.labels` gives them: of a class each, int64 `(n,)`.
        contents: uint64 `(n,)`, the beginning of each image's content hash, 0 where it has none; None where that is not
            known.
    """

    files: Sequence[Path]
    labels: np.ndarray
    contents: np.ndarray | None = None


@dataclass(frozen=True)
class TrainingData:
    """Everything that training needs to know about the images.

    Args:
        classes: Names, in the order of the model's outputs.
        train: Images to train on.
        val: Images to validate on; none where every image trains.
        reader: How files become pixels.
        balanced: Weigh the classes so that each counts the same in the loss.
        group_numbers: int64 `(n,)`, of each training image; None where each is a group of its own.
        task: What the labels are.
        threshold_aim: Of several labels, what thresholds are chosen for.
    """

    classes: tuple[str, ...]
    train: LabeledImages
    val: LabeledImages
    reader: InputReader
    balanced: bool = False
    group_numbers: np.ndarray | None = None
    task: Task = TASKS[CLASSIFICATION]
    threshold_aim: str = DEFAULT_AIM

    @property
    def validates(self) -> bool:
        """Whether there are images to validate on."""
        return len(self.val.files) > 0

    def fingerprint(self) -> str:
        """Tells other images from these: by content, where that is known, and by label and order."""
        digest = hashlib.sha256(repr(self.classes).encode())
        for part in (self.train, self.val):
            for numbers in (part.labels, part.contents if part.contents is not None else np.zeros(0)):
                digest.update(np.ascontiguousarray(numbers).tobytes() + b"|")
        return digest.hexdigest()

    def groups(self) -> np.ndarray:
        """Group of each training image, int64 `(n,)`: images of one group are left out of a solution together."""
        return np.arange(len(self.train.files)) if self.group_numbers is None else self.group_numbers

    def targets(self) -> np.ndarray:
        """What the network is to give for the training images: float32 `(n, classes)`, one-hot of a class each."""
        return self.task.output_targets(self.train.labels, len(self.classes))

    def class_counts(self, numbers: Sequence[int] | None = None) -> np.ndarray:
        """Training images of each class, int64 `(classes,)`: all, or those of some numbers."""
        labels = self.train.labels if numbers is None else self.train.labels[list(numbers)]
        return _COUNTS[self.task.kind](labels, len(self.classes))

    def weights(self) -> np.ndarray:
        """Weight of each training image: float32 `(n,)`, with a mean of 1."""
        labels = self.train.labels
        if not self.balanced:
            return np.ones(len(labels), np.float32)
        counts = np.bincount(labels, minlength=len(self.classes))
        weight = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return weight[labels].astype(np.float32)

    def plain(self, images: LabeledImages) -> list[ImageSample]:
        """The images as they are, one row each."""
        return [ImageSample(file, self.reader.read) for file in images.files]

    def augmented(self, augmentation: Augmentation, seed: Sequence[int]) -> list[ImageSample]:
        """One augmented version of each training image; `seed` and its number decide which."""
        return [
            ImageSample(file, partial(_augmented, reader=self.reader, augmentation=augmentation, seed=(*seed, n)))
            for n, file in enumerate(self.train.files)
        ]

    def views(self, augmentation: Augmentation, count: int, seed: Sequence[int]) -> list[ImageSample]:
        """Each training image `count` times in a row: once as it is, then augmented."""
        versions = [self.plain(self.train)]
        versions += [self.augmented(augmentation, (*seed, view)) for view in range(1, count)]
        return [image for same in zip(*versions, strict=True) for image in same]


_COUNTS: Mapping[TargetKind, Callable[[np.ndarray, int], np.ndarray]] = {
    "index": lambda labels, classes: np.bincount(labels, minlength=classes),
    "indicators": lambda labels, _: labels.sum(axis=0, dtype=np.int64),
    "number": lambda labels, _: np.array([len(labels)]),
}


def _augmented(file: Path, reader: InputReader, augmentation: Augmentation, seed: Sequence[int]) -> np.ndarray:
    if not augmentation.varies_images:
        return reader.read(file)
    if not isinstance(reader, Resize):
        raise UsageError(f"augmentations change images, and this network takes {reader.describe()}")
    return augment(open_image(file, target=reader), reader, augmentation, np.random.default_rng(seed))


def training_data(parts: SplitData, resize: Resize, settings: Settings) -> TrainingData:
    """Take the training and validation images of a split data set.

    Args:
        parts: The images, and their white level.
        resize: How images become the input of the network that is trained; its white level goes before theirs.
        settings: For another policy of resizing, class weights, and what thresholds are chosen for.

    Raises:
        UsageError: Thresholds are asked for where images have no several labels.
    """
    dataset = parts.dataset
    if settings.threshold_aim is not None and dataset.task != MULTILABEL:
        raise UsageError(f"threshold_aim is for task {MULTILABEL}. Received: task={dataset.task!r}")
    white = resize.white_level or parts.white_level
    resize = replace(resize, policy=settings.resize or resize.policy, white_level=white)
    train, val = (
        LabeledImages([dataset.file(item) for item in items], dataset.labels(items), _contents(parts, items))
        for items in (dataset.subset("train"), dataset.subset("val"))
    )
    balanced = settings.class_weights == "balanced"
    task = TASKS[dataset.task]
    aim = settings.threshold_aim or DEFAULT_AIM
    return TrainingData(dataset.classes, train, val, resize, balanced, _group_numbers(parts), task, aim)


def _contents(parts: SplitData, items: Sequence[Item]) -> np.ndarray:
    return np.array([content_number(parts.contents.get(item.path, "")) for item in items], np.uint64)


def _group_numbers(parts: SplitData) -> np.ndarray:
    """Number the groups of the training images; one that belongs to none is a group of its own."""
    keys = [parts.groups.get(item.path, -number) for number, item in enumerate(parts.dataset.subset("train"), 1)]
    return np.unique(np.array(keys, np.int64), return_inverse=True)[1].astype(np.int64)


def prefetch_images(data: TrainingData, folder: Path) -> PrefetchedImages | None:
    """Begin to decode the images as they are, in the order in which a run asks for them first.

    Args:
        data: The images.
        folder: On the disk that they may take room on.

    Returns:
        What has to be closed; None where there are too few images or processors for it to be of use, and where several
        processes take parts of them.
    """
    files = [*data.val.files, *data.train.files]
    if len(files) < _MANY or cores() < 2 or current().is_several:
        return None
    try:
        return PrefetchedImages(files, data.reader, folder)
    except OSError:
        return None
