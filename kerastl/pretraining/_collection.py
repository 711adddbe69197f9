"""The images of a folder, and which of them have a label that can be compared with what was learnt."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl.data._scan import scan
from kerastl.data._tree import counted, read_tree
from kerastl.errors import DataError, MissingDataError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from kerastl.data._dataset import Dataset, Item

_FEWEST = 8
_HELD_OUT = 0.1
_MOST_HELD_OUT = 1_000


@dataclass(frozen=True)
class Collection:
    """Images, most of them without a label.

    Args:
        root: The folder.
        paths: Images, relative to `root` with forward slashes, sorted.
        labels: Path to class name, of those images that have one.
        parts: Path to `train`, `val` or `test`, where the folder says so.
        found: One sentence on the labels.
        warnings: What the user should know, one line each.
    """

    root: Path
    paths: tuple[str, ...]
    labels: dict[str, str]
    parts: dict[str, str]
    found: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """What each image is for, as numbers of images in a collection, sorted.

    Args:
        trained: Images to train on.
        held_out: Images with a label that are not trained on.
        classes: Of each image of the collection, int64; -1 where there is none.
    """

    trained: np.ndarray
    held_out: np.ndarray
    classes: np.ndarray


def collect(root: Path, labels: str = "auto", output: Path | None = None) -> Collection:
    """Find all images below a folder, at any depth.

    Args:
        root: The folder.
        labels: `auto` takes class folders or a table of labels if there are any, as `kerastl.data.scan` does;
            `none` does not look; else the path of a table.
        output: A folder that may lie below `root` and whose images are none of the user's.

    Raises:
        DataError: No such folder, no images, or a folder that cannot be read.
        UsageError: A table was asked for that is not there.
    """
    if not root.is_dir():
        raise MissingDataError(f"{root}: {'is no folder' if root.exists() else 'no such folder'}")
    own = _below(root, output)
    tree = read_tree(root)
    paths = tuple(sorted(path for path in tree.images if not (own and path.startswith(own))))
    if not paths:
        raise DataError(f"{root}: no images in it{tree.instead()}")
    warnings = tree.own_warnings()
    if tree.like_images:
        warnings.append(counted(tree.like_images.values()))
    labeled = _labeled(root, labels)
    if labeled is None:
        return Collection(root, paths, {}, {}, "no labels", tuple(warnings))
    known = _matched(root, paths, labeled)
    classes = {path: item.label for path, item in known.items()}
    parts: dict[str, str] = {path: item.split for path, item in known.items() if item.split}
    return Collection(root, paths, classes, parts, labeled.layout, tuple(warnings))


def _below(root: Path, folder: Path | None) -> str:
    """The beginning of the paths in a folder, if it lies below `root`."""
    if folder is None or not folder.resolve().is_relative_to(root.resolve()):
        return ""
    return f"{folder.resolve().relative_to(root.resolve()).as_posix()}/"


def _matched(root: Path, paths: Sequence[str], labeled: Dataset) -> dict[str, Item]:
    """The labeled item of each image that is one."""
    if labeled.root == root:
        here = {item.path: item for item in labeled.items}
        return {path: here[path] for path in paths if path in here}
    elsewhere = {labeled.file(item).resolve(): item for item in labeled.items}
    files = {path: (root / path).resolve() for path in paths}
    return {path: elsewhere[file] for path, file in files.items() if file in elsewhere}


def _labeled(root: Path, labels: str) -> Dataset | None:
    if labels == "none":
        return None
    if labels != "auto":
        if not Path(labels).is_file():
            raise UsageError(f"{labels}: no such table; labels must be auto, none or a .csv or .tsv file")
        try:
            return scan(labels)
        except DataError:
            return scan(labels, images=root)  # a table elsewhere may name images by their place in the folder
    try:
        return scan(root)
    except DataError:  # images need no order to be learnt from
        return None


def assign_roles(collection: Collection, broken: Names[str], seed: int) -> Roles:
    """Decide what to train on and what to hold out.

    Where the folder has parts, `val` is held out and `test` left alone. Else a tenth of the labeled images is,
    a thousand at most. Without labels everything is trained on.

    Args:
        collection: The images.
        broken: Paths of those that cannot be read.
        seed: Of the choice.

    Raises:
        DataError: Too few images are left.
    """
    import numpy as np

    index = {name: number for number, name in enumerate(sorted(set(collection.labels.values())))}
    classes = np.array([index.get(collection.labels.get(path, ""), -1) for path in collection.paths], np.int64)
    readable = np.array([path not in broken for path in collection.paths])
    parts = np.array([collection.parts.get(path, "") for path in collection.paths])
    if "val" in parts:
        held_out = np.flatnonzero((parts == "val") & readable & (classes >= 0))
        trained = np.flatnonzero(readable & (parts != "val") & (parts != "test"))
    else:
        held_out = np.flatnonzero(readable & (classes >= 0))
        trained = np.flatnonzero(readable)
    random = np.random.default_rng((seed, 4))
    most = _MOST_HELD_OUT if "val" in parts else min(_MOST_HELD_OUT, round(_HELD_OUT * len(held_out)))
    held_out = np.sort(random.permutation(held_out)[:most])
    trained = np.setdiff1d(trained, held_out)
    if len(trained) < _FEWEST:
        raise DataError(
            f"{collection.root}: {len(trained)} readable images to train on; pre-training needs {_FEWEST} or more, "
            "and thousands to be worth it"
        )
    return Roles(trained, held_out, classes)
