"""Free names in folders: an image and its sidecars keep one stem, with a number where others have it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from kerastl.images._sidecars import SIDECAR_SUFFIXES
from kerastl.sorting._folder_names import key

_LONGEST = 255  # bytes of a name


class TargetNames:
    """Gives out names, each once in a folder, whether or not anything is written there."""

    def __init__(self) -> None:
        self._taken: dict[Path, _Taken] = {}
        self._next: dict[tuple[Path, str], int] = {}

    def free(self, folder: Path, stem: str, endings: Sequence[str]) -> Iterator[list[Path]]:
        """Names that nothing in the folder has: first the image's own, then with numbers.

        A name is free where no file has it in small or large letters, and no sidecar there would come to belong to
        another image.

        Args:
            folder: The folder, which may not be there.
            stem: That of the image.
            endings: That of the image first, then those of its sidecars.

        Yields:
            A path for each ending. What was given is taken, and names of other programs are when the next is asked
            for.
        """
        first = self._next.get((folder, key(stem)), 1)
        for number in itertools.count(first):
            new = stem if number == 1 else _numbered(stem, number, endings)
            names = [new + ending for ending in endings]
            if self._clash(folder, new, names):
                continue
            taken = self._names(folder)
            for name in names:
                taken.add(name)
            self._next[folder, key(stem)] = number
            yield [folder / name for name in names]
            self._taken.pop(folder, None)  # it was not free after all

    def _clash(self, folder: Path, stem: str, names: Sequence[str]) -> bool:
        taken = self._names(folder)
        if any(key(name) in taken.names for name in names):
            return True
        if len(names) == 1:  # an image alone must not find the sidecar of another
            return any(key(stem + suffix) in taken.names for suffix in SIDECAR_SUFFIXES)
        return key(stem) in taken.beginnings

    def _names(self, folder: Path) -> _Taken:
        if folder not in self._taken:
            taken = self._taken[folder] = _Taken()
            with suppress(OSError):
                for path in folder.iterdir():
                    taken.add(path.name)
        return self._taken[folder]


class _Taken:
    """The names in a folder, and what they begin with before each of their dots; all as `key` has them."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.beginnings: set[str] = set()

    def add(self, name: str) -> None:
        compared = key(name)
        self.names.add(compared)
        self.beginnings.update(compared[:place] for place, letter in enumerate(compared) if letter == ".")


def _numbered(stem: str, number: int, endings: Sequence[str]) -> str:
    """The stem with a number, shortened where the name would be too long for file systems."""
    tail = f"-{number}"
    room = _LONGEST - len(tail) - max(len(os.fsencode(ending)) for ending in endings)
    return os.fsencode(stem)[:room].decode(errors="surrogateescape") + tail
