"""`kerastl finetune`: a folder of labelled pictures becomes a classifier."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kerastl.finetuning.run import FineTuned


@click.command()
@click.argument("data", metavar="DATA_DIR", type=click.Path(exists=True))
@click.option(
    "--output", "-o", required=True, metavar="RUN_DIR", type=click.Path(), help="The run folder, new or empty."
)
@click.option(
    "--backbone", "-b", metavar="NAME",
    help="See `kerastl models`.  [default: mobilenet_v2; kerastl_mini where that cannot be had]",
)  # fmt: skip
@click.option(
    "--recipe",
    "-r",
    default="auto",
    show_default=True,
    metavar="NAME|FILE",
    help="auto, probe, gradual, full, or a JSON file; see `kerastl recipes`.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in RUN_DIR, as if it had never stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the run in RUN_DIR.")
@click.option(
    "--epochs", type=click.IntRange(min=1), metavar="N", help="Epochs of each phase that trains by gradient steps."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N")
@click.option(
    "--val-fraction",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    metavar="P",
    help="Share of the pictures to validate on, where DATA_DIR has no val folder.",
)
@click.option(
    "--group-by",
    metavar="REGEX",
    help="Pictures in whose path REGEX finds the same text stay on one side of the split.",
)
@click.option("--strict", is_flag=True, help="Refuse unreadable pictures instead of skipping them.")
@click.option("--class-weights", type=click.Choice(["balanced"]), help="Weigh classes against their frequency.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    default="float32",
    show_default=True,
    help="Of training; the saved model is float32.",
)
@click.option(
    "--resize",
    type=click.Choice(["crop", "squash", "pad", "keras"]),
    help="How pictures become the network's input.  [default: crop]",
)
@click.option(
    "--input-size", type=click.IntRange(min=1), metavar="PIXELS", help="Height and width.  [default: the backbone's]"
)
@click.option(
    "--weights",
    default="imagenet",
    show_default=True,
    metavar="imagenet|none|FILE",
    help="What the backbone starts from.",
)
@click.option(
    "--cache-limit",
    type=click.FloatRange(min=0),
    default=8.0,
    show_default=True,
    metavar="GB",
    help="Disk space that cached features may take; 0 computes them in each epoch.",
)
@click.option("--keep-features", is_flag=True, help="Leave cached features in RUN_DIR.")
def finetune(data: str, cache_limit: float, weights: str, **options: Any) -> int:
    """Turn a folder of labelled pictures into a classifier.

    DATA_DIR holds a folder a class, or train/ and val/ with a folder a class each, or a table of paths and labels.
    RUN_DIR gets model.keras, which `kerastl classify --model RUN_DIR` and plain Keras read, and how it came about.

    Exit code: 0 done, 1 training broke off, 2 wrong usage, 130 interrupted. After 1 and 130, --resume goes on.
    """
    from kerastl.cli.training_progress import TrainingProgress
    from kerastl.finetuning.run import finetune as run
    from kerastl.runs.interrupt import Interrupted

    with TrainingProgress() as listener:
        result = run(
            data=data,
            weights=None if weights == "none" else weights,
            cache_limit=int(cache_limit * 1e9),
            listener=listener,
            **options,
        )
    _summary(result)
    if result.stopped:
        raise Interrupted(f"stopped early; {result.folder} holds the best so far, and --resume goes on")
    _next_step(result, data)
    return 0


def _summary(result: FineTuned) -> None:
    metrics = result.metrics
    sys.stderr.write(
        f"{result.folder}: {metrics['val_accuracy']:.1%} of {metrics['val_images']:,} validation pictures right, "
        f"{metrics['train_images']:,} trained on, {metrics['classes']} classes, {metrics['seconds']:.1f} s\n"
    )


def _next_step(result: FineTuned, data: str) -> None:
    from shlex import join

    from kerastl.sources import printable

    command = join(["kerastl", "evaluate", str(result.folder), data, "--report", f"{result.folder}-report"])
    sys.stderr.write(f"how good is it, and where is it wrong?  {printable(command)}\n")
