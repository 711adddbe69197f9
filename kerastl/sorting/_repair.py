"""What a killed process has begun is finished: the journal says what it was about to do."""

from __future__ import annotations

import filecmp
import os
from contextlib import suppress
from pathlib import Path

from kerastl._base import scratch
from kerastl.images._formats import HEIF_SUFFIXES, IMAGE_SUFFIXES, format_of
from kerastl.images._sidecars import SIDECAR_SUFFIXES
from kerastl.sorting._journal import Journal, Row
from kerastl.sorting._transfer import ACTIONS, is_placeholder, sha256_of

_BEGINNING = 132  # bytes, which tell the format


def finish_last_image(journal: Journal) -> None:
    """Do what the last rows say and what was not done; rows that cannot be followed any more are noted as failed.

    The rows of an image are written together, and the next one's come when all is done: nothing else can be undone.
    """
    for row in journal.last_image():
        scratch.tidy(journal.path(row).parent)
        if not _finished(row, journal.path(row)):
            journal.fail([row])


def clear_placeholder(row: Row, target: Path) -> None:
    """Remove the empty file that holds a name for a source that is still there."""
    if os.path.lexists(row.source) and is_placeholder(target):
        target.unlink()


def is_second_copy(row: Row, target: Path) -> bool:
    """Whether a file that was to be moved is in both places: a process was killed between copying and removing it."""
    with suppress(OSError):
        source = Path(row.source)
        return not source.is_symlink() and not target.is_symlink() and filecmp.cmp(source, target, shallow=False)
    return False


def is_image_or_sidecar(source: Path, file: Path) -> bool:
    """Whether it is what kerastl sorts: a journal from elsewhere must not put programs into anyone's folders.

    Args:
        source: What it was called before it was sorted.
        file: Where it is.
    """
    if not source.is_absolute() or not file.is_file() or source.suffix != file.suffix:
        return False
    suffix = source.suffix.lower()
    if suffix in SIDECAR_SUFFIXES or suffix in IMAGE_SUFFIXES | HEIF_SUFFIXES:
        return True
    with file.open("rb") as stream:
        return bool(format_of(stream.read(_BEGINNING)))


def _finished(row: Row, target: Path) -> bool:
    source = Path(row.source)
    clear_placeholder(row, target)
    if os.path.lexists(target):
        if row.action == "move" and os.path.lexists(source):
            if not is_second_copy(row, target):
                return False
            source.unlink()
        return row.action != "copy" or sha256_of(target) == row.sha256
    try:
        if not is_image_or_sidecar(source, source) or source.suffix != target.suffix:
            return False
        action = ACTIONS[row.action]
        if action.stage is None:
            action.finish(source, target)
            return True
        staged = action.stage(source, target)
        if staged.sha256 != row.sha256:
            staged.file.unlink()
            return False
        action.finish(staged.file, target)
    except OSError:
        return False
    return True
