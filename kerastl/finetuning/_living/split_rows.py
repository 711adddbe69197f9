"""The rows of `split.csv` that stand for images whose content is known."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Collection
from pathlib import Path

from kerastl._base import files
from kerastl._base.serialization import write_csv
from kerastl.data._file_inspection import content_hashes
from kerastl.data._training_record import content_number
from kerastl.training._readme import README, is_ours

_LARGEST = 1 << 29  # bytes
_PATH, _LABEL = 0, 1


class SplitRows:
    """The table of images in a run folder.

    Args:
        file: `split.csv`; where it is none, there are no rows.
        root: Where its paths start.
    """

    def __init__(self, file: Path, root: Path) -> None:
        self._root = root
        self._rows: list[list[str]] = []
        if file.is_file():
            text = files.read_regular(file, _LARGEST).decode(errors="surrogateescape")
            self._rows = list(csv.reader(io.StringIO(text, newline="")))
        self._columns = self._rows.pop(0) if self._rows else []

    def of(self, images: Collection[Path], contents: Collection[int]) -> list[int]:
        """Numbers of the rows of some images.

        Args:
            images: Files with them, wherever they lie: what the table names and is not there is known by
                the end of their paths.
            contents: The beginnings of their content hashes. A file in the table is compared if it is as large as one.
        """
        sizes = {image.stat().st_size for image in images}
        named = [f"/{image.absolute().as_posix()}" for image in images]
        found, candidates = [], []
        for number, row in enumerate(self._rows):
            file = self._root / (row[_PATH] if row else "")
            try:
                if file.stat().st_size in sizes:
                    candidates.append((number, file))
            except (OSError, ValueError):
                if row and any(name.endswith(f"/{row[_PATH]}") for name in named):
                    found.append(number)
        hashes = content_hashes([file for _, file in candidates])
        found += [
            number for (number, _), text in zip(candidates, hashes, strict=True) if content_number(text) in contents
        ]
        return sorted(found)

    def without(self, numbers: Collection[int]) -> None:
        """Take rows out."""
        gone = set(numbers)
        self._rows = [row for number, row in enumerate(self._rows) if number not in gone]

    def relabel(self, numbers: Collection[int], label: str) -> None:
        """Give rows another label."""
        for number in numbers:
            self._rows[number][_LABEL] = label

    def add(self, image: Path, label: str) -> None:
        """Add a row for an image that trains."""
        path = image.absolute()
        root = self._root.absolute()
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        self._rows.append([name, label, "train", *[""] * (len(self._columns) - 3)])

    def write(self, file: Path) -> None:
        """Write the table, if there was one."""
        if self._columns:
            write_csv(file, self._columns, self._rows)


def data_of(run: Path) -> str:
    """Where the images of a run lie, as its README says; empty where it does not."""
    readme = run / README
    if not is_ours(readme):
        return ""
    for line in files.read_regular(readme, 1 << 20).decode(errors="replace").splitlines():
        if line.startswith("    kerastl evaluate "):
            try:
                words = shlex.split(line)
            except ValueError:
                return ""
            return words[3] if len(words) > 3 else ""
    return ""
