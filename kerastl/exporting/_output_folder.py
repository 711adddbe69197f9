"""The folder that exports are written into: what kerastl wrote there may be replaced, and nothing else ever is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerastl import _progress as progress
from kerastl._base.files import check_folder, read_regular, write_text
from kerastl._base.scratch import temporary_folder
from kerastl._base.serialization import to_json
from kerastl._base.text import printable
from kerastl.errors import KerastlError, UsageError
from kerastl.inference._seal import sha256

MANIFEST = ".kerastl-export.json"
"""Names of the files that kerastl wrote, and the hashes of what it wrote into them."""
EXPORTS = "export"
"""Where exports of a run are, in its folder."""
_LONGEST_MANIFEST = 1 << 22
_LONGEST_NAME = 100


def default_folder(model: str, name: str) -> Path:
    """Where exports go if nothing is said: `export` in a run folder, else a folder here that is called after the model.

    Args:
        model: What was given as the model.
        name: What the model is called, which may be anything.
    """
    if Path(model).is_dir():
        return Path(model, EXPORTS)
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name).strip(".")
    return Path(f"{plain[:_LONGEST_NAME] or 'model'}-export")


class OutputFolder:
    """A folder with exports.

    Args:
        path: The folder, there or not.

    Raises:
        UsageError: It is a file.
        KerastlError: It cannot be written into.
    """

    def __init__(self, path: Path) -> None:
        check_folder(path, "--output")
        self.path = path

    def check(self, name: str) -> None:
        """Raise `UsageError` if a file or folder of that name is there, and is not what kerastl wrote."""
        own = self._read()
        for file in _files(self.path / name):
            if own.get(self._relative(file), "") != _digest(file):
                raise UsageError(
                    f"{printable(str(file))} is there, and is not what kerastl export wrote: remove it, or give "
                    "another folder as --output"
                )

    def holds(self, name: str) -> bool:
        """Whether a file or folder of that name is there, as kerastl wrote it."""
        try:
            self.check(name)
        except UsageError:
            return False
        return os.path.lexists(self.path / name)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Make the folder, and in it one to write into, which is gone after the block; so is the folder if empty."""
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with temporary_folder(self.path) as staged:
                yield staged
        except OSError as error:
            raise KerastlError(f"--output {self.path}: cannot be written ({error.strerror or error})") from error
        finally:
            with suppress(OSError):
                for folder in made:
                    folder.rmdir()

    def put(self, staged: Path) -> Path:
        """Move what was written into the staging folder to its place, and give that.

        Raises:
            UsageError: Something of that name came there meanwhile.
        """
        name = staged.name
        self.check(name)
        for file in _files(staged):
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        target, before = self.path / name, staged.with_name(f"{name}.before")
        try:
            if target.is_dir():  # which no rename replaces
                target.rename(before)
            staged.replace(target)
        except BaseException:
            if before.is_dir() and not target.exists():
                before.rename(target)
            raise
        self._remember(name)
        return target

    def write_beside(self, name: str, text: str) -> None:
        """Write a small file that goes with the exports; one that people wrote or changed stays, which is said."""
        try:
            self.check(name)
        except UsageError:
            progress.current().say(f"{printable(str(self.path / name))} is not what kerastl export wrote, and stays")
            return
        write_text(self.path / name, text)
        self._remember(name)

    def _remember(self, name: str) -> None:
        """Note what stands under a name as written by kerastl."""
        kept = {file: digest for file, digest in self._read().items() if file.split("/")[0] != name}
        new = {self._relative(file): sha256(file) for file in _files(self.path / name)}
        write_text(self.path / MANIFEST, to_json({**kept, **new}))

    def _relative(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix()

    def _read(self) -> dict[str, str]:
        """What was written here before; nothing if that is not known."""
        try:
            found = json.loads(read_regular(self.path / MANIFEST, _LONGEST_MANIFEST))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: digest for name, digest in found.items() if isinstance(digest, str)}


def _files(path: Path) -> list[Path]:
    """A file itself, or all that is in a folder; a link counts as a file, wherever it leads."""
    if path.is_symlink() or not path.is_dir():
        return [path] if os.path.lexists(path) else []
    return [each for each in sorted(path.rglob("*")) if each.is_symlink() or not each.is_dir()]


def _digest(file: Path) -> str | None:
    """The hash of a regular file; None of what is none, which kerastl never writes."""
    return None if file.is_symlink() or not file.is_file() else sha256(file)
