"""What runs leave on the disk: only kerastl's own files are removed, and a disk without room is said so."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kerastl._base.scratch import UNFINISHED
from kerastl.errors import TrainingError


def called(names: Iterable[str]) -> re.Pattern[str]:
    """Match these names of files, and those of unfinished ones.

    Args:
        names: Regular expressions.
    """
    return re.compile(f"(?:{UNFINISHED})?(?:{'|'.join(names)})")


def remove_files(folder: Path, names: re.Pattern[str]) -> None:
    """Remove the files directly in `folder` whose whole name matches; a link goes, what it points to stays.

    Nothing happens where `folder` is a link itself, or is not there.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    for entry in folder.iterdir():
        if names.fullmatch(entry.name) and (entry.is_symlink() or entry.is_file()):
            entry.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> bool:
    """Remove a folder that holds nothing; return whether it is gone."""
    if folder.is_symlink() or not folder.is_dir():
        return not folder.exists()
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


@contextmanager
def full_disk_reported(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk, or of a quota that is used up, into a `TrainingError`.

    Args:
        folder: The run folder, whose state is whole whatever could not be written.
    """
    try:
        yield
    except OSError as error:
        # HDF5 raises errors without a number, that have the system's words in their text.
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) and os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise TrainingError(
            f"{folder}: there is no room left on the disk; what was reached before is kept: make room and go on "
            "with --resume"
        ) from None
