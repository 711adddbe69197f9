"""The run folder: who may write into it, and what of it is kerastl's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastl._base import files
from kerastl._base.files import check_folder
from kerastl._base.text import printable
from kerastl._base.walking import RUN_MARKER
from kerastl._version import __version__
from kerastl.errors import TrainingError, UsageError
from kerastl.training._callback import RunCallback
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._disk import called, full_disk_reported, remove_files
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._lock import LOCK, locked
from kerastl.training._manifest import MANIFEST, Manifest
from kerastl.training._readme import README, is_ours

MARKER = RUN_MARKER
_FORMAT = 1
_STATE = "state"
_FEATURES = "features"
_LARGEST = 1 << 22  # bytes of a description; that of a thousand classes and epochs is far smaller


@dataclass(frozen=True)
class RunKind:
    """A kind of run.

    Args:
        name: The command that makes it; stands in the marker of its folders.
        outputs: Names of the files that such a run writes beside its state and its features.
        last: The one of them that is written last.
        older: Whether JSON files, contents by name, show that an earlier kerastl, which left no marker, made such a
            run; `state` stands for the values of its state.
        state: Names of files that it keeps beside its state, and that go with it.
    """

    name: str
    outputs: Sequence[str]
    last: str
    older: Callable[[Mapping[str, dict[str, Any]]], bool]
    state: Sequence[str] = ()


class RunFolder:
    """A folder for one run.

    Args:
        path: Made if it does not exist.
        kind: Of the run.
        callback: Hears what is found and left.
    """

    def __init__(self, path: Path, kind: RunKind, callback: RunCallback | None = None) -> None:
        self.path = path
        self.checkpoint = Checkpoint(path / _STATE)
        self.manifest = Manifest(path / _STATE / MANIFEST)
        self.features = path / _FEATURES
        self._kind = kind
        self._callback = callback or RunCallback()

    @contextmanager
    def opened(self, *, resume: bool, overwrite: bool) -> Iterator[bool]:
        """Get ready for a run and keep others out while it lasts; give whether there is a state to go on from.

        A disk that is full while it lasts is a `TrainingError`, too.

        Raises:
            TrainingError: `resume` finds a run that is complete.
            UsageError: The folder is not empty and neither was asked for, or both were; `resume` or `overwrite` finds
                something else than a run of this kind; another process works in the folder; or it cannot be written.
            StateError: The state is there but cannot be read.
        """
        if resume and overwrite:
            raise UsageError("resume and overwrite exclude each other")
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self._name} is a file; the run folder must be another path")
        check_folder(self.path, "output")
        self._refuse(resume, overwrite)
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with locked(self.path, self._callback):
                self._refuse(resume, overwrite)  # now that nobody else changes it
                with self._unwritable_reported():
                    if overwrite:
                        self._clear()
                    self._mark()
                if resume and self.finished:
                    raise TrainingError(f"the run in {self.path} is complete: there is nothing to resume")
                going_on = resume and self.checkpoint.load() is not None
                try:
                    with full_disk_reported(self.path):
                        yield going_on
                except BaseException:
                    if self._is_bare():
                        (self.path / MARKER).unlink(missing_ok=True)
                    raise
        except BaseException:  # what was refused leaves nothing behind
            with suppress(OSError):
                for folder in made:
                    folder.rmdir()
            raise

    @property
    def finished(self) -> bool:
        """Whether a run has come to its end here."""
        return (self.path / self._kind.last).exists() and not self.checkpoint.exists

    def close(self, *, keep_features: bool) -> None:
        """Remove what only a run under way needs."""
        self._remove_state()
        if not keep_features:
            self._remove_features()

    @contextmanager
    def _unwritable_reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"{self._name} cannot be written ({error.strerror}); take another folder") from None

    @property
    def _name(self) -> str:
        return printable(str(self.path))

    def _refuse(self, resume: bool, overwrite: bool) -> None:
        if not self.path.is_dir() or self._is_bare():
            if resume and not (self.path / MARKER).exists():
                raise UsageError(f"{self._name}: there is no run to resume; without --resume one begins")
            return
        for name in (_STATE, _FEATURES, MARKER):
            if (self.path / name).is_symlink():
                raise UsageError(f"{self._name}/{name} is a link, which kerastl does not make: remove it first")
        kind = self._found()
        if kind == self._kind.name:
            if not resume and not overwrite:
                goes_on = (
                    "holds a complete run" if self.finished else "is not empty: --resume goes on with the run in it"
                )
                raise UsageError(f"{self._name} {goes_on}, --overwrite replaces it")
        elif kind is not None:
            raise UsageError(
                f"{self._name} holds a run of kerastl {printable(kind)[:40]}, which kerastl {self._kind.name} leaves "
                "alone: take another folder"
            )
        elif overwrite:
            raise UsageError(f"{self._name} holds files but no run of kerastl {self._kind.name}; it is not overwritten")
        elif resume:
            raise UsageError(f"{self._name} holds no run to resume")
        else:
            raise UsageError(
                f"{self._name} is not empty, and holds no run of kerastl {self._kind.name}: take another folder"
            )

    def _is_bare(self) -> bool:
        """Whether there is nothing in the folder but what marks and locks it."""
        return all(entry.name in (MARKER, LOCK) for entry in self.path.iterdir())

    def _found(self) -> str | None:
        """The kind of run that the folder holds; None where there is nothing that kerastl surely made."""
        marker = _json(self.path / MARKER)
        if marker is not None:
            return marker["kind"] if isinstance(marker.get("kind"), str) else None
        contents = {name: _json(self.path / name) or {} for name in self._kind.outputs if name.endswith(".json")}
        values = (_json(self.path / _STATE / "state.json") or {}).get("values")
        contents["state"] = values if isinstance(values, dict) else {}
        return self._kind.name if self._kind.older(contents) else None

    def _mark(self) -> None:
        marker = {"kind": self._kind.name, "format": _FORMAT, "kerastl": __version__}
        files.write_text(self.path / MARKER, json.dumps(marker) + "\n")

    def _clear(self) -> None:
        """Remove a run's files, and no others."""
        remove_files(self.path, called(map(re.escape, self._kind.outputs)))
        if is_ours(self.path / README):
            (self.path / README).unlink()
        self._remove_state()
        self._remove_features()

    def _remove_state(self) -> None:
        if not self.checkpoint.remove([MANIFEST, *self._kind.state]):
            self._say_left(self.checkpoint.folder)

    def _remove_features(self) -> None:
        if not FeatureCache(self.features, 0).clear():
            self._say_left(self.features)

    def _say_left(self, folder: Path) -> None:
        self._callback.warn(f"{printable(str(folder))} holds files that kerastl did not make; they stay")


def _json(file: Path) -> dict[str, Any] | None:
    """What a JSON file holds; None where it is not there, or no object."""
    try:
        found = json.loads(files.read_regular(file, _LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
