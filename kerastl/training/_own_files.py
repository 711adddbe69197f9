"""Removing what kerastl made in a folder, and nothing else that may lie there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from kerastl._base.scratch import UNFINISHED


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
