from dataclasses import dataclass

import pytest

from kerastl._inputs import Expanded
from kerastl.results._columns import Column, RowLayout
from kerastl.results._manifest import asked
from kerastl.results._target import parts_target
from kerastl.results._writing import PartsFolder


@dataclass(frozen=True)
class Length:
    """A result without a network: how long a name is."""

    path: str
    length: int
    error: str | None = None


LAYOUT = RowLayout(
    (Column("path", "text"), Column("length", "integer"), Column("error", "text")),
    lambda row: [row.path, row.length, row.error],
    lambda row: {"path": row.path, "length": row.length, "error": row.error},
)


def lengths(names):
    """Those that begin with `bad` fail."""
    for name in names:
        yield Length(name, len(name), "it is bad" if name.startswith("bad") else None)


@pytest.fixture
def opened():
    """Opens a folder for the lengths of names."""

    def opened(folder, form="jsonl", part_size=3, shard=None, **question):
        fields = {"command": "lengths", "model": "m", "identity": "i", "engine": "e", "options": {}} | question
        sources = fields.pop("sources", ["names"])
        question = asked(sources, format=form, part_size=part_size, **fields)
        return PartsFolder(parts_target(folder, form, part_size, shard), question, LAYOUT)

    return opened


@pytest.fixture
def write(opened):
    """Writes the lengths of names; returns those that were computed, which stop after some."""

    def write(folder, names, stop_after=None, **question):
        seen = []

        def note(row):
            if len(seen) == stop_after:
                raise KeyboardInterrupt
            seen.append(row.path)

        with opened(folder, **question) as parts:
            parts.write(Expanded(names, urls=True), lengths, note)
        return seen

    return write


@pytest.fixture
def contents():
    """What is in a folder, by name, but for hidden files."""
    return lambda folder: {file.name: file.read_bytes() for file in folder.iterdir() if file.name[0] != "."}
