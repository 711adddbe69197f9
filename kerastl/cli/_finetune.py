"""`kerastl finetune`: a folder of labeled images becomes a classifier."""

from __future__ import annotations

from typing import Any

import click

from kerastl.cli import _completion as completion
from kerastl.cli import _options as options


@click.command()
@click.argument("data", metavar="DATA_DIR", type=click.Path(exists=True))
@options.run_folder
@options.table_columns
@options.backbone
@click.option(
    "--recipe",
    "-r",
    default="auto",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=completion.recipes,
    help="auto, probe, gradual, full, or a JSON file; see `kerastl recipes`.",
)
@options.resume
@options.overwrite
@click.option(
    "--epochs", type=click.IntRange(min=1), metavar="N", help="Epochs of each phase that trains by gradient steps."
)
@options.seed
@options.val_fraction
@options.group_by
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse unreadable images, and files like images (HEIC, raw), instead of skipping them.",
)
@click.option("--class-weights", type=click.Choice(["balanced"]), help="Weigh classes against their frequency.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    default="float32",
    show_default=True,
    help="Of training; the saved model is float32.",
)
@options.resize("crop")
@options.size("--input-size")
@options.weights("--weights", "imagenet")
@options.cache_limit("cached features", "computes them")
@click.option("--keep-features", is_flag=True, help="Leave cached features in RUN_DIR.")
@options.telling
def finetune(data: str, cache_limit: float, weights: str, **settings: Any) -> int:
    """Turn a folder of labeled images into a classifier.

    DATA_DIR holds a folder a class, or train/ and val/ with a folder a class each, or a table of paths and labels.
    RUN_DIR gets model.keras, which `kerastl classify --model RUN_DIR` and plain Keras read, and how it came about.

    Exit code: 0 done, 1 training broke off, 2 wrong usage, 130 interrupted. After 1 and 130, --resume goes on.
    """
    from kerastl import _progress as progress
    from kerastl.finetuning._outcome import next_steps, outcome
    from kerastl.finetuning._run import finetune as run
    from kerastl.training._interrupt import Interrupted

    result = run(
        data=data,
        **options.given(weights=options.started_from(weights), cache_limit=int(cache_limit * 1e9), **settings),
    )
    say = progress.current().say
    for line in outcome(result.metrics, result.folder):
        say(line)
    if result.stopped:
        raise Interrupted(f"stopped early; {result.folder} holds the best so far, and --resume goes on")
    for line in next_steps(result.folder, [data, *options.as_given(settings)]):
        say(line)
    return 0
