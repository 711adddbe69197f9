"""Features of new images, as the frozen part of a run's network gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.keras_import import import_keras
from kerastl._base.scratch import temporary_folder
from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.data import Dataset
from kerastl.data._inspection import Inspection, inspect
from kerastl.data._layouts.class_names import refuse_names
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._split import group_numbers
from kerastl.data._training_record import content_number
from kerastl.errors import DataError, ModelError, UsageError
from kerastl.finetuning._earlier_run import scan_new
from kerastl.finetuning._frozen_cache import find_frozen
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._living.run import LivingRun
from kerastl.finetuning._settings import Settings
from kerastl.images import IMAGE_SUFFIXES
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._samples import mirrored

if TYPE_CHECKING:
    from kerastl.inference._engines import Engine

# From so many images on, compiling the network takes less time than it saves.
_MANY = 200
_TOGETHER = 16


@dataclass(frozen=True)
class NewImages:
    """Images to learn.

    Args:
        files: Readable ones, each content once.
        labels: Name of the class of each.
        contents: The beginning of the content hash of each.
        groups: int64 `(n,)`; images of a group are left out together.
        skipped: What was left out, and why, one line each.
    """

    files: Sequence[Path]
    labels: Sequence[str]
    contents: Sequence[int]
    groups: np.ndarray
    skipped: Sequence[str]

    def of(self, numbers: Sequence[int]) -> NewImages:
        """Some of them."""
        files, labels = [self.files[n] for n in numbers], [self.labels[n] for n in numbers]
        contents = [self.contents[n] for n in numbers]
        return NewImages(files, labels, contents, self.groups[list(numbers)], self.skipped)


def scan_folders(folders: Iterable[Any], label: str | None, class_folders: str | None) -> NewImages:
    """Find images and their classes.

    Args:
        folders: Each one that holds images, and is named after their class; or what `finetune` takes: class folders or
            a table.
        label: The class of all images that lie in the folders themselves, instead of the folder's name.
        class_folders: Which of nested folders the classes of the run are.

    Raises:
        DataError: There are no images, or they contradict each other.
    """
    pairs: list[tuple[str, str]] = []
    for folder in map(Path, folders):
        own = _images_in(folder)
        if own:
            pairs += [(str(file.absolute()), label or folder.absolute().name) for file in own]
        else:
            dataset = scan_new(folder, TableColumns(), class_folders)
            pairs += [(str(dataset.file(item).absolute()), item.label) for item in dataset.items]
    if not pairs:
        raise UsageError("DIR is missing: a folder of images, named after their class, or one with class folders")
    refuse_names("the new images", tuple(dict.fromkeys(name for _, name in pairs)))
    dataset = scan_new(pairs, TableColumns(), class_folders)
    with stage("reading images", len(dataset.items)) as told:
        return _readable(dataset, inspect(dataset, progress=lambda _what, done, _total: told.update(done)))


def _images_in(folder: Path) -> list[Path]:
    """The images that lie in a folder itself."""
    if not folder.is_dir():
        return []
    files = (file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
    return sorted(file for file in files if not file.name.startswith("."))


def _readable(dataset: Dataset, inspection: Inspection) -> NewImages:
    skipped = [f"{printable(path)}: {reason}" for path, reason in sorted(inspection.unreadable.items())]
    numbers = group_numbers(dataset, inspection, None)
    found: dict[int, tuple[Path, str, int]] = {}
    for item in dataset.items:
        content = content_number(inspection.content_hashes.get(item.path, ""))
        if not content or item.path in inspection.unreadable:
            continue
        if content in found and found[content][1] != item.label:
            raise DataError(f"{printable(item.path)} is the same image as one of class {found[content][1]!r}")
        found.setdefault(content, (dataset.file(item), item.label, numbers.get(item.path, -1 - len(found))))
    if not found:
        raise DataError(f"no image can be read{': ' + skipped[0] if skipped else ''}")
    files, labels, keys = zip(*found.values(), strict=True)
    groups = np.unique(np.array(keys, np.int64), return_inverse=True)[1].ravel().astype(np.int64)
    return NewImages(files, labels, list(found), groups, skipped)


def compute_features(run: LivingRun, new: NewImages, classes: Sequence[str], trust: bool) -> KeptFeatures:
    """Compute what a head reads of new images.

    Args:
        run: That learns them.
        new: The images.
        classes: Names of all classes from then on.
        trust: Whether the model may hold what runs code when it is loaded.

    Raises:
        ModelError: The network is not the one that made the features of the earlier images.
    """
    with temporary_folder() as scratch:
        engine = find_frozen(run.kept.network) or _engine(run, len(new.files), scratch, trust)
        read = run.metadata.reader.read
        with stage("features of new images", len(new.files)) as told:
            rows: list[np.ndarray] = []
            for pixels in _batches(list(ordered_map(lambda files: [read(f) for f in files], new.files, cores()))):
                views = [pixels] if run.kept.mirrored is None else [pixels, np.stack([mirrored(one) for one in pixels])]
                rows.append(np.stack([engine.predict(view) for view in views]))
                told.update(sum(each.shape[1] for each in rows))
    found = np.concatenate(rows, axis=1).astype(np.float32)
    if not np.isfinite(found).all():
        raise ModelError("the network gives NaN or infinity for these images")
    place = {name: number for number, name in enumerate(classes)}
    return replace(
        run.kept,
        rows=_compact(found[0], run.kept.rows.dtype),
        mirrored=None if run.kept.mirrored is None else _compact(found[1], run.kept.rows.dtype),
        labels=np.array([place[name] for name in new.labels], np.int64),
        groups=new.groups,
        hashes=np.array(new.contents, np.uint64),
        answers=np.full(len(new.files), -1),
        classes=tuple(classes),
    )


def _compact(rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """As the earlier rows are kept; in float32 where half precision cannot hold them."""
    with np.errstate(over="ignore"):
        found = rows.astype(dtype)
    return found if np.isfinite(found).all() else rows


def _batches(pixels: Sequence[np.ndarray]) -> Iterable[np.ndarray]:
    for start in range(0, len(pixels), _TOGETHER):
        yield np.stack(pixels[start : start + _TOGETHER])


def _engine(run: LivingRun, images: int, scratch: Path, trust: bool) -> Engine:
    """What computes the features; the frozen part is the one that made the earlier ones."""
    import_keras()
    from kerastl.finetuning._boundary_engine import boundary_engine
    from kerastl.finetuning._given_model import adopted
    from kerastl.finetuning._network import split_network
    from kerastl.inference._engines import KerasEngine
    from kerastl.training._feature_cache import weights_digest

    settings = Settings(model=str(run.folder))
    built = adopted(run.folder, settings, scratch, trust).build(settings)
    recipe = run.earlier.recipe("probe")
    network = built.with_head(len(run.kept.classes), recipe, run.seed)
    lower, _ = split_network(network, recipe.phases[0].trained_stages(tuple(network.stages)))
    if lower is None or weights_digest(lower) != run.kept.network:
        raise ModelError(f"{printable(str(run.folder))}: another network made its features than the one in its model")
    return KerasEngine(lower) if images < _MANY else boundary_engine(lower, scratch)


def last_width(run: LivingRun, trust: bool) -> int:
    """How many of the features are of the last layer, as the model's graph says it."""
    import_keras()
    from kerastl.models._deep_features import last_tap_width
    from kerastl.models._saved import loading

    with stage("loading the network into Keras"):
        return last_tap_width(loading.load(run.earlier.file, trust))
