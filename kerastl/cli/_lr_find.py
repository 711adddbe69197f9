"""`kerastl lr-find`: a learning rate for a folder of images."""

from __future__ import annotations

from typing import Any

import click

from kerastl._base.text import printable
from kerastl.cli import _network_options as network
from kerastl.cli import _options as options
from kerastl.cli._command import command, option


@command("lr-find")
@click.argument("data", metavar="DATA_DIR")
@option(
    "--output",
    "-o",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The plot, as PNG; the curve goes beside it as CSV.",
)
@network.base_model
@option(
    "--trains",
    default="head",
    show_default=True,
    metavar="STAGE|all|N",
    help="What trains, as in a recipe.",
    callback=lambda context, parameter, trains: int(trains) if trains.isdigit() else trains,
)
@option("--steps", type=click.IntRange(min=10), default=100, show_default=True, metavar="N")
@option("--lowest", type=float, default=1e-7, show_default=True, metavar="RATE")
@option("--highest", type=float, default=1.0, show_default=True, metavar="RATE")
@option("--batch-size", group=options.TRAINING, type=click.IntRange(min=1), default=32, show_default=True, metavar="N")
@options.optimizer_and_loss(options.TRAINING)
@options.seed(options.TRAINING)
@network.weights("imagenet")
@network.input_size
@options.resize("crop", group=options.NETWORK)
@network.about_the_model
@options.task
@options.order_and_target
@options.table_columns
@options.telling
def lr_find(data: str, output: str, **arguments: Any) -> int:
    """Find a learning rate for a folder of images.

    Trains with a growing rate until the loss explodes, and shows where it falls best. The suggestion goes to
    standard output.
    """
    from kerastl import _progress as progress
    from kerastl._base.files import check_target
    from kerastl.finetuning._lr_find import lr_find as find

    check_target(output, "--output")
    check_target(output + ".csv", "--output")
    curve = find(data, **options.given(arguments))
    with progress.stage("drawing the curve"):
        curve.plot(output)
    curve.write_csv(output + ".csv")
    progress.current().say(f"{printable(output)}: loss against learning rate over {len(curve.rates)} steps")
    click.echo(f"{curve.suggestion:.3g}")
    return 0
