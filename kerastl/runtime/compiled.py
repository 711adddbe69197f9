"""The cache of compiled networks.

An entry is a flatbuffer and a note beside it. The note is written last and names the flatbuffer by its hash, so
that of two processes which compile at once each leaves a whole entry, and what a crash leaves is never taken
for one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerastl import files
from kerastl.runtime import fingerprint
from kerastl.runtime.engines import Plan, cores


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
        plan: How this machine runs it best.
        size: Bytes of the flatbuffer.
    """

    model: str
    file: Path
    plan: Plan
    size: int


class CompiledCache:
    """Compiled networks by key.

    Args:
        folder: Where they lie; made when something is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _note(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def find(self, key: str) -> Entry | None:
        """Look a network up; `None` unless it is there, whole and unchanged."""
        try:
            note = json.loads(self._note(key).read_text(encoding="utf-8"))
            file = self.folder / f"{key}-{note['sha256'][:16]}.tflite"
            # Hashing takes longer than a picture, so that it is done only where the stamp is not the one
            # under which the hash was found right.
            if fingerprint.stamp(file) != note["stamp"]:
                if fingerprint.sha256(file) != note["sha256"]:
                    return None
                self._write(key, note | {"stamp": fingerprint.stamp(file)})
            plan = Plan(**note["plan"]) if note["cores"] == cores() else plan_untried(note["size"])
            return Entry(note["model"], file, plan, note["size"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def writable(self) -> bool:
        """Whether something can be stored."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with files.replacing(self.folder / ".probe") as probe:
                probe.write_bytes(b"?")
            (self.folder / ".probe").unlink()
        except OSError:
            return False
        return True

    def store(self, key: str, model: str, content: bytes, examine: Callable[[Path, int], Plan]) -> Entry:
        """Add a network once it has been found right.

        Args:
            key: What it is looked up by.
            model: The name of the network it was made from.
            content: The flatbuffer.
            examine: Given its file and size; returns the plan for this machine, or raises if the network is wrong.

        Raises:
            OSError: The folder cannot be written, or the disk is full.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(content).hexdigest()
        file = self.folder / f"{key}-{digest[:16]}.tflite"
        with files.replacing(file) as temporary:
            temporary.write_bytes(content)
            plan = examine(temporary, len(content))
        note = {"model": model, "sha256": digest, "size": len(content), "stamp": fingerprint.stamp(file)}
        self._write(key, note | {"cores": cores(), "plan": asdict(plan)})
        return Entry(model, file, plan, len(content))

    def refuse(self, key: str, reason: str) -> None:
        """Remember that a network cannot be compiled, so that it is not tried again each time."""
        with suppress(OSError):
            files.write_text(self.folder / f"{key}.refused", reason)

    def refusal(self, key: str) -> str | None:
        """Why a network cannot be compiled, if that is known."""
        try:
            return (self.folder / f"{key}.refused").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def _write(self, key: str, note: dict[str, Any]) -> None:
        try:
            files.write_text(self._note(key), json.dumps(note))
        except OSError:
            # A note that cannot be renewed (a cache shared read-only) costs time, not correctness.
            if not self._note(key).exists():
                raise

    def entries(self) -> Iterator[Entry]:
        """The networks that are there, by name."""
        found = (self.find(note.stem) for note in sorted(self.folder.glob("*.json")))
        return iter(sorted((entry for entry in found if entry), key=lambda entry: entry.model))

    def clear(self) -> tuple[int, int]:
        """Remove everything that kerastl put into the folder.

        Returns:
            How many files, and their bytes.

        Raises:
            OSError: A file cannot be removed.
        """
        count = size = 0
        for pattern in (
            "*.json",
            "*.tflite",
            "*.refused",
            ".*.tflite",
            ".*.json",
            ".*.probe",
            "hashes/*.json",
        ):
            for file in self.folder.glob(pattern):
                size += file.stat().st_size
                file.unlink(missing_ok=True)
                count += 1
        return count, size


def plan_untried(size: int) -> Plan:
    """A plan that is never bad: one copy for a network that is large in memory, else one a core."""
    n = cores()
    if size * n > MEMORY_FOR_COPIES:
        return Plan(workers=n + 1, interpreters=1, threads=n, batch=1)
    return Plan(workers=n, interpreters=n, threads=1, batch=1)


# Each copy of a network keeps its own packed weights: never spend more than that on copies, in bytes.
MEMORY_FOR_COPIES = 512 * 2**20
