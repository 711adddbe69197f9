"""Options of commands that look through an index of images."""

from __future__ import annotations

from pathlib import Path

import click

from kerastl.cli import _completion as completion
from kerastl.cli._command import option

db = option(
    "--db",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    shell_complete=completion.paths,
    help="The index, which kerastl index makes.",
)
output = option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write to FILE, which appears when it is complete; - is standard output.",
)
