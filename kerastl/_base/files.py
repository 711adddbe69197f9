"""Files are written whole: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from kerastl._base import scratch
from kerastl._base.text import ANY_NAME
from kerastl.errors import KerastlError, UsageError

# What the system says when a file that is being written cannot take more; such errors name no file.
_OF_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EPIPE}


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target`; rename it over `target` when the block succeeds.

    Readers see the old file or the new one, never half of one, even after a crash: the data is flushed to
    the disk before the rename. When the block raises, the temporary file is removed and `target` stays.

    A link stays one: the file that it leads to is replaced. What is no regular file (a device, a pipe, `/dev/stdout`)
    is written into when the block has succeeded.

    Args:
        target: The file to write. Its folder must exist.

    Yields:
        The path to write to, with the suffixes of `target`, since writers look at them.

    Raises:
        OSError: It cannot be written; its `filename` is `target`, never the temporary path.
    """
    given = temporary = Path(target)
    try:
        if _takes_a_stream(given):
            with _copied_into(given) as temporary:
                yield temporary
            return
        with _renamed_to(_followed(given)) as temporary:
            yield temporary
    except OSError as error:
        ours = error.filename is None and error.errno in _OF_WRITING
        if ours or (error.filename is not None and Path(error.filename).name == temporary.name):
            raise type(error)(error.errno, error.strerror, str(given)) from error
        raise


def _followed(target: Path) -> Path:
    """Where a link leads to, be there something or not; other paths as they are."""
    if not target.is_symlink():
        return target
    with suppress(FileNotFoundError):
        target.stat()  # raises for links that lead in a circle
    return Path(os.path.realpath(target))


@contextmanager
def _renamed_to(target: Path) -> Iterator[Path]:
    import shutil

    _refuse(target)
    temporary = scratch.beside(target)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        with suppress(FileNotFoundError):  # there is none yet, or another process has just removed it
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _refuse(target: Path) -> None:
    """Raise for what a rename would replace though nothing may be written there, or could not replace."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only", str(target))


@contextmanager
def _copied_into(target: Path) -> Iterator[Path]:
    import shutil

    with scratch.temporary_folder() as folder:
        temporary = scratch.beside(folder / target.name)
        yield temporary
        # To append: behind `/dev/stdout` may be a file that others have begun.
        with temporary.open("rb") as source, target.open("ab") as stream:
            shutil.copyfileobj(source, stream)


def _takes_a_stream(target: Path) -> bool:
    """Whether a target is written into, and not replaced: a device, a pipe, or an open file by its number."""
    try:
        mode = target.stat().st_mode
    except (OSError, ValueError):
        return False
    open_file = str(target.absolute()).startswith(("/dev/", "/proc/"))
    return not stat.S_ISDIR(mode) and (open_file or not stat.S_ISREG(mode))


def check_target(target: str | os.PathLike[str], option: str) -> None:
    """Refuse a file that cannot be written, before work is done for it.

    Args:
        target: The file.
        option: What it was given as, such as `--output`.

    Raises:
        UsageError: It is a folder, or its folder is not there.
        KerastlError: The system does not let it be written.
    """
    path = Path(target)
    try:
        folder = _followed(path).absolute().parent
        if path.is_dir() or os.fspath(target).endswith(("/", os.sep)):
            raise UsageError(f"{option} {path}: is a folder; it must be a file")
        if _takes_a_stream(path):
            return
        if not folder.is_dir():
            raise UsageError(f"{option} {path}: there is no folder {folder}")
        path.lstat()
        _refuse(path)
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        raise UsageError(f"{option} {path}: there is no folder {path.absolute().parent}") from None
    except OSError as error:
        raise _unwritable(option, path, error) from None
    _check_room(folder, option, path)


def folder_path(folder: object, name: str) -> Path:
    """What was given for a folder, as the argument `name`.

    Raises:
        UsageError: It is no path, or an empty one, which would stand for the folder that the process is in.
    """
    if isinstance(folder, (str, os.PathLike)) and (path := os.fsdecode(folder)) and "\0" not in path:
        return Path(path)
    raise UsageError(f"{name} must be the path of a folder. Received: {folder!r}")


def check_folder(folder: str | os.PathLike[str], option: str) -> None:
    """Refuse a folder that cannot be written into, or made, before work is done for it; it is not made.

    Args:
        folder: The folder.
        option: What it was given as, such as `--report`.

    Raises:
        UsageError: It is a file, or a file stands where a folder above it must be.
        KerastlError: The system does not let it be written into.
    """
    path = Path(folder)
    try:
        path.lstat()  # a name may be too long
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise _unwritable(option, path, error) from None
    nearest = path.absolute()
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UsageError(f"{option} {path}: cannot be written ({os.strerror(errno.ENOTDIR)})")
    _check_room(nearest, option, path)


def _check_room(folder: Path, option: str, shown: Path) -> None:
    """Make a file and remove it: permissions, read-only disks and full ones tell themselves no other way."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise _unwritable(option, shown, error) from None


def _unwritable(option: str, target: Path, error: OSError) -> KerastlError:
    return KerastlError(f"{option} {target}: cannot be written ({error.strerror or error})")


def write_text(target: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 to `target`, whole or not at all; bytes of file names go out as they came in."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", errors=ANY_NAME, newline="\n")


def open_regular(file: str | os.PathLike[str], flags: int = os.O_RDONLY, *, follow: bool = False) -> IO[bytes]:
    """Open a file that may have been put there by anyone: no pipe is waited for.

    Args:
        file: The file.
        flags: Those of `os.open`: how it is opened.
        follow: Whether it may be a link.

    Raises:
        OSError: It cannot be opened, or is a link.
        ValueError: It is no regular file.
    """
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    descriptor = os.open(file, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{os.fspath(file)} is no regular file")
    return os.fdopen(descriptor, "rb+" if flags & os.O_RDWR else "rb")


def read_regular(file: str | os.PathLike[str], limit: int, *, private: bool = False) -> bytes:
    """Read a small file that may have been put there by anyone: no link is followed, no pipe waited for.

    Args:
        file: The file.
        limit: Bytes that it may have.
        private: Whether it must be this user's, and nobody else's to read or write.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no regular file, is longer, or is not private.
    """
    with open_regular(file) as stream:
        status = os.fstat(stream.fileno())
        if private and hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
            raise ValueError(f"{os.fspath(file)} is not private")
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{os.fspath(file)} is longer than {limit} bytes")
    return content
