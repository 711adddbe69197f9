"""`kerastl finetune`: a folder of labeled images becomes a classifier."""

from __future__ import annotations

from typing import Any

import click

from kerastl.cli import _completion as completion
from kerastl.cli import _network_options as network
from kerastl.cli import _options as options
from kerastl.cli._command import command, option


@command()
@click.argument("data", metavar="DATA_DIR")
@options.run_folder
@network.base_models
@option(
    "--keep-classes",
    is_flag=True,
    help="Add the images and classes of DATA_DIR to those of the run that --model names, which stay without their "
    "images.",
)
@option(
    "--recipe",
    "-r",
    default="auto",
    show_default=True,
    metavar="NAME|FILE",
    shell_complete=completion.recipes,
    help="One that `kerastl recipes` lists, or a JSON file.",
)
@options.resume
@options.overwrite
@options.gradient_steps
@options.seed(options.TRAINING)
@option(
    "--budget",
    group=options.TRAINING,
    metavar="TIME",
    help="Time that the run may take, such as 10m or 1h30m: phases get as many epochs as fit.",
)
@option(
    "--class-weights",
    group=options.TRAINING,
    type=click.Choice(["balanced"]),
    help="Weigh classes against their frequency.",
)
@options.threshold_aim(group=options.TRAINING)
@option(
    "--precision",
    group=options.TRAINING,
    type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    default="float32",
    show_default=True,
    metavar="POLICY",
    help="Of training: float32, mixed_bfloat16 or mixed_float16; the saved model is float32.",
)
@option(
    "--processes",
    group=options.TRAINING,
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many train together, on JAX; the result is that of one.",
)
@option(
    "--coordinator",
    group=options.TRAINING,
    metavar="HOST:PORT",
    help="Where the first of them is found, if they are on several hosts.",
)
@option(
    "--process-id",
    group=options.TRAINING,
    type=click.IntRange(min=0),
    metavar="I",
    help="Which of them runs on this host, from 0.",
)
@network.weights("imagenet")
@network.input_sizes
@options.resize("crop", group=options.NETWORK)
@network.about_the_model
@options.held_back
@options.group_by
@options.split_strategy
@option(
    "--strict",
    group=options.DATA,
    is_flag=True,
    help="Refuse unreadable images, and files like images (HEIC, raw), instead of skipping them.",
)
@options.task
@options.order_and_target
@options.table_columns
@options.cache_limit("cached features", "computes them")
@option("--keep-features", group=options.DISK, is_flag=True, help="Leave cached features in RUN_DIR.")
@options.telling
def finetune(data: str, **arguments: Any) -> int:
    """Turn a folder of labeled images into a classifier.

    DATA_DIR holds a folder a class, or train/ and val/ with a folder a class each, or a table of paths and labels; or
    it names archives, as for `kerastl check`.
    RUN_DIR gets model.keras, which `kerastl classify --model RUN_DIR` and plain Keras read, and how it came about.

    Exit code: 0 done, 1 training broke off, 2 wrong usage, 130 interrupted. After 1 and 130, --resume goes on.
    """
    from kerastl import _progress as progress
    from kerastl.calibration._temperature import is_calibrated
    from kerastl.finetuning._answer_facts import answer_facts
    from kerastl.finetuning._finetune import finetune as run
    from kerastl.finetuning._outcome import next_steps, outcome
    from kerastl.training._interrupt import Interrupted

    result = run(data, **options.given(arguments))
    say = progress.current().say
    for line in outcome(result.metrics, result.folder, answer_facts(result.metadata)):
        say(line)
    if result.stopped:
        raise Interrupted(f"stopped early; {result.folder} holds the best so far, and --resume goes on")
    named, calibrated = [data, *options.as_given(arguments)], is_calibrated(result.metadata)
    for line in next_steps(result.folder, named, result.metadata.needs_trust, calibrated=calibrated):
        say(line)
    return 0
