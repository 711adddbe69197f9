"""The state of a run on disk: whole at any moment, whatever is killed when.

`state.json` names the array files that belong to it. New arrays are written under new names first, then
`state.json` is replaced in one step, then the old arrays go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastl import files
from kerastl.errors import TrainingError

_STATE = "state.json"


class Checkpoint:
    """A folder that holds one state.

    Args:
        folder: Made at the first `save`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> dict[str, Any] | None:
        """Return the values given to the last `save` that was completed; None when there is none.

        Raises:
            TrainingError: The state is there but cannot be read.
        """
        try:
            return json.loads((self.folder / _STATE).read_text(encoding="utf-8"))["values"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(f"{self.folder / _STATE} cannot be read ({error}); --overwrite starts anew") from None

    def arrays(self, name: str) -> list[np.ndarray]:
        """Return the arrays that the last completed `save` holds under `name`.

        Raises:
            TrainingError: They cannot be read.
        """
        try:
            file = self.folder / self._files()[name]
            with np.load(file, allow_pickle=False) as stored:
                return [stored[f"arr_{number}"] for number in range(len(stored.files))]
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(
                f"the state in {self.folder} cannot be read ({error}); --overwrite starts anew"
            ) from None

    def save(self, values: dict[str, Any], arrays: Mapping[str, Sequence[np.ndarray] | None]) -> None:
        """Replace the state.

        Args:
            values: JSON values.
            arrays: Name to arrays; None keeps those of the state before under this name, if any.

        Raises:
            OSError: The disk is full; the state before stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self._files()
        number = 1 + max((int(name.split("-")[0]) for name in before.values()), default=0)
        now: dict[str, str] = {}
        for name, content in arrays.items():
            if content is not None:
                now[name] = f"{number}-{name}.npz"
                with files.replacing(self.folder / now[name]) as temporary, temporary.open("wb") as stream:
                    np.savez(stream, *content)
            elif name in before:
                now[name] = before[name]
        files.write_text(self.folder / _STATE, json.dumps({"files": now, "values": values}))
        self._remove_all_but(now.values())

    def _files(self) -> dict[str, str]:
        try:
            return json.loads((self.folder / _STATE).read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError, KeyError):
            return {}

    def _remove_all_but(self, names: Any) -> None:
        keep = {_STATE, *names}
        for file in self.folder.iterdir():
            if file.name not in keep and file.suffix in (".npz", ".json"):
                file.unlink(missing_ok=True)
