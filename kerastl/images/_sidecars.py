"""Files that belong to an image and travel with it: what photo programs keep beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kerastl.images._formats import SIDE, Sorter

SIDECAR_SUFFIXES = (".xmp", ".aae")


@dataclass(frozen=True)
class Sidecar:
    """A file that belongs to an image.

    Args:
        path: Where it is.
        ending: What comes after the image's stem, as `.xmp` or `.jpg.xmp`.
        shared: Whether it belongs to another image, too, as `a.xmp` does to `a.jpg` and `a.cr2`.
    """

    path: Path
    ending: str
    shared: bool = False


def sidecars(image: Path) -> list[Sidecar]:
    """The sidecars of an image: `a.xmp` and `a.jpg.xmp` of `a.jpg`, and the same with `.aae`."""
    found: dict[tuple[int, int], Sidecar] = {}
    for beginning in (image.suffix, ""):
        for suffix in SIDECAR_SUFFIXES:
            for ending in (beginning + suffix, beginning + suffix.upper()):
                path = image.with_name(image.stem + ending)
                try:
                    status = path.lstat()
                except OSError:
                    continue
                if path.is_file():  # one file has both names where large and small letters are the same
                    shared = not beginning and bool(image.suffix) and has_namesake(image)
                    found.setdefault((status.st_dev, status.st_ino), Sidecar(path, ending, shared))
    return list(found.values())


def has_namesake(image: Path) -> bool:
    """Whether the folder has another image of the same stem, of any kind, readable or not."""
    beginning, sorter = f"{image.stem}.", Sorter()
    return any(
        name.startswith(beginning)  # first: folders may have 100,000 files, and each image asks
        and "." not in name[len(beginning) :]
        and name not in (image.name, beginning)
        and sorter.kind(str(image.with_name(name))) != SIDE
        for name in os.listdir(image.parent)  # noqa: PTH208 - names alone take a tenth of the time
    )
