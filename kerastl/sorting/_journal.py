"""The journal of a folder that images were sorted into: each file is in it before it is touched."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import IO

from kerastl._base.files import open_regular
from kerastl._base.serialization import csv_line
from kerastl._base.text import ANY_NAME, brief
from kerastl.errors import KerastlError, UsageError

JOURNAL = "sort.csv"
COLUMNS = ("number", "action", "from", "to", "label", "score", "sha256")
MAX_BYTES = 1 << 30
"""Of a journal that is read: some four million images."""

FILE_ACTIONS = frozenset(("copy", "move", "link"))
"""Those of rows that tell of a file; each such row is written before its file is touched."""
OVER = frozenset(("failed", "undo"))
"""Those of rows which say that an earlier row of the same `to` holds no more."""
_KNOWN = FILE_ACTIONS | OVER | {"folder", "undoing", "start", "end"}

_HEAD = csv_line(COLUMNS).encode()
_NUMBER = re.compile("[0-9]{1,15}")


@dataclass(frozen=True)
class Row:
    """A row of the journal.

    Args:
        action: What is done: `copy`, `move` or `link` with a file; `folder` for one that is made; `failed`, `undoing`
            (before) and `undo` (after) of an earlier row; `start` and `end` of a run, whose `label` is the model and
            whose `score` is `min_score`.
        source: The file as it was, absolute.
        target: Where it goes: relative to the journal's folder, or absolute where it lies elsewhere.
        label: The class.
        score: Its score, as text.
        sha256: Of the content, of copies.
        number: That of the image, counted from 1: its sidecars have the same.
    """

    action: str
    source: str = ""
    target: str = ""
    label: str = ""
    score: str = ""
    sha256: str = ""
    number: str = ""

    def cells(self) -> list[str]:
        """The row in the order of `COLUMNS`."""
        *values, number = astuple(self)
        return [number, *values]


class Journal:
    """The rows of a folder's journal, and the file that more are appended to.

    Args:
        folder: Where it lies.

    Attributes:
        rows: All that were read or written, in their order.

    Raises:
        KerastlError: There is a file of this name that is no journal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / JOURNAL
        self.rows: list[Row] = []
        self._length = 0
        if os.path.lexists(self.file):
            self._load()

    def _load(self) -> None:
        with _opened(self.file, os.O_RDONLY) as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise KerastlError(f"{self.file}: is longer than {MAX_BYTES >> 20:,} MiB, and is not read")
        # Of the first row a killed process may have left a part; whatever else is there is somebody's file.
        if not content.startswith(_HEAD) and not _HEAD.startswith(content):
            raise KerastlError(f"{self.file}: is no journal of kerastl sort; take another folder")
        try:
            for number, (cells, length) in enumerate(_records(content), start=1):
                self._take(number, cells)
                self._length += length
        except csv.Error as error:
            raise KerastlError(f"{self.file}: record {len(self.rows) + 2:,} cannot be read ({error})") from None

    def _take(self, number: int, cells: list[str]) -> None:
        if len(cells) != len(COLUMNS):
            raise KerastlError(f"{self.file}: record {number:,} has {len(cells)} cells instead of {len(COLUMNS)}")
        if any("\0" in cell for cell in cells):
            raise KerastlError(f"{self.file}: record {number:,} holds a null byte, which no path has")
        if number == 1:
            return
        row = Row(*(*cells[1:], cells[0]))
        if row.action not in _KNOWN:
            raise KerastlError(
                f"{self.file}: record {number:,} has an action that is unknown here: {brief(row.action)!r}"
            )
        if os.pardir in Path(row.target).parts:
            raise KerastlError(f"{self.file}: record {number:,} leads out of the folder with '{os.pardir}'")
        self.rows.append(row)

    @property
    def tells_nothing(self) -> bool:
        """Whether nothing was ever done, but to make the folder itself."""
        return all(row.action in ("start", "end") or (row.action, row.target) == ("folder", ".") for row in self.rows)

    @property
    def unfinished(self) -> bool:
        """Whether its last run was interrupted when it had begun with files."""
        begun = False
        for row in reversed(self.rows):
            if row.action in ("start", "end"):
                return begun and row.action == "start"
            begun = begun or row.action in FILE_ACTIONS
        return False

    @property
    def model(self) -> str | None:
        """The model of its last run."""
        return next((row.label for row in reversed(self.rows) if row.action == "start"), None)

    @property
    def action(self) -> str | None:
        """What its last run did with files: the first row of each image tells, since some sidecars are copied."""
        found = None
        for row in reversed(self.rows):
            if row.action == "start":
                break
            found = row.action if row.action in FILE_ACTIONS else found
        return found

    @property
    def images(self) -> int:
        """The number of the last image."""
        return max((int(row.number) for row in self.rows if _NUMBER.fullmatch(row.number)), default=0)

    def open_rows(self) -> dict[str, Row]:
        """What was done to files and made, and not undone since, by `to`, in its order."""
        found: dict[str, Row] = {}
        for row in self.rows:
            if row.action in OVER:
                found.pop(row.target, None)
            elif row.action in FILE_ACTIONS or row.action == "folder":
                found.pop(row.target, None)
                found[row.target] = row
        return found

    def half_undone(self) -> list[Row]:
        """What was about to be undone, and may not have been."""
        found: dict[str, Row] = {}
        for row in self.rows:
            if row.action == "undoing":
                found[row.target] = row
            elif row.action in OVER:
                found.pop(row.target, None)
        return list(found.values())

    def last_image(self) -> list[Row]:
        """The rows of the last image: only these may tell of what was not done any more."""
        rows = [row for row in self.open_rows().values() if row.action in FILE_ACTIONS]
        return [row for row in rows if row.number == rows[-1].number]

    def path(self, row: Row) -> Path:
        """Where the file of a row went."""
        return self.folder / row.target

    def target(self, path: Path) -> str:
        """A path as rows hold it."""
        try:
            return str(path.relative_to(self.folder))
        except ValueError:
            return os.path.abspath(path)  # noqa: PTH100 - links stay what they are

    def append(self, rows: Iterable[Row]) -> None:
        """Append rows, which are on the disk when this returns.

        Raises:
            OSError: They cannot be written; half of them may be, and is cut off when more are.
        """
        rows = list(rows)
        text = "".join(csv_line(row.cells()) for row in rows).encode("utf-8", ANY_NAME)
        text = text if self._length else _HEAD + text
        with _opened(self.file, os.O_RDWR | os.O_CREAT) as stream:
            stream.truncate(self._length)  # half a row that a killed process left
            stream.seek(self._length)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        self._length += len(text)
        self.rows.extend(rows)

    def fail(self, rows: Iterable[Row]) -> None:
        """Note that what the rows say was not done."""
        self.append(replace(row, action="failed") for row in rows)


def check_unfinished(journal: Journal, resume: bool, model: str, action: str) -> None:
    """Refuse to go on where the journal says otherwise.

    Args:
        journal: As it was read.
        resume: Whether an interrupted run is to go on.
        model: The model's name.
        action: What is to be done with files.

    Raises:
        UsageError: The last run was interrupted, and this is none that goes on with it, or goes on with another model
            or action.
    """
    if resume and not journal.rows:
        raise UsageError(f"{journal.folder}: nothing was sorted there, so that nothing can be resumed")
    if not journal.unfinished:
        return
    if not resume:
        raise UsageError(
            f"{journal.folder}: the last run there was interrupted; --resume goes on with it, --undo takes it back"
        )
    if journal.model != model:
        raise UsageError(f"{journal.folder}: was begun with the model {journal.model!r}. Received: {model!r}")
    if journal.action != action:
        raise UsageError(f"{journal.folder}: was begun with the action {journal.action}. Received: {action}")


def _opened(file: Path, flags: int) -> IO[bytes]:
    """The journal's file, which must be one: no link is followed, no pipe waited for."""
    try:
        return open_regular(file, flags)
    except ValueError:
        raise KerastlError(f"{file}: is no regular file; a journal is one") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise KerastlError(f"{file}: is a link; a journal is none") from None
        raise


def _records(content: bytes) -> Iterator[tuple[list[str], int]]:
    """The complete records, each with its length in bytes; what a killed process began is left out."""
    begun: list[bytes] = []
    quotes = 0
    for line in io.BytesIO(content):
        begun.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0 and line.endswith(b"\n"):
            record = b"".join(begun)
            text = record.decode("utf-8", ANY_NAME)
            yield next(csv.reader(io.StringIO(text, newline="")), []), len(record)
            begun, quotes = [], 0
