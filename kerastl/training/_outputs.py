"""The files that every run leaves in its folder, whatever it trains: their names, what they are, and how they come."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import files
from kerastl._base.serialization import write_csv
from kerastl._base.text import printable
from kerastl._version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HISTORY = "history.csv"
CURVES = "curves.png"
SKIPPED = "skipped.csv"
FILES = {
    HISTORY: "a row for each epoch",
    CURVES: "the same, drawn",
    SKIPPED: "images that could not be read, and why",
}
"""What they are, for the README."""


def write_history(folder: Path, columns: Sequence[str], history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch, with a header."""
    write_csv(folder / HISTORY, columns, ([row.get(column) for column in columns] for row in history))


def write_curves(folder: Path, figure: Figure) -> None:
    """Write the drawing of the history."""
    with files.replacing(folder / CURVES) as temporary:
        figure.savefig(temporary)


def write_skipped(folder: Path, skipped: Mapping[str, str]) -> None:
    """Write the images that could not be read, and why; nothing when there are none."""
    if not skipped:
        (folder / SKIPPED).unlink(missing_ok=True)
        return
    write_csv(folder / SKIPPED, ("path", "reason"), sorted(skipped.items()))


def skipped_in_short(skipped: Mapping[str, str]) -> str:
    """Say how many images could not be read, and the first of them; nothing when there are none."""
    if not skipped:
        return ""
    path, reason = min(skipped.items())
    return f"{len(skipped)} unreadable image{'s' * (len(skipped) > 1)} (the first: {printable(path)}: {reason})"


def versions(packages: Sequence[str]) -> dict[str, str]:
    """The versions of kerastl, of Python, and of those of these packages that are installed."""
    found = {"kerastl": __version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
