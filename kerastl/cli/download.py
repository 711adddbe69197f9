"""`kerastl download`: published weights, ahead of time."""

from __future__ import annotations

import click

from kerastl.cli import completion
from kerastl.text import message, printable


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=completion.networks)
@click.option("--no-top", is_flag=True, help="The weights without the 1,000-class head, from which finetune starts.")
def download(names: tuple[str, ...], no_top: bool) -> int:
    """Fetch published weights ahead of time.

    They go into Keras's own cache: ~/.keras, or the folder that KERAS_HOME names. Exit code: 0 all are there, 1 some
    could not be fetched, 2 no such network.
    """
    from kerastl import catalog, weights
    from kerastl.cli.progress import Counter
    from kerastl.errors import WeightsError

    failed = 0
    for row in [catalog.get(name) for name in names]:
        with Counter(f"{row.name}, megabytes") as counter:
            try:
                file = weights.fetch(row, include_top=not no_top, progress=counter.megabytes, check=True)
            except WeightsError as error:
                click.echo(f"kerastl: {message(str(error))}", err=True)
                failed += 1
            else:
                if row.shipped:
                    click.echo(f"kerastl: {row.name} comes with kerastl: nothing to download", err=True)
                click.echo(f"{row.name}: {printable(str(file))}")
    return 1 if failed else 0
