"""Go through folders: what is hidden, what kerastl wrote itself, links and loops, and in which order.

Everything that looks for images below a folder does so here.
"""
# ruff: noqa: PTH116, PTH118, PTH123 - strings: half the time for 100,000 files

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

RUN_MARKER = ".kerastl-run"
"""A file in each folder of a run."""

# What systems, file servers, archivers and notebooks put beside the user's own files; in lower case.
_FOREIGN = frozenset(
    (
        "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "#recycle",
        "@recycle", "@__thumb", "$recycle.bin", "system volume information", "lost+found", "__pycache__",
    )
)  # fmt: skip
# What a folder is that holds files of all the first names, and none but the second, if those are given.
_OWN: tuple[tuple[set[str], set[str], str], ...] = (
    ({RUN_MARKER}, set(), "a run"),
    ({"model.keras", "metrics.json"}, set(), "a run"),
    ({"kerastl.json", "metrics.json"}, set(), "a run"),
    ({"split.csv", "state"}, set(), "a run"),
    ({"backbone.weights.h5", "pretraining.json"}, set(), "a run"),
    ({"images.lance", "index.json"}, set(), "an index"),
    ({"report.html", "evaluation.json"}, {"report.html", "evaluation.json", "predictions.csv"}, "a report"),
)
# The names of images that `kerastl explain` writes, which also say so inside, where `_SOFTWARE` stands.
_EXPLANATION = re.compile(r"-(gradcam|idgi|integrated-gradients|occlusion)-[^-]*(-[0-9]+)?\.png$")
_SOFTWARE, _SOFTWARE_WITHIN = b"Software\0kerastl explain", 4096
_MOST_VISITS = 1_000  # of one folder, by different links

_Identity = tuple[int, int]


class Found(NamedTuple):
    """What lies at a path.

    Args:
        path: Begins with what was given to `walk`.
        kind: `file`, which a broken link counts as; `folder`; a folder that is `own`, written by kerastl, or
            `unlisted`, and what lies in it is not given.
        detail: What an own folder is, or why another is not listed.
    """

    path: str
    kind: Literal["file", "folder", "own", "unlisted"]
    detail: str = ""


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is left out wherever folders are gone through."""
    return name.startswith(".") or name.lower() in _FOREIGN


def is_explanation(file: str) -> bool:
    """Whether a file is an image that `kerastl explain` wrote."""
    if not _EXPLANATION.search(file):
        return False
    try:
        with open(file, "rb") as stream:
            return _SOFTWARE in stream.read(_SOFTWARE_WITHIN)
    except OSError:
        return False


def walk(root: str, prefix: str | None = None) -> Iterator[Found]:
    """Go through what lies below a folder, without what is hidden, sorted by name level by level.

    Links are followed, except to a folder that contains the link: that would never end. Folders that kerastl wrote
    are not gone through, unless one is `root` itself. There is no recursion, so that no depth is too deep.

    Args:
        root: The folder.
        prefix: What paths begin with instead of the folder; they then have forward slashes. `""` gives paths relative
            to the folder.

    Yields:
        Everything below `root`, a folder before what is in it; `root` itself where it cannot be listed.
    """
    separator, top = (os.sep, root) if prefix is None else ("/", prefix)
    entries = _list(root)
    if isinstance(entries, str):
        yield Found(top, "unlisted", entries)
        return
    visits: Counter[_Identity] = Counter()
    levels = [_Level(root, top, entries)]
    while levels:
        level = levels[-1]
        name, is_folder = next(level.entries, ("", False))
        if not name:
            levels.pop()
        elif not is_folder:
            yield Found(level.below(name, separator), "file")
        else:
            path = level.below(name, separator)
            found, inside = _enter(os.path.join(level.folder, name), path, levels, visits)
            yield found
            levels.extend(inside)


class _Level:
    """A folder that is being gone through."""

    def __init__(self, folder: str, path: str, listing: _Listing) -> None:
        self.folder = folder
        self.identity = listing.identity
        self.entries = iter([entry for entry in listing.entries if not is_hidden(entry[0])])
        self._path = path

    def below(self, name: str, separator: str) -> str:
        """The path of what lies in the folder."""
        return self._path + name if not self._path or self._path.endswith(separator) else self._path + separator + name


class _Listing(NamedTuple):
    """What a folder holds: names, and whether each is a folder; sorted."""

    identity: _Identity
    entries: list[tuple[str, bool]]


def _enter(folder: str, path: str, above: list[_Level], visits: Counter[_Identity]) -> tuple[Found, list[_Level]]:
    """What a folder is, and itself where it is to be gone through."""
    listing = _list(folder)
    if isinstance(listing, str):
        return Found(path, "unlisted", listing), []
    if own := _own(folder, {name for name, _ in listing.entries}):
        return Found(path, "own", own), []
    if any(level.identity == listing.identity for level in above):  # a link to a folder that it lies in
        return Found(path, "folder"), []
    visits[listing.identity] += 1
    if visits[listing.identity] > _MOST_VISITS:
        return Found(path, "unlisted", f"{_MOST_VISITS:,} links lead to it"), []
    return Found(path, "folder"), [_Level(folder, path, listing)]


def _list(folder: str) -> _Listing | str:
    """List a folder, or say why it cannot be."""
    try:
        status = os.stat(folder)
        with os.scandir(folder) as entries:
            return _Listing(
                (status.st_dev, status.st_ino), sorted((entry.name, _is_folder(entry)) for entry in entries)
            )
    except OSError as error:
        return error.strerror or "cannot be read"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _own(folder: str, names: set[str]) -> str:
    """What a folder with files of these names is, if kerastl wrote it."""
    if names and all(map(_EXPLANATION.search, names)) and is_explanation(os.path.join(folder, min(names))):
        return "explanations"
    return next((what for signs, others, what in _OWN if signs <= names and (not others or names <= others)), "")
