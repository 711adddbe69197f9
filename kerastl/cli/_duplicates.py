"""`kerastl duplicates`: the copies among the images of an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerastl.duplicates import Duplicates


@command()
@options.db
@option(
    "--output", "-o", type=click.Path(dir_okay=False), metavar="FILE",
    help="Write to FILE, which appears when it is complete; - is standard output.",
)  # fmt: skip
@options.form("text", "json", "csv")
@options.csv_safe("In CSV")
@options.telling
def duplicates(db: Path, output: str | None, form: str, csv_safe: bool) -> int:
    """Find the copies among the images of an index.

    Found are copies that were cropped (to a quarter of the area or more), mirrored, resized, recompressed, made
    brighter or darker, or turned by a few degrees, also several of these. Images whose vectors are near each other are
    compared by their pixels; all parts of two copies agree, but for the edges.

    Of each group the image to keep comes first: that with the most pixels, or else the largest file, which is
    compressed least. Nothing is moved or removed.

    Paths start at the root of the index, which `kerastl index --info` says.

    JSON: root, images, copies, groups (lists of path, width, height, size, keep, and reason or kinds and shows),
    failed. CSV has a row an image.

    Exit code: 0 done, 1 some images could not be read, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._base.serialization import to_json
    from kerastl.cli import _output as out
    from kerastl.duplicates._find import find_duplicates

    out.check(output)
    found = find_duplicates(db)
    reporter = progress.current()
    lines = {"text": _text, "json": lambda found, _: [f"{to_json(found.as_dict())}\n"], "csv": _csv}[form]
    with out.opened(output) as stream:
        for line in lines(found, csv_safe):
            reporter.write(stream, line)
    reporter.say(f"kerastl: {found}")
    for path, reason in found.failed.items():
        reporter.complain(f"kerastl: {path}: {reason}")
    return 1 if found.failed else 0


def _text(found: Duplicates, safe: bool) -> Iterator[str]:
    for number, group in enumerate(found.groups, start=1):
        yield f"{number}. keep {group[0]}\n"
        for copy in group[1:]:
            yield f"   copy {copy}\n"


def _csv(found: Duplicates, safe: bool) -> Iterator[str]:
    from kerastl._base.serialization import csv_line
    from kerastl.duplicates._result import COLUMNS

    yield csv_line(COLUMNS)
    for number, group in enumerate(found.groups, start=1):
        for copy in group:
            yield csv_line(copy.cells(number), safe=safe)
