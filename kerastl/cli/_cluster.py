"""`kerastl cluster`: groups of the images of an index, as a table or as folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.cli._sort import folder, undo_folder
from kerastl.errors import ImageError, UsageError

if TYPE_CHECKING:
    from kerastl.clustering import Clusters


class _Number(click.ParamType):
    """A number of clusters, or `auto`."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | Literal["auto"]:
        """Read it."""
        if value == "auto":
            return "auto"
        return click.IntRange(min=1).convert(value, param, ctx)


@command()
@folder("--db", help="The folder of the index.")
@option("--clusters", type=_Number(), default="auto", show_default=True, metavar="N", help="How many groups.")
@option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the groups.")
@folder("--output", "-o", help="Bring the images into a folder a group in DIR.")
@option("--copy", "action", flag_value="copy", default="copy", help="With --output: copy the files.  [default]")
@option("--move", "action", flag_value="move", help="With --output: move the files.")
@option("--link", "action", flag_value="link", help="With --output: make symbolic links to the files.")
@option("--dry-run", is_flag=True, help="With --output: tell what would be done, and do nothing.")
@option("--resume", is_flag=True, help="With --output: go on with a run that was interrupted.")
@folder("--undo", help="Take back what was done with DIR, and do nothing else.")
@options.form("text", "json", "csv")
@options.csv_safe("In CSV")
@options.telling
def cluster(
    db: Path | None,
    clusters: int | Literal["auto"],
    seed: int,
    output: Path | None,
    undo: Path | None,
    form: str,
    csv_safe: bool,
    **given: Any,
) -> int:
    """Find groups of images that belong together, without labels.

    The groups are named by what the model of the index says of their images more than of others. auto takes the number
    of groups that is found again best when halves of the images are grouped by themselves.

    Text tells of the groups, with the images nearest to the middle of each; JSON and CSV have all images. Paths start
    at the root of the index, which `kerastl index --info` says and JSON has, too. With --output
    they are brought into folders, as by kerastl sort: nothing is overwritten, DIR/sort.csv says of each file where it
    was and where it went, and --undo DIR takes it back.

    Exit code: 0 done, 1 some images could not be brought, 2 wrong usage.
    """
    if undo is not None:
        return undo_folder(undo, given["dry_run"], "text" if form == "csv" else form)
    if db is None:
        raise UsageError("--db DIR is missing: the index, which kerastl index makes")
    if output is None and (beside := [name for name in ("dry_run", "resume") if given[name]]):
        raise UsageError(f"--{beside[0].replace('_', '-')} is for --output DIR, which is missing")
    from kerastl import _progress as progress
    from kerastl.cli import _output as out
    from kerastl.clustering import cluster as find

    found = find(db, clusters, seed=seed)
    with out.opened(None) as stream:
        for line in _LINES[form](found, csv_safe):
            progress.current().write(stream, line)
    progress.current().say(f"kerastl: {found}")
    return 0 if output is None else _sort(found, db, output, given)


def _text(found: Clusters, safe: bool) -> Iterator[str]:
    return (f"{cluster}\n" for cluster in found)


def _json(found: Clusters, safe: bool) -> Iterator[str]:
    from kerastl._base.serialization import to_json

    yield f"{to_json(found.as_dict())}\n"


def _csv(found: Clusters, safe: bool) -> Iterator[str]:
    from kerastl._base.serialization import csv_line
    from kerastl.clustering._result import COLUMNS

    yield csv_line(COLUMNS)
    for image in found.images:
        yield csv_line(image.cells(), safe=safe)


_LINES = {"text": _text, "json": _json, "csv": _csv}


def _sort(found: Clusters, db: Path, output: Path, given: dict[str, Any]) -> int:
    from kerastl import _progress as progress
    from kerastl.clustering._sorted import cluster_sorting
    from kerastl.index import Index
    from kerastl.sorting._result import Tally
    from kerastl.sorting._sort import check_sort
    from kerastl.sorting._sorting import SortOptions
    from kerastl.sources._by_name import needs_unpacking
    from kerastl.sources._stored_image import NEEDS_FILES

    wanted = SortOptions(output, **given)
    check_sort(wanted, "full")
    reporter, tally, failed = progress.current(), Tally(), 0
    index = Index(db)
    files = [index.file(image.path) for image in found.images]
    if (packed := next(filter(needs_unpacking, files), None)) is not None:
        raise ImageError(packed, NEEDS_FILES)
    sorting = cluster_sorting(found, files, f"{len(found)} clusters of {db}", wanted)
    with reporter.stage("images", len(files)) as counter:
        for result in sorting.run(files):
            if result.error is not None:
                failed += 1
                reporter.complain(f"kerastl: {result}")
            tally.add(result)
            counter.advance()
    if told := tally.without_failures():
        reporter.say(f"kerastl: {told}")
    if failed:
        reporter.complain(f"kerastl: {failed} of {len(files)} images could not be brought there")
    return 1 if failed else 0
