"""Folders of segmentation and detection data, whose masks are no images of a class."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kerastl._base.text import printable
from kerastl.data._layouts import split_names
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


def mask_files(images: Iterable[str]) -> set[str]:
    """The images that are called like masks of others beside them: `1_mask.png` beside `1.png`."""
    images = list(images)
    stems = {path.rpartition(".")[0] for path in images}
    found = {path: _MASK_FILE.fullmatch(path.rpartition(".")[0]) for path in images}
    return {path for path, match in found.items() if match and match["of"] in stems}


def _ends_with(name: str, words: frozenset[str]) -> bool:
    parts = [part for part in re.split(r"[\s_\-.\d]+", name.lower()) if part]
    return bool(parts) and (parts[-1] in words or "_".join(parts[-2:]) in words)
