"""Read a zip by the directory at its end: of one in a store, only that and the images travel."""

from __future__ import annotations

import calendar
import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from typing import IO, Any

from kerastl._base.text import brief
from kerastl.images._limits import RefusedError
from kerastl.sources import _limits as limits
from kerastl.sources._member import Member

_ENCRYPTED = 0x1
_PIECE = 1 << 20
_KINDS = {stat.S_IFLNK: "link", stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFIFO: "pipe"}


def zip_members(file: IO[bytes]) -> Iterator[Member]:
    """Read the members of a zip.

    Args:
        file: Open, and able to seek.

    Yields:
        Files, and what is neither a file nor a folder; in the order in which they lie there.

    Raises:
        RefusedError: It is broken, truncated, or more than it may be.
    """
    size = file.seek(0, 2)
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except (OSError, RefusedError):
        raise
    except Exception as error:  # whatever `zipfile` makes of a directory without sense
        raise RefusedError(f"no zip, or truncated: its directory is missing or broken ({brief(str(error))})") from None
    with archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        if len(infos) > limits.MAX_LISTED:
            raise RefusedError(f"more than {limits.MAX_LISTED:,} files; make several archives of it, or a .tar")
        inflation = limits.Inflation(size)
        for info in infos:
            if not info.is_dir():
                kind = _KINDS.get(stat.S_IFMT(info.external_attr >> 16), "")
                read = partial(_content, archive, info, inflation)
                yield Member(info.filename, info.file_size, read, _mtime_ns(info), kind)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, inflation: limits.Inflation) -> bytes:
    limits.check_size(info.file_size)
    if info.flag_bits & _ENCRYPTED:
        raise RefusedError("encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others have no limit on what comes out
        raise RefusedError("compressed in another way than deflate")
    inflation.add(info.file_size)  # no more than that is read
    content = bytearray()
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE):  # all at once, what comes out would be as much as it likes
            content += piece
    if len(content) < info.file_size:
        raise RefusedError("truncated: the file ends before the image does")
    return bytes(content)


def _mtime_ns(info: zipfile.ZipInfo) -> int:
    """A zip does not say where its clock stood: as if that was UTC, so that it is the same on every machine."""
    try:
        return calendar.timegm((*info.date_time, 0, 0, 0)) * 10**9
    except ValueError:
        return 0


class _Bounded:
    """A file of which no more than so much is read at once: the directory is as long as the archive says."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(limits.MAX_LIST_BYTES + 1) if size < 0 else b""
        if max(size, len(content)) > limits.MAX_LIST_BYTES:
            raise RefusedError("the directory is larger than that of a million files; make several archives of it")
        return content if size < 0 else self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
