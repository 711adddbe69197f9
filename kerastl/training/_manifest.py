"""The images that a run began with, so that it goes on with the same ones only."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from kerastl._base import files
from kerastl._base.text import printable
from kerastl.data._file_inspection import content_hashes
from kerastl.errors import DataError, StateError
from kerastl.inference._seal import sha256
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop

MANIFEST = "images.csv"
_COLUMNS = ("path", "label", "part", "content")
_SHOWN = 3  # names of each kind of change


@dataclass(frozen=True)
class Entry:
    """What a run knows of one image.

    Args:
        label: Its class; empty where it has none.
        part: `train`, `val` or `test`, where the data says so; else empty.
        content: A hash of the file's bytes; empty where it cannot be read.
    """

    label: str
    part: str
    content: str


def hashed(images: Sequence[Path], callback: RunCallback, stop: Stop) -> list[str]:
    """Hash the contents of images, and tell how far it is; the hash of what cannot be read is empty.

    Raises:
        Stopped: A stop was asked for.
    """
    callback.begin("images compared", len(images))

    def told(done: int, total: int) -> None:
        stop.check()
        callback.advance()

    try:
        return content_hashes(images, told)
    finally:
        callback.end()


class Manifest:
    """The file that lists them.

    Args:
        file: Its folder is made when it is written.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, images: Mapping[str, Entry]) -> str:
        """Write the images, by path; return what `check` knows the list by."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with (
            files.replacing(self.file) as temporary,
            temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
        ):
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows((path, *astuple(entry)) for path, entry in images.items())
        return sha256(self.file)

    def check(self, now: Mapping[str, Entry], where: Path, written: str) -> None:
        """Compare what is there now with what the run began with.

        Args:
            now: The images, by path.
            where: Where they are from, for the message.
            written: What `write` returned.

        Raises:
            DataError: They differ; the message says in what.
            StateError: The list cannot be read, or is another.
        """
        before = self._read(written)
        found = changes(before, now)
        if found:
            raise DataError(
                f"{printable(str(where))}: the images are not those that the run began with: {'; '.join(found)}. "
                "Put back what was there, or --overwrite starts anew"
            )

    def _read(self, written: str) -> dict[str, Entry]:
        try:
            if sha256(self.file) != written:
                raise ValueError("its content is not what was written")
            with self.file.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
                _, *rows = csv.reader(stream, strict=True)
            return {path: Entry(label, part, content) for path, label, part, content in rows}
        except (OSError, ValueError, csv.Error) as error:
            raise StateError(
                f"{printable(str(self.file))} cannot be read ({printable(str(error))}): whether the images are still "
                "those that the run began with cannot be known; --overwrite starts anew"
            ) from None


def changes(before: Mapping[str, Entry], now: Mapping[str, Entry]) -> list[str]:
    """Say in what two lists of images differ, one phrase a kind of change; nothing where they do not."""
    both = before.keys() & now.keys()

    def differing(field: str) -> list[str]:
        return sorted(path for path in both if getattr(before[path], field) != getattr(now[path], field))

    classes = [{entry.label for entry in side.values()} for side in (before, now)]
    kinds = (
        ("new", sorted(now.keys() - before.keys())),
        ("gone", sorted(before.keys() - now.keys())),
        ("changed in content", differing("content")),
        ("of another label", [f"{path}: {now[path].label}, was {before[path].label}" for path in differing("label")]),
        ("in another part", [f"{path}: {_named(now[path].part)}, was {_named(before[path].part)}"
                             for path in differing("part")]),
    )  # fmt: skip
    found = [_some(len(names), "image", what, names) for what, names in kinds if names]
    for what, names in (("new", classes[1] - classes[0]), ("gone", classes[0] - classes[1])):
        if names:
            found.append(_some(len(names), "class", what, sorted(names)))
    return found


def _some(count: int, noun: str, what: str, names: Sequence[str]) -> str:
    many = {"image": "images", "class": "classes"}[noun]
    shown = ", ".join(printable(name) for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return f"{count:,} {noun} is {what} ({shown})" if count == 1 else f"{count:,} {many} are {what} ({shown})"


def _named(part: str) -> str:
    return part or "none"
