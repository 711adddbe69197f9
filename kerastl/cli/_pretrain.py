"""`kerastl pretrain`: a folder of images without labels becomes a backbone's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kerastl._base.text import printable
from kerastl.cli import _completion as completion
from kerastl.cli import _network_options as network
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.cli._registered import registered

if TYPE_CHECKING:
    from kerastl.pretraining._run import PreTrained


@command()
@click.argument("data", metavar="IMAGE_DIR", type=click.Path())
@options.run_folder
@option(
    "--model",
    "-m",
    old=("--backbone", "-b"),
    default="mobilenet_v2",
    show_default=True,
    metavar="NAME",
    help="The network to train, see `kerastl models`.",
    shell_complete=completion.networks,
)
@registered(
    "--method",
    "kerastl.pretraining._methods:METHODS",
    described=lambda method: f"{method.idea} ({method.paper.partition(',')[0]})",
    default="barlow",
)
@options.resume
@options.overwrite
@option("--epochs", group=options.TRAINING, type=click.IntRange(min=1), default=100, show_default=True, metavar="N")
@option(
    "--batch-size",
    group=options.TRAINING,
    type=click.IntRange(min=2),
    default=256,
    show_default=True,
    metavar="N",
    help="Images a step; each is seen twice.",
)
@option(
    "--learning-rate",
    group=options.TRAINING,
    type=click.FloatRange(min=0, min_open=True),
    default=2e-3,
    show_default=True,
    metavar="RATE",
    help="The highest, of AdamW.",
)
@option(
    "--weight-decay",
    group=options.TRAINING,
    type=click.FloatRange(min=0),
    default=1e-4,
    show_default=True,
    metavar="RATE",
    help="Of AdamW; not of biases and normalization.",
)
@options.seed(options.TRAINING)
@network.weights("none", "--initial-weights")
@network.pixels("--size")
@option(
    "--width",
    group=options.NETWORK,
    type=click.IntRange(min=2),
    default=1024,
    show_default=True,
    metavar="N",
    help="Of the projector.",
)
@option(
    "--labels",
    group=options.DATA,
    default="auto",
    show_default=True,
    metavar="auto|none|TABLE",
    shell_complete=completion.one_of("auto", "none", files=True),
    help="Where classes come from to watch progress by; a tenth of the images is held out for that. auto: class "
    "folders or a table in IMAGE_DIR, if there are any.",
)
@options.cache_limit("decoded images", "decodes them")
@options.telling
def pretrain(data: str, **arguments: Any) -> int:
    """Train a network on images without labels.

    IMAGE_DIR holds images at any depth. Labels, where there are any, only tell how it goes; nothing is learnt from
    them. RUN_DIR gets backbone.weights.h5, which `kerastl finetune --weights` takes with the same --model, and so
    does load_weights of the network in keras.applications without its head.

    Exit code: 0 done, 1 training broke off, 2 wrong usage, 130 interrupted. After 1 and 130, --resume goes on.
    """
    from kerastl import _progress as progress
    from kerastl.pretraining._pretrain import pretrain as run

    result = run(data, **options.given(arguments))
    for line in _summary(result):
        progress.current().say(line)
    return 0


def _summary(result: PreTrained) -> list[str]:
    from kerastl._base.text import percent
    from kerastl._progress.lines import duration
    from kerastl.pretraining._outputs import next_step

    last, described = result.history[-1], result.description
    known = "" if last["knn_accuracy"] is None else f", neighbors right {percent(last['knn_accuracy'])}"
    return [
        f"{printable(str(result.weights))}: {described['backbone']} at {described['size']} px by {described['method']}",
        f"  loss {last['loss']:.4f}{known}, effective rank {last['rank']:.0f}, {duration(described['seconds'])}",
        f"  use it:  {printable(next_step(result.folder, described))}",
    ]
