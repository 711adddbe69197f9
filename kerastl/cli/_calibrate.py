"""`kerastl calibrate`: how far to trust a model's scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl._base.text import message
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from kerastl.evaluation._selection import EvaluationSplit


@command()
@click.argument("model", metavar="RUN_DIR", shell_complete=completion.paths)
@click.argument("data", metavar="DATA", shell_complete=completion.paths)
@options.split("val", "test", "all")
@options.table_columns
@option(
    "--false-alarms",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    metavar="P",
    help="Fraction of the images like these that classify --reject may flag.",
)
@options.threshold_aim()
@options.seed()
@options.form("text", "json")
@options.trust
@options.telling
def calibrate(
    model: str,
    data: str,
    split: EvaluationSplit | None,
    false_alarms: float,
    threshold_aim: str | None,
    seed: int,
    form: str,
    trust: bool,
    **columns: Any,
) -> int:
    """Fit how far to trust a model's scores, and store it with the model.

    RUN_DIR is the run folder of a model you fine-tuned. DATA is the folder it was trained on, whose validation images
    are taken, or another folder of labeled images. Images that the model was trained on are left out and counted. Of a
    run that trained on all images and was calibrated by leave-one-out, its answers on images left out are taken.

    Scores are scaled so that they are right as often as they say. The temperature that does it goes into the network,
    so that plain Keras gives the same scores as every command of kerastl. `kerastl classify --coverage` and `--reject`
    need what is stored here. Of a model of several labels, thresholds are chosen instead; of one that predicts numbers,
    intervals are fitted. Rejection compares with the training images, so that DATA must hold them. A second
    calibration replaces the first.

    Exit code: 0 done, 1 the images cannot be used, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl._base.files import check_target
    from kerastl.evaluation import calibrate as fit
    from kerastl.models._metadata import find

    if Path(model).exists():
        check_target(find(Path(model)), "RUN_DIR")  # fitting takes a while
    result = fit(
        model, data, split, false_alarms=false_alarms, seed=seed, threshold_aim=threshold_aim, trust=trust, **columns
    )
    if form == "json":
        click.echo(to_json(result.as_dict()))
        return 0
    click.echo("\n".join(map(message, str(result).splitlines())))
    for note in result.notes:
        progress.current().complain(f"kerastl: {note}")
    return 0
