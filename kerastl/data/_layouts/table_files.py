"""Read tables of text, a row at a time: CSV, TSV, what Excel exports, plain lists."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from kerastl._base.text import printable
from kerastl.errors import DataError

SUFFIXES = frozenset({".csv", ".tsv"})
"""Tables that are looked for in a folder."""
LISTS = frozenset({".txt", ".lst", ".tab", ".dat"})
"""Tables that are read when they are named."""
JSON_LINES = ".jsonl"
"""Objects a line, read where they are named, and as `metadata.jsonl`, beside images as Hugging Face lays them out."""
METADATA = "metadata.jsonl"
OFFICE = frozenset({".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".parquet", ".feather"})
"""Tables that something else must turn into text."""
MOST_BYTES = 512 << 20
_LONGEST_LINE = 1 << 20
_SAMPLE = 200
_DELIMITERS = ",;\t|"
# With a mark at the beginning of the file; the 32-bit ones begin with those of 16 bits.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """A header and rows of text, from wherever they come.

    Args:
        name: For messages.
        header: The names of the columns.
        read: Gives the rows anew, each with its number or index and as many cells as the header or more.
        headed: Whether the header was in the table; else it only counts the columns.
        row: What a row is called.
    """

    name: str
    header: tuple[str, ...]
    read: Callable[[], Iterable[tuple[object, Sequence[str]]]]
    headed: bool = True
    row: str = "row"

    @property
    def file_name(self) -> str:
        """The name without the way to it."""
        return Path(self.name).name

    def below(self, root: Path) -> str:
        """The way to it from a folder that holds it; else its name."""
        path = Path(self.name)
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

    def where(self, number: object) -> str:
        """What to call a row in messages."""
        return f"{self.name}: {self.row} {number}"

    def some(self, places: Sequence[int], most: int = 5) -> str:
        """The names of some columns, for people."""
        shown = ", ".join(printable(self.header[place])[:40] for place in places[:most])
        return shown + (", ..." if len(places) > most else "")

    def sample(self, most: int = _SAMPLE) -> list[Sequence[str]]:
        """The cells of the first rows."""
        return [cells for _, cells in islice(self.read(), most)]

    def without_header(self) -> Table:
        """The same table, its first line being a row."""
        header = tuple(f"column {number}" for number in range(1, len(self.header) + 1))

        def read() -> Iterator[tuple[object, Sequence[str]]]:
            yield 1, self.header
            yield from self.read()

        return Table(self.name, header, read, headed=False)


def open_table(path: Path) -> Table:
    """Look at the beginning of a table.

    Raises:
        DataError: It cannot be read, is too large, or is no table of text.
    """
    if path.suffix.lower() in OFFICE:
        raise DataError(f"{path}: is no text; save the table as CSV (UTF-8), and name that")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            encoding = _encoding(file.read(4))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if size > MOST_BYTES:
        raise DataError(f"{path}: is too large for a table of labels ({size >> 20:,} MB; {MOST_BYTES >> 20} at most)")
    if path.suffix.lower() == JSON_LINES:
        from kerastl.data._layouts.json_lines import json_table

        return json_table(path, lambda: _lines(path, encoding))
    skipped, delimiter, first = _beginning(_lines(path, encoding))
    if "\0" in first:
        raise DataError(f"{path}: is no table of text")
    split = _splitter(first, path.suffix.lower() in LISTS, delimiter)
    header = tuple(cell.strip() for cell in next(iter(split([first])), []))

    def rows() -> Iterator[tuple[object, Sequence[str]]]:
        lines = split(islice(_lines(path, encoding), skipped, None))
        next(lines, None)
        return _checked(path, header, lines, skipped + 2)

    return Table(str(path), header, rows)


def _encoding(beginning: bytes) -> str:
    return next((encoding for mark, encoding in _MARKS if beginning.startswith(mark)), "utf-8-sig")


def _lines(path: Path, encoding: str) -> Iterator[str]:
    # Names of files need not be UTF-8; labels are checked.
    errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
    try:
        with path.open(encoding=encoding, errors=errors, newline="") as file:
            yield from _limited(file, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeError:
        raise DataError(f"{path}: is not {encoding.upper()}, as its beginning says; save it as UTF-8") from None


def _limited(file: IO[str], path: Path) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise DataError(f"{path}: is no table of text (a line is longer than {_LONGEST_LINE:,} characters)")
        yield line


def _beginning(lines: Iterator[str]) -> tuple[int, str, str]:
    """The number of lines before the header, the delimiter that one of them names, and the header."""
    delimiter = ""
    for number, line in enumerate(lines):
        text = line.strip()
        if found := re.fullmatch(r'"?sep=(.)"?', line.strip("\r\n"), re.IGNORECASE):  # for Excel
            delimiter = found[1]
        elif text and not (text.startswith("#") and not any(one in text for one in _DELIMITERS)):
            return number, delimiter, line
    return 0, delimiter, ""


def _splitter(first: str, is_list: bool, delimiter: str) -> Callable[[Iterable[str]], Iterator[list[str]]]:
    # The header decides: names of columns hold no delimiters, while paths and labels may hold any.
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    if is_list and delimiter not in first:
        return _split_lists
    return lambda lines: csv.reader(lines, delimiter=delimiter)


def _split_lists(lines: Iterable[str]) -> Iterator[list[str]]:
    """Lines of a path and a label with a space between; the path may have spaces in it."""
    for line in lines:
        yield re.split(r"\s+(?=\S+$)", line.strip()) if line.strip() else []


def _checked(
    path: Path, header: Sequence[str], lines: Iterator[list[str]], first: int
) -> Iterator[tuple[object, Sequence[str]]]:
    width = len(header)
    try:
        for number, row in enumerate(lines, start=first):
            if len(row) > width and any(cell.strip() for cell in row[width:]):
                raise DataError(
                    f"{path}: row {number} has {len(row)} cells, the header {width}; a cell with the delimiter in it "
                    'needs quotes ("salmon, smoked")'
                )
            is_header = [cell.strip() for cell in row] == list(header)  # again, where tables were joined
            if any(cell.strip() for cell in row) and not is_header:
                yield number, row if len(row) >= width else row + [""] * (width - len(row))
    except csv.Error as error:
        raise DataError(f"{path}: is no readable table ({error})") from error
