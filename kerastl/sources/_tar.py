"""Read a tar from its beginning to its end, in constant memory: POSIX ustar and pax, and GNU's long names.

`tarfile` reads whatever a header announces into memory, and takes a broken header for the end; here are limits instead,
and what is missing is told.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import IO

from kerastl.images._error_messages import reason
from kerastl.sources import _limits as limits
from kerastl.sources._limits import EndsHereError
from kerastl.sources._member import Member

_BLOCK = tarfile.BLOCKSIZE
_PIECE = 1 << 20
_LONG_NAME, _PAX = tarfile.GNUTYPE_LONGNAME, (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_ABOUT_OTHERS = (_LONG_NAME, tarfile.GNUTYPE_LONGLINK, *_PAX, tarfile.XGLTYPE)
_KINDS = {
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "pipe",
    tarfile.GNUTYPE_SPARSE: "sparse file",
}


def tar_members(file: IO[bytes]) -> Iterator[Member]:
    """Read the members of a tar.

    Args:
        file: Open at its beginning.

    Yields:
        Files, and what is neither a file nor a folder; in their order.

    Raises:
        EndsHereError: It is broken, truncated, or more than it may be, from here on.
    """
    stream = _Stream(file)
    count, said = 0, _Said()
    while header := stream.header():
        info = _parsed(header, stream.position)
        if info.type in _ABOUT_OTHERS:
            said.add(info.type, stream.exactly(_about_size(info.size)), info.size)
            stream.skip(-info.size % _BLOCK)
        else:
            if (count := count + 1) > limits.MAX_MEMBERS:
                raise EndsHereError(f"more than {limits.MAX_MEMBERS:,} files; make several archives of it")
            said.apply(info)
            said = _Said()
            yield from stream.member(info)


def tar_gz_members(file: IO[bytes]) -> Iterator[Member]:
    """Read the members of a gzipped tar; as for `tar_members`."""
    counted = _Counted(file)
    with gzip.GzipFile(fileobj=counted, mode="rb") as unpacked:  # type: ignore[call-overload]
        inflated = _Inflated(unpacked, counted)
        yield from tar_members(inflated)  # type: ignore[arg-type]
        while inflated.read(_PIECE):  # to the checksum in the end
            pass


class _Said:
    """What the headers before a member's own say of it."""

    def __init__(self) -> None:
        self._count = 0
        self._name: str | None = None
        self._size: int | None = None
        self._mtime: int | None = None
        self._is_sparse = False

    def add(self, kind: bytes, body: bytes, size: int) -> None:
        self._count += 1
        if self._count > limits.MAX_HEADERS:
            raise EndsHereError(f"broken: more than {limits.MAX_HEADERS} headers of one file")
        if kind == _LONG_NAME:
            self._name = _text(body.split(b"\0", 1)[0])
        elif kind in _PAX:
            found = dict(_pax_records(body))
            if b"path" in found:
                self._name = _text(found[b"path"].rstrip(b"/") if found[b"path"] != b"/" else b"/")
            if b"size" in found:
                self._size = _number(found[b"size"])
            with suppress(ValueError, OverflowError):  # no time is worth a file
                self._mtime = int(float(found[b"mtime"])) if b"mtime" in found else None
            if any(key.startswith(b"GNU.sparse.") for key in found):
                self._is_sparse = True

    def apply(self, info: tarfile.TarInfo) -> None:
        info.name = info.name if self._name is None else self._name
        info.size = info.size if self._size is None else self._size
        info.mtime = info.mtime if self._mtime is None else self._mtime
        if self._is_sparse:
            info.type = tarfile.GNUTYPE_SPARSE


class _Stream:
    """A tar that is being read: blocks of 512 bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._seeks = file.seekable()
        self._left = 0  # of the member that was given last, with what fills its last block
        self.position = 0

    def header(self) -> bytes:
        """The next header; nothing at the end."""
        self.skip(self._left)
        self._left = 0
        block = self._read(_BLOCK)
        if len(block) < _BLOCK:
            raise EndsHereError("an empty file" if not self.position else "truncated: its end is missing")
        self.position += _BLOCK
        return block if any(block) else b""

    def member(self, info: tarfile.TarInfo) -> Iterator[Member]:
        """Give a member, unless it is a folder."""
        kind = _KINDS.get(info.type, "")
        has_body = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES
        if has_body:
            self._left = info.size + -info.size % _BLOCK
        if not info.isdir():
            size = info.size if has_body else 0
            yield Member(info.name, size, partial(self._body, size), int(info.mtime) * 10**9, kind)

    def _body(self, size: int) -> bytes:
        limits.check_size(size)
        content = self.exactly(size)
        self._left -= size
        return content

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        content = self._read(size)
        if len(content) < size:
            raise _cut_off()
        self.position += size
        return content

    def skip(self, size: int) -> None:
        """Leave so many bytes out."""
        self.position += size
        if self._seeks and size > _BLOCK:
            self._file.seek(size, 1)  # behind the end, the next header is missing
            return
        while size > 0:
            passed = len(self._read(min(size, _PIECE)))
            if not passed:
                raise _cut_off()
            size -= passed

    def _read(self, size: int) -> bytes:
        """So many bytes, or less at the end."""
        content = bytearray()
        try:
            while len(content) < size and (more := self._file.read(min(size - len(content), _PIECE))):
                content += more
        except EndsHereError:
            raise
        except Exception as error:  # of the disk, the network, what is compressed: nothing behind it can be found
            raise EndsHereError(reason(error)) from error
        return bytes(content)


def _cut_off() -> EndsHereError:
    return EndsHereError("truncated: it ends in the middle of a file")


def _parsed(header: bytes, position: int) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        what = "no tar" if position == _BLOCK else f"broken: no header at byte {position - _BLOCK:,}"
        raise EndsHereError(what) from None
    if info.size < 0:
        raise EndsHereError(f"broken: no header at byte {position - _BLOCK:,}")
    return info


def _about_size(size: int) -> int:
    if size > limits.MAX_HEADER_BYTES:
        raise EndsHereError("broken: the header of a file is larger than any is")
    return size


def _pax_records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records of a pax header: `LENGTH KEY=VALUE`, each with a line's end."""
    place = 0
    while place < len(body) and body[place]:
        digits, _, _ = body[place : place + 20].partition(b" ")
        length = _number(digits)
        record = body[place + len(digits) + 1 : place + length]
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or place + length > len(body):
            raise EndsHereError("broken: a pax header makes no sense")
        yield key, value[:-1]
        place += length


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 18:
        raise EndsHereError("broken: a pax header makes no sense")
    return int(digits)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


class _Counted:
    """The compressed file: counts what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.count += len(content)
        return content


class _Inflated:
    """What comes out of it, within limits."""

    def __init__(self, file: gzip.GzipFile, packed: _Counted) -> None:
        self._file, self._packed = file, packed
        self._inflation = limits.Inflation()

    def seekable(self) -> bool:
        return False

    def read(self, size: int) -> bytes:
        try:
            content = self._file.read1(min(size, _PIECE))
        except EOFError:
            raise EndsHereError("truncated: its end is missing") from None
        except (OSError, zlib.error) as error:
            raise EndsHereError(reason(error)) from error
        self._inflation.packed = self._packed.count
        self._inflation.add(len(content))
        return content
