"""The cache of compiled networks.

An entry is a flatbuffer and a note beside it. The note is written last and names the flatbuffer by its hash, so
that of two processes which compile at once each leaves a whole entry, and what a crash leaves is never taken
for one. Notes are sealed: an entry that someone else put there or changed counts as none.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerastl._base import files, scratch
from kerastl._base.text import printable
from kerastl.errors import CacheError
from kerastl.inference._engines import Parallelism, cores
from kerastl.inference._precision import Agreement
from kerastl.inference._seal import SEAL_FILE, Seal, clear_way, sha256, stamp

# What kerastl calls its files: an entry's parts, its lock, and what a crash leaves of one that was being written.
_ENTRY = r"[0-9a-f]{32}(-[0-9a-f]{16}\.tflite|\.json|\.refused)"
_LEFT = rf"{scratch.UNFINISHED}([0-9a-f-]{{16,49}}\.(tflite|json|refused)|\.?(kerastl|probe))"
_OWN = re.compile(rf"{_ENTRY}|\.[0-9a-f]{{32}}\.lock|{_LEFT}|\{SEAL_FILE}")
HASHES = "hashes"
ARCHIVES = "archives"
"""The folder of images that came out of archives."""
RUNTIMES = "onnxruntime-web"
"""The folder of what runs networks in browsers, by version and name."""
_RUNTIME = re.compile(r"\d+\.\d+\.\d+-[a-z.-]+|" + scratch.UNFINISHED + r"\d+\.\d+\.\d+-[a-z.-]+")
_MOST = 1024
_REASON = 1000


def cache_folder() -> Path:
    """`KERASTL_CACHE`, or the platform's folder for caches."""
    if given := os.environ.get("KERASTL_CACHE"):
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("kerastl", appauthor=False))


@dataclass(frozen=True)
class Entry:
    """One compiled network.

    Args:
        model: The name of the network it was made from.
        file: The flatbuffer.
        parallelism: How this machine runs it best.
        size: Bytes of the flatbuffer.
        agreement: How it compares with float32, where it computes in fewer bits.
    """

    model: str
    file: Path
    parallelism: Parallelism
    size: int
    agreement: Agreement | None = None


class CompiledCache:
    """Compiled networks by key.

    Args:
        folder: Where they lie; made when something is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

        self.seal = Seal(folder)

    def _note(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def lock_file(self, key: str) -> Path:
        """What stands for an entry being made."""
        return self.folder / f".{key}.lock"

    def fault(self) -> str | None:
        """Why nothing in the folder can be relied upon, or None: who else may write it may exchange what it holds."""
        if not hasattr(os, "geteuid"):
            return None
        try:
            status = self.folder.stat()
        except OSError:
            return None  # there is nothing yet
        if status.st_uid != os.geteuid():
            return "belongs to another user"
        # The group that a user has alone writes as the user does; what it is called does not say who is in it.
        others = stat.S_IWOTH if status.st_gid == os.getegid() else stat.S_IWOTH | stat.S_IWGRP
        return "may be written by others" if status.st_mode & others else None

    def find(self, key: str) -> Entry | None:
        """Look a network up; `None` unless it is there, whole and unchanged."""
        note = self.seal.read(self._note(key))
        if note is None:
            return None
        try:
            file = self.folder / f"{key}-{note['sha256'][:16]}.tflite"
            if not stat.S_ISREG(file.lstat().st_mode) or file.lstat().st_size != note["size"]:
                return None
            # Hashing takes longer than an image, so that it is done only where the stamp is not the one
            # under which the hash was found right.
            if stamp(file) != note["stamp"]:
                if sha256(file) != note["sha256"]:
                    return None
                self._write(key, note | {"stamp": stamp(file)})
            parallelism = _parallelism(note["plan"]) if note["cores"] == cores() else default_parallelism(note["size"])
            agreement = Agreement(**note["agreement"]) if "agreement" in note else None
            return Entry(note["model"], file, parallelism, note["size"], agreement)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def writable(self) -> bool:
        """Whether something can be stored."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = scratch.beside(self.folder / ".probe")  # of this thread's own, since others may look, too
            try:
                probe.write_bytes(b"?")
            finally:
                probe.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def store(
        self,
        key: str,
        model: str,
        content: bytes,
        examine: Callable[[Path, int], Parallelism],
        agreement: Agreement | None = None,
    ) -> Entry:
        """Add a network once it has been found right.

        Args:
            key: What it is looked up by.
            model: The name of the network it was made from.
            content: The flatbuffer.
            examine: Given its file and size; returns how this machine runs it best, or raises if the network is wrong.
            agreement: See `Entry`.

        Raises:
            OSError: The folder cannot be written, or the disk is full.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = hashlib.sha256(content).hexdigest()
        file = self.folder / f"{key}-{digest[:16]}.tflite"
        clear_way(file)
        with files.replacing(file) as temporary:
            temporary.write_bytes(content)
            parallelism = examine(temporary, len(content))
        note = {"model": model, "sha256": digest, "size": len(content), "stamp": stamp(file)}
        compared = {} if agreement is None else {"agreement": asdict(agreement)}
        self._write(key, note | {"cores": cores(), "plan": asdict(parallelism)} | compared)
        return Entry(model, file, parallelism, len(content), agreement)

    def refuse(self, key: str, reason: str) -> None:
        """Remember that a network cannot be compiled, so that it is not tried again each time."""
        with suppress(OSError):
            file = self.folder / f"{key}.refused"
            clear_way(file)
            files.write_text(file, reason[: _REASON // 4])

    def refusal(self, key: str) -> str | None:
        """Why a network cannot be compiled, if that is known."""
        try:
            return files.read_regular(self.folder / f"{key}.refused", _REASON).decode()
        except (OSError, ValueError):
            return None

    def _write(self, key: str, note: dict[str, Any]) -> None:
        try:
            self.seal.write(self._note(key), note)
        except OSError:
            # A note that cannot be renewed (a cache shared read-only) costs time, not correctness.
            if not self._note(key).exists():
                raise

    def entries(self) -> Iterator[Entry]:
        """The networks that are there, by name."""
        found = (self.find(note.stem) for note in sorted(self.folder.glob("*.json")))
        return iter(sorted((entry for entry in found if entry), key=lambda entry: entry.model))

    def remove(self, model: str) -> int:
        """Remove the compiled networks that were made of models of a name; return how many there were.

        Raises:
            OSError: A file cannot be removed.
        """
        found = [entry.file for entry in self.entries() if entry.model == model]
        for file in found:
            file.unlink(missing_ok=True)
            self._note(file.stem.rpartition("-")[0]).unlink(missing_ok=True)
        return len(found)

    def clear(self) -> tuple[int, int]:
        """Remove everything that kerastl put into the folder, and nothing else: no link is followed.

        Returns:
            How many files, and their bytes.

        Raises:
            CacheError: The folder holds files, and no sign that kerastl ever wrote there.
            OSError: A file cannot be removed.
        """
        found = [*_own(self.folder), *self._below(HASHES)]
        if found and not os.path.lexists(self.folder / SEAL_FILE):
            raise CacheError(f"{printable(str(self.folder))} is no cache of kerastl's: it has no file {SEAL_FILE}")
        found += self._below(RUNTIMES, _RUNTIME)
        count = size = 0
        # The sign goes last, so that what an error leaves can be cleared again.
        for file in sorted(found, key=lambda file: file.name == SEAL_FILE):
            size += file.lstat().st_size
            file.unlink(missing_ok=True)
            count += file.name != SEAL_FILE
        images, their_size = self._remove_images()
        return count + images, size + their_size

    def _remove_images(self) -> tuple[int, int]:
        """Remove what came out of archives: of names that others chose, below a folder of kerastl's own."""
        import shutil

        folder = self.folder / ARCHIVES
        if folder.is_symlink() or not folder.is_dir():
            return 0, 0
        found = [Path(above) / name for above, _, names in os.walk(folder) for name in names]
        sizes = {(status.st_dev, status.st_ino): status.st_size for status in map(Path.lstat, found)}
        shutil.rmtree(folder)
        return len(found), sum(sizes.values())

    def _below(self, name: str, names: re.Pattern[str] = _OWN) -> list[Path]:
        folder = self.folder / name
        return [] if folder.is_symlink() else _own(folder, names)


def _own(folder: Path, names: re.Pattern[str] = _OWN) -> list[Path]:
    """The regular files in a folder that are called as kerastl calls its own."""
    try:
        with os.scandir(folder) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if names.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _parallelism(values: dict[str, Any]) -> Parallelism:
    """The parallelism of a note; ValueError or TypeError if no machine is run so."""
    parallelism = Parallelism(**values)
    for value in asdict(parallelism).values():
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
            raise ValueError(f"{values} is no parallelism")
    return parallelism


def default_parallelism(size: int) -> Parallelism:
    """What is never bad: one copy for a network that is large in memory, else one a core."""
    n = cores()
    if size * n > MEMORY_FOR_COPIES:
        return Parallelism(workers=n + 1, interpreters=1, threads=n, batch=1)
    return Parallelism(workers=n, interpreters=n, threads=1, batch=1)


# Each copy of a network keeps its own packed weights: never spend more than that on copies, in bytes.
MEMORY_FOR_COPIES = 512 * 2**20
