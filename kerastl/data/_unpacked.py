"""Images of archives as files in the cache, where training reads them again and again.

Contents lie there once, by their hash; the files of an archive are links to them. What an archive holds is noted when
all of it is there, so that an interrupted unpacking goes on behind the last whole archive.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastl._base.files import replacing
from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.data._file_inspection import content_hash
from kerastl.data._layouts.archive_samples import Sample, archive_samples
from kerastl.errors import CacheError, DataError, KerastlError
from kerastl.images._error_messages import reason
from kerastl.inference._cache import ARCHIVES, CompiledCache, cache_folder
from kerastl.sources._archives import Archive

MAX_BYTES = 200 << 30
"""Of the images of one data set; what is larger is to be unpacked by hand, on a disk that is meant for it."""
_LEAST_FREE = 1 << 30  # bytes that stay free on the disk
_NOTES = ".notes"
_CONTENTS = "contents"
_LONGEST = 200  # bytes of a name
_FORMAT = 1


@dataclass(frozen=True)
class UnpackedFile:
    """A file of an archive.

    Args:
        path: Relative to the folder of all, with forward slashes.
        size: Bytes.
        cells: What the archive says of it, by column.
        is_image: Whether it is an image.
    """

    path: str
    size: int
    cells: dict[str, str]
    is_image: bool


@dataclass(frozen=True)
class UnpackedArchive:
    """What became of an archive.

    Args:
        archive: It.
        folder: Where its files lie, relative to the folder of all.
        files: They.
        faults: Images that could not be taken, and why.
    """

    archive: Archive
    folder: str
    files: tuple[UnpackedFile, ...]
    faults: tuple[tuple[str, str], ...]


class Unpacking:
    """Unpacks archives into a folder of the cache.

    Args:
        archives: Of one data set, in their order.

    Raises:
        CacheError: Others may write into the cache.

    Attributes:
        root: The folder: the same for the same archives.
    """

    def __init__(self, archives: Sequence[Archive]) -> None:
        cache = cache_folder()
        if fault := CompiledCache(cache).fault():
            raise CacheError(f"the cache folder {cache} {fault}: images are not unpacked there")
        said = json.dumps([_FORMAT, *([archive.name, archive.version] for archive in archives)])
        key = hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self.root = cache / ARCHIVES / key
        self._contents = cache / ARCHIVES / _CONTENTS
        self._archives = archives
        self._size = 0

    def run(self) -> list[UnpackedArchive]:
        """Unpack what is not there yet.

        Raises:
            DataError: An archive cannot be read to its end, or there is no room.
        """
        (self.root / _NOTES).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._contents.mkdir(mode=0o700, parents=True, exist_ok=True)
        with stage("unpacking archives", len(self._archives)) as told:
            found = []
            for number, archive in enumerate(self._archives):
                found.append(self._unpacked(number, archive))
                told.update(number + 1)
        return found

    def _unpacked(self, number: int, archive: Archive) -> UnpackedArchive:
        note = self.root / _NOTES / f"{number}.json"
        folder = _component(f"{number + 1}-{archive.short_name}" if self._is_twice(archive) else archive.short_name)
        said = self._noted(note) if archive.version else None
        if said is None:
            said = self._unpack(archive, folder)
            with replacing(note) as temporary:
                temporary.write_text(json.dumps(said), encoding="utf-8")
        files = tuple(UnpackedFile(**file) for file in said["files"])
        return UnpackedArchive(archive, folder, files, tuple((name, why) for name, why in said["faults"]))

    def _is_twice(self, archive: Archive) -> bool:
        return [one.short_name for one in self._archives].count(archive.short_name) > 1

    def _noted(self, note: Path) -> dict[str, Any] | None:
        """What is known of an archive that is all there; None where it is not."""
        try:
            said: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            whole = all((self.root / file["path"]).stat().st_size == file["size"] for file in said["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return said if whole else None

    def _unpack(self, archive: Archive, folder: str) -> dict[str, Any]:
        files, faults, taken = [], [], set[str]()
        try:
            for sample in archive_samples(archive):
                if sample.content is None:
                    faults.append((printable(sample.name), sample.fault))
                    continue
                path = _free(f"{folder}/{'/'.join(map(_component, sample.name.split('/')))}", taken)
                self._keep(sample, path, archive)
                size = len(sample.content)
                files.append({"path": path, "size": size, "cells": sample.cells, "is_image": sample.is_image})
        except KerastlError:
            raise
        except Exception as error:  # as many types as there are ways to be broken
            if isinstance(error, OSError) and error.filename is not None:
                raise
            raise DataError(f"{archive.name}: {reason(error)}; fetch or pack it again") from error
        return {"files": files, "faults": faults}

    def _keep(self, sample: Sample, path: str, archive: Archive) -> None:
        assert sample.content is not None  # noqa: S101 - of callers
        self._size += len(sample.content)
        if self._size > MAX_BYTES:
            raise DataError(
                f"{archive.name}: more than {MAX_BYTES >> 30} GiB of images in all, which is too much for the cache: "
                "unpack them into a folder"
            )
        digest = content_hash(sample.content)
        content, file = self._contents / digest[:2] / digest, self.root / path
        with suppress(FileNotFoundError):
            if file.stat().st_size == len(sample.content) and content.samefile(file):
                return  # an earlier call had come to here
        self._write(content, sample.content)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        try:
            os.link(content, file)
        except OSError:  # the file system has no links, or there are too many of this content
            self._write(file, sample.content)

    def _write(self, file: Path, content: bytes) -> None:
        with suppress(FileNotFoundError):
            if file.stat().st_size == len(content):
                return
        file.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._contents).free - len(content) < _LEAST_FREE:
            raise DataError(
                f"the cache {self._contents.parent} has no room for more images (KERASTL_CACHE names another)"
            )
        temporary = file.with_name(f".{os.getpid()}.{file.name}")
        try:
            temporary.write_bytes(content)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)


def _component(name: str) -> str:
    """A name for a file of a folder: printable, not too long, and no hidden one."""
    name = printable(name).replace("\\", "_") or "_"
    if os.name == "nt":
        name = "".join("_" if letter in '<>:"|?*' else letter for letter in name).rstrip(". ") or "_"
    if len(name.encode("utf-8", "replace")) > _LONGEST:
        stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name
        name = f"{stem[:40]}~{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}{suffix[:20]}"
    return f"_{name[1:]}" if name.startswith(".") else name


def _free(path: str, taken: set[str]) -> str:
    """A path that no other file of the archive has, in any case."""
    stem, suffix = os.path.splitext(path)  # noqa: PTH122 - text
    names: Iterator[str] = (f"{stem}~{number}{suffix}" for number in range(2, len(taken) + 3))
    found = path if path.casefold() not in taken else next(name for name in names if name.casefold() not in taken)
    taken.add(found.casefold())
    return found
