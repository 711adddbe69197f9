"""`kerastl lr-find`: a learning rate for a folder of images."""

from __future__ import annotations

from typing import Any

import click

from kerastl._base.text import printable
from kerastl.cli import _options as options


@click.command("lr-find")
@click.argument("data", metavar="DATA_DIR", type=click.Path(exists=True))
@click.option(
    "--output",
    "-o",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The plot, as PNG; the curve goes beside it as CSV.",
)
@options.table_columns
@options.backbone
@click.option("--trains", default="head", show_default=True, metavar="STAGE|all|N", help="What trains, as in a recipe.")
@click.option("--steps", type=click.IntRange(min=10), default=100, show_default=True, metavar="N")
@click.option("--lowest", type=float, default=1e-7, show_default=True, metavar="RATE")
@click.option("--highest", type=float, default=1.0, show_default=True, metavar="RATE")
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True, metavar="N")
@options.seed
@options.size("--input-size")
@options.weights("--weights", "imagenet", None)
@options.telling
def lr_find(
    data: str,
    output: str,
    backbone: str | None,
    trains: str,
    steps: int,
    lowest: float,
    highest: float,
    batch_size: int,
    seed: int,
    input_size: int | None,
    weights: str,
    **columns: Any,
) -> int:
    """Find a learning rate for a folder of images.

    Trains with a growing rate until the loss explodes, and shows where it falls best. The suggestion goes to
    standard output.
    """
    from kerastl import _progress as progress
    from kerastl._base.files import check_target
    from kerastl.finetuning._lr_sweep import find_rate
    from kerastl.finetuning._recipe import Phase
    from kerastl.finetuning._settings import Settings
    from kerastl.models._default import DEFAULT_MODEL, default_model

    check_target(output, "--output")
    check_target(output + ".csv", "--output")
    phase = Phase(trains=int(trains) if trains.isdigit() else trains, batch_size=batch_size)
    if backbone is None:
        backbone = default_model(False, input_size) if weights == "imagenet" else DEFAULT_MODEL
    settings = Settings(backbone=backbone, seed=seed, input_size=input_size, weights=options.started_from(weights))
    curve = find_rate(data, phase, settings, lowest=lowest, highest=highest, steps=steps, **columns)
    with progress.stage("drawing the curve"):
        curve.plot(output)
    curve.write_csv(output + ".csv")
    progress.current().say(f"{printable(output)}: loss against learning rate over {len(curve.rates)} steps")
    click.echo(f"{curve.suggestion:.3g}")
    return 0
