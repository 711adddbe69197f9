"""`kerastl results`: what classify and embed have written in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.results import Results

_SHOWN = 20  # shards that are not complete, by name


@command()
@click.argument("folder", metavar="DIR", type=click.Path())
@option("--rows", is_flag=True, help="Print all rows together, as JSON lines.")
@option(
    "--failed",
    is_flag=True,
    help="Print the paths of images that failed, one a line; classify - and embed - take those of files.",
)
@options.telling
def results(folder: str, rows: bool, failed: bool) -> int:
    """Say whether results in parts are complete, or print them.

    DIR is a folder that classify or embed has written with --format and perhaps --shard.

    Exit code: 0 all shards are complete, 1 they are not, or a file is damaged, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._base.serialization import to_json
    from kerastl.cli import _output as out
    from kerastl.results import open_results

    if rows and failed:
        raise UsageError("--rows and --failed exclude each other")
    found = open_results(folder)
    reporter = progress.current()
    with out.opened(None) as stream:
        if rows:
            for row in found:
                reporter.write(stream, f"{to_json(row, None)}\n")
        elif failed:
            for path, reason in found.failures():
                reporter.write(stream, f"{path}\n")
                reporter.detail(f"kerastl: {path}: {reason}")
        else:
            reporter.write(stream, _said(found))
    for file in found.damaged:
        reporter.complain(f"kerastl: {file}: is missing, or not as it was written")
    if not found.complete and (rows or failed):
        reporter.complain(f"kerastl: {folder}: is not complete")
    return 0 if found.complete else 1


def _said(found: Results) -> str:
    shards = found.shards
    lines = [f"{found.command} with {found.model}: {found.rows:,} images in {len(found.files):,} {found.format} files"]
    if found.failed:
        lines.append(f"{found.failed:,} of them failed")
    done = sum(shard.complete for shard in shards)
    lines.append("complete" if done == len(shards) else "not complete")
    if len(shards) > 1:
        lines[-1] += f": {done:,} of {len(shards):,} shards are"
    missing = [shard for shard in shards if not shard.complete]
    if len(shards) > 1:
        lines += [f"shard {shard.index}: {shard.rows:,} images so far" for shard in missing[:_SHOWN]]
    if len(missing) > _SHOWN:
        lines.append(f"and {len(missing) - _SHOWN:,} more")
    return "".join(f"{line}\n" for line in lines)
