"""An export on the terminal: where the files are, how they compare with the Keras model, and what to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerastl.exporting import ExportResult

# What a narrow terminal shows last.
_SPARE = ("MB", "ECE", "ms", "diff")


def show(result: ExportResult) -> None:
    """Print what became of an export; why other formats were not written, warnings have said."""
    from kerastl.cli._console import console, line, table

    out = console()
    for text in result.places():
        line(out, text)
    line(out, "")
    line(out, result.proof.title)
    headings = result.proof.headings
    table(out, headings, result.proof.table(), spare=[name for name in _SPARE if name in headings])
    for text in (*result.proof.intervals(), *result.proof.notes):
        line(out, text)
