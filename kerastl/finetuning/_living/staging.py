"""Several files of a folder that change together: all of them, or none.

New files are written into a folder of their own first. Once all are there, a mark is set, and they are moved to their
places; what is interrupted after that is brought to its end by whoever comes next, and what is interrupted before
leaves the old files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kerastl._base import files

FOLDER = ".kerastl-update"
_READY = "ready"


@contextmanager
def staged(folder: Path, names: frozenset[str]) -> Iterator[Path]:
    """Give a folder for new files; move them into `folder` when the block succeeds.

    Args:
        folder: Whose files change; nobody else may work there.
        names: Which may; no others are moved.
    """
    place = folder / FOLDER
    _remove(place)
    place.mkdir()
    try:
        yield place
        files.write_text(place / _READY, "")
    except BaseException:
        _remove(place)
        raise
    finish(folder, names)


def finish(folder: Path, names: frozenset[str]) -> bool:
    """Bring an interrupted change to its end, or take it back; return whether there was one that is done now."""
    place = folder / FOLDER
    if place.is_symlink() or not place.is_dir():
        return False
    ready = (place / _READY).is_file()
    if ready:
        for name in sorted(names):
            if (place / name).is_file() and not (place / name).is_symlink():
                (place / name).replace(folder / name)
    _remove(place)
    return ready


def _remove(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
    elif place.is_dir():
        (place / _READY).unlink(missing_ok=True)  # what is half removed is not to be taken for a change
        shutil.rmtree(place)
