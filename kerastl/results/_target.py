"""Where results in parts go, and which of them: checked before a network is loaded for them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.extras import require
from kerastl._base.files import check_folder, folder_path
from kerastl.errors import UsageError
from kerastl.results._formats import RESULT_FORMATS
from kerastl.results._manifest import DONE, MANIFEST
from kerastl.results._shard import Shard, parse_shard

PART_SIZE = 4096
"""Images a part, where nothing is said: a minute's work of a core or two, and a power of two, which batches divide."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a path has lost one of the two strokes


def _check_folder(folder: Path, form: str) -> None:
    """Refuse a folder that results cannot be written into: a file, an address, or one that holds other things."""
    if _ADDRESS.match(os.fspath(folder)):
        raise UsageError(f"--output {folder}: must be a folder of this machine")
    require(f"--format {form}", "search", *RESULT_FORMATS[form].modules)  # type: ignore[index]
    check_folder(folder, "--output")
    own = file_names(folder)
    if not any(map(MANIFEST.fullmatch, own)) and any(not _is_passing(name) for name in own):
        raise UsageError(f"--output {folder}: is not empty, and holds no results: take a new folder")


def file_names(folder: Path) -> list[str]:
    """The names of what is in a folder, if it is there, sorted."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_passing(name: str) -> bool:
    """Whether a file may be that of a shard which has just begun, or is hidden."""
    return name.startswith(".") or DONE.fullmatch(name) is not None


@dataclass(frozen=True)
class PartsTarget:
    """Results in parts.

    Args:
        folder: Where they go.
        format: Of the parts, a name of `RESULT_FORMATS`.
        part_size: Images a part.
        shard: Which of the images.
    """

    folder: Path
    format: str
    part_size: int
    shard: Shard


def parts_target(
    output: str | os.PathLike[str], form: str, part_size: int | None = None, shard: str | None = None
) -> PartsTarget:
    """Check what was given.

    Args:
        output: The folder.
        form: The format.
        part_size: Images a part; `PART_SIZE` where nothing is said.
        shard: As for `parse_shard`.

    Raises:
        UsageError: One of these is wrong.
        KerastlError: The folder cannot be written, or a package is missing.
    """
    if form not in RESULT_FORMATS:
        raise UsageError(f"format must be one of {', '.join(RESULT_FORMATS)}, for results in parts. Received: {form!r}")
    size = PART_SIZE if part_size is None else part_size
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"part_size must be a whole number from 1 on. Received: {size!r}")
    found = PartsTarget(folder_path(output, "output"), form, size, parse_shard(shard))
    _check_folder(found.folder, form)
    return found
