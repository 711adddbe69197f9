"""Lines and tables for people, on a terminal of any width and in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerastl._base.text import brief, message

if TYPE_CHECKING:
    from rich.console import Console

# A file has no right edge; rich would take 80 columns for it and cut what does not fit.
_NO_EDGE = 10_000
# Below this a column of names is no longer readable, and columns of numbers give way.
_LEAST_NAME = 16


def console() -> Console:
    """Standard output, which takes what it is given as text: no markup, no emoji codes, no colors of numbers."""
    import os
    import sys

    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _NO_EDGE
    return Console(highlight=False, soft_wrap=True, markup=False, emoji=False, width=width)


def line(to: Console, text: str, style: str | None = None) -> None:
    """Write one line, whatever names are in it."""
    to.print(message(text), style=style)


def table(
    to: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    spare: Sequence[str] = (),
    total: Sequence[str] | None = None,
) -> None:
    """Write a table of names and numbers.

    Where the terminal is too narrow, names go on in the next line, and columns of numbers are left out, which is said.

    Args:
        to: Where to.
        headings: Of the columns; the first holds names, the others numbers.
        rows: Their cells; missing ones at the end are empty.
        spare: The columns that may be left out, the first of them first.
        total: A last row, set apart.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    all_rows = [*rows, *([] if total is None else [total])]
    kept, left_out = _kept(to.width, headings, all_rows, spare)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    made.add_column(headings[0], overflow="fold", min_width=min(_LEAST_NAME, _widest(0, headings, all_rows)))
    for column in kept:
        made.add_column(headings[column], justify="right", no_wrap=True)
    for number, row in enumerate(all_rows):
        if total is not None and number == len(rows):
            made.add_section()
        cells = [row[column] if column < len(row) else "" for column in kept]
        made.add_row(Text(brief(row[0])), *map(Text, cells))
    to.print(made, soft_wrap=False)
    if left_out:
        to.print(f"too narrow for: {', '.join(left_out)}", style="dim")


def _kept(
    width: int, headings: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str]
) -> tuple[list[int], list[str]]:
    """The columns of numbers that fit beside the names, and the headings of those that do not."""
    kept, left_out = list(range(1, len(headings))), []
    names = min(_LEAST_NAME, _widest(0, headings, rows))
    for heading in spare:
        # Between columns stand three spaces, and one at each edge of the table.
        if names + sum(3 + _widest(column, headings, rows) for column in kept) + 2 <= width:
            break
        kept.remove(headings.index(heading))
        left_out.append(heading)
    return kept, left_out


def _widest(column: int, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    from rich.cells import cell_len

    cells = [row[column] for row in rows if column < len(row)]
    return max(cell_len(brief(cell)) for cell in [headings[column], *cells])
