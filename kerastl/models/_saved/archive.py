"""A `.keras` file as an archive: which members it may have, and how large they may be.

The directory of the archive says how large each member is. That is compared with limits before anything is unpacked,
and no more than what it says is ever read.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.models._saved import kinds


def parsed(text: bytes, name: str) -> dict[str, Any]:
    """Read it.

    Args:
        text: JSON, UTF-8.
        name: What messages call it.

    Raises:
        ModelError: It is no JSON object, or is nested too deep.
    """
    try:
        values = json.loads(text)
    except RecursionError:
        raise ModelError(f"{name} is nested too deep") from None
    except ValueError as error:
        raise ModelError(f"{name} is no JSON ({error})") from None
    if not isinstance(values, dict):
        raise ModelError(f"{name} is no JSON object")
    return values


CONFIG = "config.json"
WEIGHTS = "model.weights.h5"

_MIB = 1 << 20
# The largest size in bytes, by the member's name; NASNetLarge's config takes 1.2 MB.
_LIMITS = {CONFIG: 16 * _MIB, "metadata.json": _MIB, "kerastl.json": 32 * _MIB, WEIGHTS: 64 << 30}
_OTHER_LIMIT = 512 * _MIB
_DIRECTORY_LIMIT = _MIB
_MEMBERS = 1000
# Weights are as good as random, so that packing them gains little; where they are all zero the file stays small.
EXPANSION = 20
EXPANSION_FREE = 64 * _MIB
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"


@contextmanager
def opened(model_file: Path) -> Iterator[zipfile.ZipFile]:
    """Open a `.keras` file whose members are within limits; what goes wrong while it is read is one line.

    Raises:
        ModelError: It is no Keras model, is broken, or holds what none holds. Names the file.
    """
    with _told(_shown(model_file), "a Keras model"):
        if (kind := kinds.of_file(model_file)) is not None:
            raise ModelError(f"{_shown(model_file)} cannot be read as a Keras model: it is {kind}")
        with model_file.open("rb") as stream:
            _check_directory(stream)
            with zipfile.ZipFile(stream) as archive:
                _check(archive.infolist())
                yield archive


def appended_member(file: Path, name: str) -> bytes | None:
    """Read a member of the archive that follows something else in a file, under the same limits.

    Returns:
        Its content; None where no archive follows, or there is no such member.

    Raises:
        ModelError: The archive is broken, or beyond limits. Without the file's name.
    """
    with _told("it", "an archive"), file.open("rb") as stream:
        _check_directory(stream)
        if not zipfile.is_zipfile(stream):
            return None
        with zipfile.ZipFile(stream) as archive:
            _check_members(archive.infolist())
            return archive.read(name) if name in archive.namelist() else None


@contextmanager
def _told(shown: str, what: str) -> Iterator[None]:
    """Say in one line what goes wrong while an archive is read."""
    try:
        yield
    except _RefusedError as error:
        raise ModelError(f"{shown}: {error}") from None
    except zipfile.BadZipFile as error:
        raise ModelError(f"{shown} cannot be read as {what} ({error}); it is incomplete or was changed") from error
    except (OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"{shown} cannot be read as {what} ({reason})") from error


class _RefusedError(Exception):
    """What the archive holds is refused; says why."""


def _shown(path: Path) -> str:
    return printable(os.fspath(path))


def _check_directory(stream: IO[bytes]) -> None:
    """Refuse a directory that would take long to read; where none is found, zipfile says so."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - (1 << 16) - 64))
    tail = stream.read()
    end = tail.rfind(_END)
    if end >= 0 and len(tail) >= end + 22:
        (length,) = struct.unpack_from("<L", tail, end + 12)
        before = tail.rfind(_END_64, 0, end)
        if before >= 0 and len(tail) >= before + 20:
            (at,) = struct.unpack_from("<Q", tail, before + 8)
            if at > size:
                raise _RefusedError("it is incomplete or was changed (its directory lies behind its end)")
            stream.seek(at)
            record = stream.read(56)
            length = struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else 0
        if length > _DIRECTORY_LIMIT:
            raise _RefusedError(f"its directory takes {length:,} bytes, which is no Keras model's")
    stream.seek(0)


def _check(entries: list[zipfile.ZipInfo]) -> None:
    _check_members(entries)
    names = [entry.filename for entry in entries]
    if CONFIG not in names:
        raise _RefusedError(f"cannot be read as a Keras model: it is {printable(kinds.of_zip(names))}")


def _check_members(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(names) > _MEMBERS:
        raise _RefusedError(f"it has {len(names):,} members; a Keras model has a few")
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise _RefusedError(f"{printable(double)!r} is in it twice")
    for entry in entries:
        if reason := _fault(entry):
            raise _RefusedError(f"member {printable(entry.filename)[:200]!r} {reason}")


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Why a member is refused, or None."""
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0]:
        return "has a path that leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted; save the model without a password"
    if entry.compress_type not in _METHODS:
        return "is compressed in a way that Keras does not write; save the model again"
    limit = _LIMITS.get(entry.filename, _OTHER_LIMIT)
    if entry.file_size > limit:
        return f"takes {entry.file_size:,} bytes unpacked; {limit:,} are allowed"
    if entry.file_size > EXPANSION_FREE + EXPANSION * entry.compress_size:
        return f"takes {entry.file_size:,} bytes unpacked and {entry.compress_size:,} packed: it is a bomb"
    return None


def copy_member(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Unpack a member into a file."""
    import shutil

    with archive.open(name) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, _MIB)
