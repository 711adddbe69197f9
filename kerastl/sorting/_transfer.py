"""Files are copied, moved and linked: whole, and never over another file."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from kerastl._base import scratch

_BLOCK = 1 << 20

ActionName: TypeAlias = Literal["copy", "move", "link"]


@dataclass(frozen=True)
class Staged:
    """A complete copy that is ready to appear at its target.

    Args:
        file: The copy, beside the target.
        sha256: Of its content, in hexadecimal digits.
    """

    file: Path
    sha256: str


@dataclass(frozen=True)
class FileAction:
    """A way to bring a file to another folder.

    Args:
        name: As the journal calls it.
        done: As in "copied to".
        finish: Makes a file appear at its target, which must be new: the source, or what was staged.
        stage: What is done before, with source and target, where that takes long: then `finish` only renames.
    """

    name: ActionName
    done: str
    finish: Callable[[Path, Path], None]
    stage: Callable[[Path, Path], Staged] | None = None


def stage_copy(source: Path, target: Path) -> Staged:
    """Write a complete copy, with its times and permissions, beside the target, and flush it to the disk."""
    temporary = scratch.beside(target)
    digest = hashlib.sha256()
    try:
        with source.open("rb") as stream, temporary.open("xb") as copy:
            while block := stream.read(_BLOCK):
                digest.update(block)
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(source, temporary)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Staged(temporary, digest.hexdigest())


def move(source: Path, target: Path) -> None:
    """Move a file; to another file system as a copy that is on the disk before the source goes.

    Raises:
        FileExistsError: There is something at the target.
    """
    try:
        put(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        put_staged(stage_copy(source, target).file, target)
        flush_folder(target.parent)
        try:
            source.unlink()
        except OSError:  # its folder may be read-only
            target.unlink()
            raise


def put(file: Path, target: Path) -> None:
    """Rename a file, on one file system, to a name that nothing has.

    A rename replaces what it finds. So an empty file takes the name first, which fails where there is one.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        file.replace(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def put_staged(temporary: Path, target: Path) -> None:
    """The same with a temporary file, which is gone if it cannot be renamed."""
    try:
        put(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def link(source: Path, target: Path) -> None:
    """Make a symbolic link to a file, by its absolute path."""
    target.symlink_to(os.path.abspath(source))  # noqa: PTH100 - links stay what they are


def flush_folder(folder: Path) -> None:
    """See that what was renamed in a folder is on the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_placeholder(target: Path) -> bool:
    """Whether it is what `put` leaves when it is killed: an empty file."""
    with suppress(OSError):
        return not target.is_symlink() and target.is_file() and target.stat().st_size == 0
    return False


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's content."""
    with file.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


ACTIONS: dict[str, FileAction] = {
    "copy": FileAction("copy", "copied", put_staged, stage_copy),
    "move": FileAction("move", "moved", move),
    "link": FileAction("link", "linked", link),
}
"""What can be done with a file, by name."""
