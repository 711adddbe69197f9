"""The state of a run on disk: whole at any moment, whatever is killed when.

`state.json` names the array files that belong to it. New arrays are written under new names first, then
`state.json` is replaced in one step, then the old arrays go. It bears the number of its format and a hash of itself;
zip archives, which the array files are, hold checksums already.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base import files
from kerastl._base.text import printable
from kerastl.errors import StateError
from kerastl.training._disk import called, remove_files, remove_if_empty

FORMAT = 3
"""Counts the ways in which states were written; a run goes on only from one of its own way."""

_STATE = "state.json"
_LARGEST = 1 << 26  # bytes; a thousand classes and epochs take far fewer
_ARRAYS = r"\d+-[a-z]+\.npz"
# Whatever is wrong with an array file: zipfile, zlib and NumPy have many words for it.
_BROKEN = (
    OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, OverflowError, MemoryError,
    NotImplementedError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class Checkpoint:
    """A folder that holds one state.

    Args:
        folder: Made at the first `save`.

    Example:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from kerastl.training import Checkpoint
        >>> Checkpoint(Path("state")).save({"epoch": 3}, {"weights": [np.ones(4)]})
        >>> Checkpoint(Path("state")).load(), Checkpoint(Path("state")).arrays("weights")
        ({'epoch': 3}, [array([1., 1., 1., 1.])])
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> dict[str, Any] | None:
        """Return the values given to the last `save` that was completed; None when there is none.

        Raises:
            StateError: The state is there, but cannot be read, or was written by another version of kerastl.
        """
        stored = self._stored()
        return None if stored is None else stored["values"]

    def arrays(self, name: str) -> list[np.ndarray]:
        """Return the arrays that the last completed `save` holds under `name`.

        Raises:
            StateError: They cannot be read.
        """
        stored = self._stored()
        if stored is None or name not in stored["files"]:
            raise self._damaged(f"it holds no arrays called {name}")
        file = stored["files"][name]
        try:
            return _read_arrays(self.folder / file)
        except _BROKEN as error:
            raise self._damaged(f"{file}: {_first_line(error)}") from None

    def save(self, values: dict[str, Any], arrays: Mapping[str, Sequence[np.ndarray] | None]) -> None:
        """Replace the state.

        Args:
            values: JSON values.
            arrays: Name to arrays; None keeps those of the state before under this name, if any.

        Raises:
            OSError: The disk is full; the state before stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        stored = self._stored()
        before = {} if stored is None else stored["files"]
        number = 1 + max((int(name.split("-")[0]) for name in before.values()), default=0)
        now: dict[str, str] = {}
        for name, content in arrays.items():
            if content is not None:
                now[name] = f"{number}-{name}.npz"
                with files.replacing(self.folder / now[name]) as temporary, temporary.open("wb") as stream:
                    np.savez(stream, *content)
            elif name in before:
                now[name] = before[name]
        state = json.loads(json.dumps({"format": FORMAT, "files": now, "values": values}))  # as it will be read
        files.write_text(self.folder / _STATE, json.dumps({**state, "hash": _hash(state)}))
        self._remove_all_but(now.values())

    @property
    def exists(self) -> bool:
        """Whether there is a state, readable or not."""
        return (self.folder / _STATE).exists()

    def remove(self, others: Sequence[str] = ()) -> bool:
        """Remove the state; return whether nothing else is left in its folder.

        Args:
            others: Names of files that lie beside it and go with it.
        """
        remove_files(self.folder, called([*map(re.escape, (_STATE, *others)), _ARRAYS]))
        return remove_if_empty(self.folder)

    def _stored(self) -> dict[str, Any] | None:
        """The content of `state.json`, which is what `save` wrote; None where there is none."""
        try:
            state = json.loads(files.read_regular(self.folder / _STATE, _LARGEST))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(_first_line(error)) from None
        if not isinstance(state, dict):
            raise self._damaged("it is no state of a run")
        if state.get("format") != FORMAT:
            raise StateError(
                f"{self.folder / _STATE} was written by another version of kerastl (format "
                f"{printable(str(state.get('format', 'unknown')))[:40]}, this one reads {FORMAT}): go on with that "
                "version, or --overwrite starts anew"
            )
        if state.pop("hash", None) != _hash(state) or not _is_state(state):
            raise self._damaged("its content is not what was written")
        return state

    def _damaged(self, reason: str) -> StateError:
        return StateError(f"the state in {self.folder} is damaged ({printable(reason)}); --overwrite starts anew")

    def _remove_all_but(self, names: Any) -> None:
        keep = "|".join(map(re.escape, names))
        others = f"(?!(?:{keep})$){_ARRAYS}" if keep else _ARRAYS
        remove_files(self.folder, called([others]))


def _is_state(state: Mapping[str, Any]) -> bool:
    """Whether the state names nothing but files of its own folder."""
    values, stored = state.get("values"), state.get("files")
    named = isinstance(stored, dict) and all(
        isinstance(file, str) and re.fullmatch(_ARRAYS, file, re.ASCII) for file in stored.values()
    )
    return named and isinstance(values, dict)


def _read_arrays(file: Path) -> list[np.ndarray]:
    """What `numpy.savez` wrote; raises one of `_BROKEN`."""
    if not file.is_file():
        raise ValueError("it is no file" if file.exists() else "it is not there")
    # Opened here, since NumPy leaves open what is no archive.
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        if sum(entry.file_size for entry in archive.zip.infolist()) > file.stat().st_size:
            raise ValueError("it would unpack to more than it holds")
        return [archive[f"arr_{number}"] for number in range(len(archive.files))]


def _hash(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
