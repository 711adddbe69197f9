"""`kerastl pretrain`: a folder of images without labels becomes a backbone's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kerastl._base.text import printable
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._registered import registered

if TYPE_CHECKING:
    from kerastl.pretraining._run import PreTrained


@click.command()
@click.argument("images", metavar="IMAGE_DIR", type=click.Path())
@options.run_folder
@click.option(
    "--backbone",
    "-b",
    default="mobilenet_v2",
    show_default=True,
    metavar="NAME",
    help="See `kerastl models`.",
    shell_complete=completion.networks,
)
@registered(
    "--method",
    "kerastl.pretraining._methods:METHODS",
    described=lambda method: f"{method.idea} ({method.paper.partition(',')[0]})",
    default="barlow",
)
@options.size("--size")
@click.option("--epochs", type=click.IntRange(min=1), default=100, show_default=True, metavar="N")
@click.option(
    "--batch-size",
    type=click.IntRange(min=2),
    default=256,
    show_default=True,
    metavar="N",
    help="Images in a step; each is seen twice.",
)
@click.option(
    "--learning-rate", type=float, default=2e-3, show_default=True, metavar="RATE", help="The highest, of AdamW."
)
@click.option(
    "--width", type=click.IntRange(min=2), default=1024, show_default=True, metavar="N", help="Of the projector."
)
@options.seed
@options.weights("--initial-weights", "none")
@click.option(
    "--labels",
    default="auto",
    show_default=True,
    metavar="auto|none|TABLE",
    shell_complete=completion.one_of("auto", "none", files=True),
    help="Where classes come from to watch progress by; a tenth of the images is held out for that. auto: class "
    "folders or a table in IMAGE_DIR, if there are any.",
)
@options.resume
@options.overwrite
@options.cache_limit("decoded images", "decodes them")
@options.telling
def pretrain(images: str, initial_weights: str, cache_limit: float, **settings: Any) -> int:
    """Train a network on images without labels.

    IMAGE_DIR holds images at any depth. Labels, where there are any, only tell how it goes; nothing is learnt from
    them. RUN_DIR gets backbone.weights.h5, which `kerastl finetune --weights` takes with the same --backbone, and so
    does load_weights of the network in keras.applications without its head.

    Exit code: 0 done, 1 training broke off, 2 wrong usage, 130 interrupted. After 1 and 130, --resume goes on.
    """
    from kerastl import _progress as progress
    from kerastl.pretraining._run import pretrain as run

    result = run(
        images,
        **options.given(weights=options.started_from(initial_weights), cache_limit=int(cache_limit * 1e9), **settings),
    )
    for line in _summary(result):
        progress.current().say(line)
    return 0


def _summary(result: PreTrained) -> list[str]:
    from kerastl._progress.lines import duration
    from kerastl.models._labels import percent
    from kerastl.pretraining._outputs import next_step

    last, described = result.history[-1], result.description
    known = "" if last["knn_accuracy"] is None else f", neighbors right {percent(last['knn_accuracy'])}"
    return [
        f"{printable(str(result.weights))}: {described['backbone']} at {described['size']} px by {described['method']}",
        f"  loss {last['loss']:.4f}{known}, effective rank {last['rank']:.0f}, {duration(described['seconds'])}",
        f"  use it:  {printable(next_step(result.folder, described))}",
    ]
