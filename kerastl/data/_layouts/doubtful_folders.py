"""Folders that may be no classes, those of masks among them: what is refused, and what is said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from kerastl._base.text import printable
from kerastl.data._layouts import split_names
from kerastl.data._layouts.image_folders import ImageFolder
from kerastl.errors import DataError

_IMAGES = frozenset((
    "image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "jpegimages", "rgb", "input",
    "inputs",
))  # fmt: skip
_MASKS = frozenset((
    "mask", "masks", "label", "labels", "annotation", "annotations", "annot", "annots", "groundtruth", "ground_truth",
    "gt", "seg", "segmentation", "segmentations", "segmentationclass", "segmentationobject", "target", "targets",
    "bbox", "bboxes", "trimap", "trimaps", "overlay", "overlays", "mask_images", "label_images", "labelimages",
))  # fmt: skip
_MASK_FILE = re.compile(
    r"(?P<of>.*[^/])[\s_\-.](?:mask|seg|segmentation|gt|groundtruth|annotation)[\s_\-]?\d*", re.IGNORECASE
)


def masks_among(names: Iterable[str]) -> set[str]:
    """The names of masks, if a folder of images lies beside them."""
    names = list(names)
    if not any(_ends_with(name, _IMAGES) or split_names.split_of(name) for name in names):
        return set()
    return {name for name in names if _ends_with(name, _MASKS)}


def refuse_masks(root: str, names: Iterable[str]) -> None:
    """Refuse images beside masks or labels.

    Raises:
        DataError: If that is what the folders are called.
    """
    masks = sorted(masks_among(names))
    if masks:
        raise DataError(
            f"{root}: {printable(masks[0])}/ beside a folder of images is data for segmentation or detection; kerastl "
            "learns one class an image: give each class a folder of its own, point kerastl at the folder that holds "
            "these, or name a table with the columns path and label (--images DIR says where the images lie)"
        )


def masks_left_out(paths: Iterable[str]) -> str:
    """What to say of folders of masks inside class folders."""
    return f"{few(paths)}: masks, not images to learn from; left out"


def mask_files(images: Iterable[str]) -> set[str]:
    """The images that are called like masks of others beside them: `1_mask.png` beside `1.png`."""
    images = list(images)
    stems = {path.rpartition(".")[0] for path in images}
    found = {path: _MASK_FILE.fullmatch(path.rpartition(".")[0]) for path in images}
    return {path for path, match in found.items() if match and match["of"] in stems}


def _ends_with(name: str, words: frozenset[str]) -> bool:
    parts = [part for part in re.split(r"[\s_\-.\d]+", name.lower()) if part]
    return bool(parts) and (parts[-1] in words or "_".join(parts[-2:]) in words)


_PARTS = frozenset((
    "part", "batch", "fold", "chunk", "shard", "volume", "vol", "split", "subset", "site", "session", "images", "imgs",
    "image", "folder", "dir", "page", "group", "camera", "cam", "day", "run", "zip", "data", "dataset",
))  # fmt: skip

# Called like splits, but classes more often than splits without a train beside them.
_ADJECTIVES = frozenset(("valid", "dev", "devel", "development", "evaluation", "holdout"))


def doubts(root: str, base: ImageFolder, told: bool = False) -> tuple[str, ...]:
    """Look at folders that are taken for classes.

    Args:
        root: The data set's folder, for messages.
        base: The folder that the classes lie in.
        told: Whether it was said which of nested folders are the classes.

    Returns:
        Warnings, one line each.

    Raises:
        DataError: They hold the same folders, or splits.
    """
    _refuse_splits_inside(root, base)
    groups = () if told else (*_groups(root, base), *_counted_parts(base.folders))
    return (*groups, *_splits_as_classes(base))


def _splits_as_classes(base: ImageFolder) -> Iterator[str]:
    for name, folder in base.folders.items() if len(base.folders) > 1 else ():
        split = split_names.split_of(name)
        if split == "train" and len(folder.folders) > 1:
            yield (
                f"{printable(folder.path)} is taken for a class, not for a split, since no other split lies beside it; "
                f"it holds folders ({few(folder.folders)})"
            )
        elif split in ("val", "test") and name.lower() not in _ADJECTIVES:
            yield f"{printable(folder.path)} is taken for a class, though called like a split: no train lies beside it"


def _refuse_splits_inside(root: str, base: ImageFolder) -> None:
    """Refuse folders that each hold nothing but splits: those of several archives, or of several data sets.

    Splits with images in them directly, `cats/train` and `cats/test`, are a layout of their own.
    """
    splits: dict[str, ImageFolder] = {}
    for name, folder in base.folders.items():
        masks = masks_among(folder.folders)
        inner = {below: found for below, found in folder.unwrapped(name).folders.items() if below not in masks}
        if not inner or any(split_names.split_of(below) is None for below in inner):
            return
        splits.update(inner)
    if len(base.folders) > 1 and len(splits) > 1 and any(folder.folders for folder in splits.values()):
        raise DataError(
            f"{root}: {few(base.folders)} are no classes, since they hold splits ({few(splits)}) with folders in them; "
            "point kerastl at one of them, or put the splits beside each other"
        )


def _counted_parts(names: Collection[str]) -> Iterator[str]:
    """Doubt folders that look like the parts of an archive: `images_part_1`, `images_part_2`."""
    stems = {re.sub(r"[\s_\-]*\d+$", "", name).lower() for name in names}
    if len(names) > 1 and len(stems) == 1 and re.split(r"[\s_\-.]+", stems.pop())[-1] in _PARTS:
        yield f"{few(names)} are taken for classes, though they are called like parts of one archive"


def _groups(root: str, base: ImageFolder) -> list[str]:
    """Refuse folders that hold the same folders: splits or groups, as in `site1/cat`, `site1/dog`, `site2/cat`, ...

    Returns:
        A warning where they might also be classes whose folders are counted: `alice/session1`, `bob/session1`.
    """
    folders = {name: folder.unwrapped(name) for name, folder in base.folders.items()}
    inner = {name: {below.lower() for below in folder.folders} for name, folder in folders.items()}
    if len(inner) < 2 or any(folder.direct for folder in folders.values()):
        return []
    for name, names in inner.items():
        shared = names & set().union(*(inner[other] for other in inner if other != name))
        if len(shared) < 2 or 2 * len(shared) < len(names):
            return []
    everything = set().union(*inner.values())
    if masks_among(everything):
        return []
    first, second = sorted(inner)[:2]
    same = f"{printable(first)} and {printable(second)} hold folders of the same names ({few(everything)})"
    if _counted(everything) and not _numbered_groups(inner):
        return [f"{same}; if those are the classes, name the labels in a table"]
    raise DataError(
        f"{root}: {same}: they look like splits or groups, not classes. Call them train, val and test, or point "
        "kerastl at one of them; --classes leaf takes the folders in them for the classes, --classes top themselves"
    )


def _counted(names: Iterable[str]) -> bool:
    """Whether all names only count something: `001`, `session2`, `2020-01-31`."""
    return all(re.fullmatch(r"[^\W\d]*[\s_\-]*[\d][\d\s_\-.]*", name) for name in names)


def _numbered_groups(names: Iterable[str]) -> bool:
    """Whether names are one word with numbers, `fold1` and `fold2`, and that word is not "class"."""
    stems = {re.sub(r"[\s_\-]*\d+$", "", name).lower() for name in names}
    return len(stems) == 1 and not stems & {"", "class", "cls", "c", "label", "category", "type", "cat"}


def few(names: Iterable[str], most: int = 3) -> str:
    """Some names, for people."""
    shown = sorted(names)
    return ", ".join(printable(name) for name in shown[:most]) + (", ..." if len(shown) > most else "")
