"""`kerastl download`: published weights, ahead of time."""

from __future__ import annotations

import click

from kerastl._base.text import printable
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option


@command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=completion.networks)
@option("--no-top", is_flag=True, help="The weights without the 1,000-class head, from which finetune starts.")
@options.telling
def download(names: tuple[str, ...], no_top: bool) -> int:
    """Fetch published weights ahead of time.

    They go into Keras's own cache: ~/.keras, or the folder that KERAS_HOME names. Exit code: 0 all are there, 1 some
    could not be fetched, 2 no such network.
    """
    from kerastl import _progress as progress
    from kerastl.errors import WeightsError
    from kerastl.models import _weights as weights
    from kerastl.models._registry import BACKBONES

    reporter = progress.current()
    failed = 0
    for row in [BACKBONES[name] for name in names]:
        try:
            file = weights.fetch(row, include_top=not no_top, check=True)
        except WeightsError as error:
            reporter.complain(f"kerastl: {error}")
            failed += 1
        else:
            if row.bundled:
                reporter.say(f"kerastl: {row.name} comes with kerastl: nothing to download")
            click.echo(f"{row.name}: {printable(str(file))}")
    return 1 if failed else 0
