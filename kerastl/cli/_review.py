"""`kerastl review`: which labels look wrong, and what to label next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import csv_line, to_json
from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from kerastl.reviewing import Review


@command()
@click.argument("run", required=False, metavar="[RUN]", shell_complete=completion.paths)
@option("--db", type=click.Path(file_okay=False), metavar="DIR", help="The folder of the index, instead of RUN.")
@option("--data", type=click.Path(exists=True), metavar="DIR", help="Where the images of RUN lie now.")
@option(
    "--unlabeled", multiple=True, metavar="SOURCE",
    help="Images, a folder or a pattern to choose from what to label next, beside RUN. Can be given again.",
)  # fmt: skip
@option(
    "--top", "-k", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
    help="Images to label next, and rows of each kind that text shows.",
)  # fmt: skip
@option(
    "--page", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write an HTML page on which labels are accepted or corrected by keys, and saved as a table.",
)  # fmt: skip
@option(
    "--page-images", type=click.IntRange(min=1), default=200, show_default=True, metavar="N",
    help="That the page holds at most: label errors first, then what to label next, then outliers.",
)  # fmt: skip
@options.form("text", "json", "csv", text="JSON and CSV hold all that was found.")
@answer_options.engine()
@options.seed()
@options.csv_safe("In CSV")
@options.trust
@options.telling
def review(
    run: str | None, form: str, page: Path | None, page_images: int, csv_safe: bool, top: int, **given: Any
) -> int:
    """Find labels that look wrong, odd images, and what to label next.

    RUN is the run folder of a model whose head was solved (recipe probe). Each of its training images is judged by
    a head that was solved without it; so are the labeled images of an index with --db, which needs no run.

    Labels are compared by confident learning. Outliers are images far from all others of their class. What to label
    next are images without a label that the model is unsure of and that are unlike each other: those of the index, or
    of --unlabeled.

    --page writes one HTML file that needs no network: Enter accepts a label, the keys 1 to 9 correct it, and what was
    decided is saved as a table for kerastl relabel and kerastl finetune. Nothing is changed in the images.

    CSV: kind (label_error, outlier, label_next), rank, path, label, suggestion, label_score, suggestion_score, margin,
    distance, nearest.

    Exit code: 0 done, 1 could not be done, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._base.extras import require_module
    from kerastl._base.files import check_target
    from kerastl._base.text import printable
    from kerastl.cli import _output as out
    from kerastl.reviewing import review as look
    from kerastl.reviewing import write_review_page

    if form == "text":
        require_module("rich")
    if page is not None:
        require_module("jinja2")
        check_target(page, "--page")
    found = look(run, top=top, **given)
    if page is not None:
        write_review_page(found, page, images=page_images)
        progress.current().say(f"page: {printable(str(page))}")
    if form == "json":
        click.echo(to_json(found.as_dict()))
    elif form == "csv":
        with out.opened(None) as stream:
            for text in _csv(found, csv_safe):
                stream.write(out.for_terminal(text) if stream.isatty() else text)
    else:
        _show(found, top)
    return 0


def _csv(found: Review, safe: bool) -> list[str]:
    from kerastl.reviewing._result import COLUMNS

    return [csv_line(COLUMNS), *(csv_line(row, safe=safe) for row in found.rows())]


def _show(found: Review, top: int) -> None:
    from kerastl.cli._console import console, line, table

    out = console()
    line(out, f"{found.source}: {found.reviewed:,} of {found.images:,} labels reviewed, {found.unlabeled:,} without")
    for note in found.notes:
        line(out, note, "dim")
    errors = [
        [one.path, one.label, one.suggestion, f"{one.label_score:.2f}", f"{one.suggestion_score:.2f}"]
        for one in found.label_errors[:top]
    ]
    outliers = [[one.path, one.label, f"{one.distance:.2f}", one.nearest] for one in found.outliers[:top]]
    following = [[one.path, one.suggestion, f"{one.suggestion_score:.2f}"] for one in found.label_next[:top]]
    for title, count, headings, rows in (
        ("Labels that look wrong", len(found.label_errors), ["image", "label", "rather", "score", "its score"], errors),
        ("Unlike the others of their class", len(found.outliers), ["image", "label", "distance", "nearest"], outliers),
        ("To label next", len(found.label_next), ["image", "perhaps", "score"], following),
    ):
        if rows:
            line(out, f"{title}: {count:,}", "bold")
            table(out, headings, _brief(rows), spare=list(headings[3:]))
            if count > len(rows):
                line(out, f"{count - len(rows):,} more; --format csv has them all", "dim")
    if not (errors or outliers or following):
        line(out, "Nothing looks wrong.")


def _brief(rows: list[list[str]]) -> list[list[str]]:
    from kerastl._base.text import brief

    return [[brief(cell) for cell in row] for row in rows]
