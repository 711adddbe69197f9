"""From what a table calls an image to its file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path, PurePath, PurePosixPath

from kerastl._base.text import printable
from kerastl.data._dataset import Split
from kerastl.data._layouts.split_names import parse
from kerastl.data._tree import read_tree
from kerastl.errors import DataError
from kerastl.images._formats import HEIF_SUFFIXES, IMAGE_SUFFIXES


class AmbiguousError(DataError):
    """Several files have the name."""


class ImageIndex:
    """The images below a folder by name, read when first asked for.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.absolute = os.path.abspath(root)  # noqa: PTH100 - without following links

    def named(self, name: str) -> Sequence[str]:
        """The paths of images with this name, or with this name but for the suffix; in any case if in no other.

        Where there are none, those with another suffix (`1.jpg` for `1.jpeg`); or those of the same number (`0001.jpg`
        for `1`, since spreadsheets drop zeros).
        """
        stem = name.rpartition(".")[0] if is_image_name(name) else name
        lookups = [(self._by_name, name)] if stem != name else []
        for (known, folded), key in (*lookups, (self._by_stem, stem)):
            if found := known.get(key) or folded().get(key.casefold()):
                return found
        return self._by_number.get(_number(stem), ()) if stem.isdecimal() else ()

    def alike(self, missing: str) -> str | None:
        """An image that has the name of a missing one, in another folder or with another suffix."""
        known, folded = self._by_stem
        stem = PurePosixPath(missing).stem
        return next(iter(known.get(stem) or folded().get(stem.casefold()) or ()), None)

    def others(self, used: set[str]) -> list[str]:
        """The images below the root that are not among those used."""
        return [path for path in self._files if path not in used]

    @cached_property
    def _files(self) -> list[str]:
        try:
            return read_tree(self.root).images
        except DataError:  # a folder that cannot be listed; what is missing is reported
            return []

    @cached_property
    def _by_name(self) -> _Lookup:
        return _lookup(self._files, [path.rpartition("/")[2] for path in self._files])

    @cached_property
    def _by_stem(self) -> _Lookup:
        return _lookup(self._files, [path.rpartition("/")[2].rpartition(".")[0] for path in self._files])

    @cached_property
    def _by_number(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._files:
            stem = path.rpartition("/")[2].rpartition(".")[0]
            if stem.isdecimal():
                found.setdefault(_number(stem), []).append(path)
        return found


_Lookup = tuple[dict[str, list[str]], Callable[[], dict[str, list[str]]]]


def _lookup(paths: Sequence[str], keys: Sequence[str]) -> _Lookup:
    """Paths by name; and by the name in lower case, made when needed."""
    found: dict[str, list[str]] = {}
    for path, key in zip(paths, keys, strict=True):
        found.setdefault(key, []).append(path)

    @cache
    def folded() -> dict[str, list[str]]:
        alike: dict[str, list[str]] = {}
        for key, some in found.items():
            alike.setdefault(key.casefold(), []).extend(some)
        return alike

    return found, folded


class ImageFinder:
    """Finds images by path, or else by name, with or without the suffix, in any folder below one.

    Args:
        index: The folder.
        split: Where a name is in several folders, one that is called like this split is meant.
    """

    def __init__(self, index: ImageIndex, split: Split | None = None) -> None:
        self.index = index
        self.root = index.root
        self._split = split
        self._prefix = os.path.join(index.root, "")  # noqa: PTH118 - strings: a third of the time for 100,000 rows

    def find(self, cell: str) -> str | None:
        """The path of an image relative to the root with forward slashes, absolute if outside; None if there is none.

        Raises:
            AmbiguousError: Several files have the name.
        """
        if not cell.strip() or "\0" in cell:
            return None
        written = self.written(cell)
        if os.path.isfile(self._prefix + written if not os.path.isabs(written) else written):  # noqa: PTH113, PTH117
            return written
        return self._search(written)

    def written(self, cell: str) -> str:
        """The path as a data set holds it, whether there is such a file or not."""
        if cell != cell.strip() and not self._exists(cell):
            cell = cell.strip()
        if os.sep == "/" and "\\" in cell and not self._exists(cell):
            cell = cell.replace("\\", "/")  # a table that was written on Windows
        if os.sep == "/" and not cell.startswith(("/", "./")) and "//" not in cell and "/./" not in cell:
            return cell
        pure = PurePath(cell)
        if pure.is_absolute() and pure.is_relative_to(self.index.absolute):
            pure = pure.relative_to(self.index.absolute)
        return pure.as_posix()

    def _exists(self, cell: str) -> bool:
        return os.path.exists(os.path.join(self.root, cell))  # noqa: PTH110, PTH118

    def _search(self, cell: str) -> str | None:
        folders, _, name = cell.rpartition("/")
        paths = self.index.named(name)
        if not paths:
            return None
        wanted = [part for part in folders.split("/") if part not in ("", ".", "..")]
        if wanted:
            paths = self._best(paths, wanted)
        if len(paths) > 1:
            paths = self._of_split(paths) or paths
        if len(paths) > 1:
            raise AmbiguousError(
                f"'{printable(cell)}' may be {printable(paths[0])} or {printable(paths[1])}; write the folder before "
                "the name, or say with --images DIR where the images lie"
            )
        return paths[0] if paths else None

    def _best(self, paths: Sequence[str], wanted: Sequence[str]) -> Sequence[str]:
        """Those in the folder that the table names, as far as its path is known here."""
        above = PurePath(self.index.absolute).parts
        scores = [_common_tail([*above, *path.split("/")[:-1]], wanted) for path in paths]
        return [path for path, score in zip(paths, scores, strict=True) if score and score == max(scores)]

    def _of_split(self, paths: Sequence[str]) -> list[str]:
        if self._split is None:
            return []
        return [path for path in paths if any(_stands_for(part, self._split) for part in path.split("/")[:-1])]


def is_called(path: str, cell: str) -> bool:
    """Whether an image is called as a table says, in any case, with or without the suffix."""
    name, wanted = (re.split(r"[/\\]", text.strip())[-1].casefold() for text in (path, cell))
    return name == wanted or name.rpartition(".")[0] == wanted


def _number(digits: str) -> str:
    return digits.lstrip("0") or "0"


def is_image_name(path: str) -> bool:
    """Whether a file is called like an image."""
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES | HEIF_SUFFIXES  # noqa: PTH122 - strings, as above


def _common_tail(ours: Sequence[str], theirs: Sequence[str]) -> int:
    count = 0
    for one, other in zip(reversed(ours), reversed(theirs), strict=False):
        if one.casefold() != other.casefold():
            break
        count += 1
    return count


def _stands_for(folder: str, split: Split) -> bool:
    found = parse(folder)
    return found is not None and found.split == split
