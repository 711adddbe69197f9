"""Files of arrays that a run keeps, read as if anybody could have written them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from kerastl._base import files
from kerastl.models._saved.arrays import read_npz

_LARGEST = 1 << 29  # bytes of a file


def write_arrays(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by their names."""
    with files.replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def read_arrays(file: Path, kinds: Mapping[str, tuple[str, int]], needed: Collection[str]) -> dict[str, np.ndarray]:
    """Read what `write_arrays` has written.

    Args:
        file: Of at most 512 MiB.
        kinds: Of each array the kind of its numbers and how many axes it has.
        needed: Names of those that must be there.

    Raises:
        ValueError: That cannot be done, or one that is needed is not there.
    """
    try:
        found = read_npz(files.read_regular(file, _LARGEST), kinds)
    except (KeyError, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from None
    if missing := set(needed) - found.keys():
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    return found
