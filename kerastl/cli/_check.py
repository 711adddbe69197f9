"""`kerastl check`: what is wrong with a labeled folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from rich.console import Console

    from kerastl.data._findings import CheckReport, Finding

# So that a report fits on a screen; JSON has everything.
_CLASSES, _EVIDENCE, _PATHS = 12, 5, 12


@command()
@click.argument("data", metavar="DATA_DIR", shell_complete=completion.paths)
@options.form("text", "json", text="JSON holds every file, text the first few.")
@option("--workers", type=click.IntRange(min=1), metavar="N", help="Threads.  [default: one a processor]")
@options.validation_split
@options.group_by
@options.split_strategy
@options.seed()
@options.task
@options.order_and_target
@options.table_columns
@options.telling
def check(data: str, form: str, **arguments: Any) -> int:
    """Look for what spoils training in a labeled folder.

    DATA_DIR holds a folder a class; or train/ and val/ (or valid/, validation/, test/), each with a folder a
    class; or it is, or holds, a CSV file with a column of paths (or names, or ids) and one of labels, and one of
    splits if wanted; or it names archives of labeled images, as 'shards-{000..009}.tar', photos.zip or
    's3://bucket/*.parquet', which are unpacked into the cache.

    Each file is read once. Problems are images that cannot be read, files that look like images but are of a
    kind that is left out (HEIC without pip install 'kerastl[heif]', raw, DICOM, no suffix) where they are many or
    all of a class, the same image in two classes or in two splits, and whatever `kerastl finetune` would refuse
    with the same --validation-split, --group-by and --seed. Warnings are other duplicates and near-duplicates,
    imbalance, small classes, blank images, files whose name says another format, odd formats, sizes and modes.

    JSON: root, layout, images, classes, formats, modes, sizes, ignored_files, ok, and findings, each with
    kind, severity (problem or warning), message, and evidence: the paths, and a detail.

    Exit code: 0 no problems, 1 problems, 2 wrong usage.
    """
    from kerastl.data._check import check as examine

    report = examine(data, **arguments)
    if form == "json":
        click.echo(to_json(report.as_dict()))
    else:
        _print(report)
    return 1 if report.problems else 0


def _print(report: CheckReport) -> None:
    from kerastl.cli._console import console, line

    out = console()
    line(out, f"{report.dataset.called}: {report.dataset.layout}")
    _print_classes(out, report)
    for finding in report.findings:
        _print_finding(out, finding)
    problems, warnings = len(report.problems), len(report.warnings)
    if not report.findings:
        line(out, "Nothing to complain about.")
    else:
        found = f"{problems} problem{'s'[: problems > 1]}" if problems else "No problems"
        line(out, f"{found}, {warnings} warning{'s'[: warnings != 1]}", "bold" if problems else None)


def _print_classes(console: Console, report: CheckReport) -> None:
    from kerastl.cli._console import line, table
    from kerastl.data._dataset import SPLITS

    dataset = report.dataset
    parts = [part for part in SPLITS if dataset.subset(part)]
    columns = [dataset.counts(), *(dataset.counts(part) for part in parts)]
    rows = [[name, *(f"{column[name]:,}" for column in columns)] for name in dataset.classes[:_CLASSES]]
    if len(dataset.classes) > _CLASSES:
        rows.append([f"... {len(dataset.classes) - _CLASSES} more"])
    everything = [dataset.items, *(dataset.subset(part) for part in parts)]  # an image may be of several classes
    total = ["all", *(f"{len(items):,}" for items in everything)]
    headings = ["class", "images", *parts]
    table(console, headings, rows, spare=["images"][: bool(parts)], total=total if len(dataset.classes) > 1 else None)
    formats = ", ".join(f"{count:,} {name}" for name, count in report.formats.items())
    modes = ", ".join(f"{count:,} {name}" for name, count in report.modes.items())
    if formats:
        line(console, f"{formats}; {modes}")
    for side, (smallest, median, largest) in report.sizes.items():
        line(console, f"{side} {smallest:,} to {largest:,} pixels, median {median:,}")
    ignored = report.dataset.ignored
    if ignored:
        shown = ", ".join(ignored[:_EVIDENCE]) + (", ..." if len(ignored) > _EVIDENCE else "")
        line(console, f"not used: {len(ignored):,} file{'s'[: len(ignored) > 1]} ({shown})")
    console.print()


def _print_finding(console: Console, finding: Finding) -> None:
    from kerastl.cli._console import line

    mark, style = ("x", "bold red") if finding.severity == "problem" else ("!", "yellow")
    console.print(f"{mark} ", end="", style=style)
    line(console, finding.message)
    if len(finding.evidence) == 1 and not finding.evidence[0].paths:
        return  # the message has said it
    for one in finding.evidence[:_EVIDENCE]:
        detail = f"  ({one.detail})" if one.detail and one.paths else one.detail
        paths = ", ".join(one.paths[:_PATHS])
        if len(one.paths) > _PATHS:
            paths += f" and {len(one.paths) - _PATHS:,} more"
        line(console, f"    {paths}{detail}", "dim")
    more = len(finding.evidence) - _EVIDENCE
    if more > 0:
        line(console, f"    ... {more:,} more; --format json has them all", "dim")
