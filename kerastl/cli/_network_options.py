"""Options on the network that training starts from, of the commands that train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from kerastl._base.text import printable
from kerastl.cli import _completion as completion
from kerastl.cli._command import option
from kerastl.cli._options import NETWORK, trust
from kerastl.errors import UsageError
from kerastl.images._input_size import parse_input_size

C = TypeVar("C", bound=Callable[..., Any])

base_model = option(
    "--model", "-m", old=("--backbone", "-b"), metavar="NAME|PATH", shell_complete=completion.models,
    help="What to start from: a network of `kerastl models`, the run folder of an earlier run, or a .keras file.  "
    "[default: mobilenet_v2; kerastl_mini where that cannot be had]",
)  # fmt: skip

base_models = option(
    "--model", "-m", old=("--backbone", "-b"), metavar="NAME|PATH,...", shell_complete=completion.models,
    help="What to start from: a network of `kerastl models`, the run folder of an earlier run, or a .keras file. Of "
    "several, with commas, the best is chosen.  [default: mobilenet_v2; kerastl_mini where that cannot be had]",
)  # fmt: skip


def _input_scaling(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """A name, or a scale and an offset, each one number or three."""
    try:
        numbers = [float(number) for number in (text or "").split(",")]
    except ValueError:
        return text
    half = len(numbers) // 2
    parts = (numbers[:half], numbers[half:])
    return tuple(part[0] if len(part) == 1 else part for part in parts)


def _stages(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """Names of stages with the layers they start with, or layers alone."""
    if not text:
        return None
    pairs = [(name or layer, layer) for name, _, layer in (each.rpartition("=") for each in text.split(","))]
    if twice := [name for number, (name, _) in enumerate(pairs) if name in dict(pairs[:number])][:1]:
        raise click.BadParameter(f"{printable(twice[0])[:100]!r} is given twice")
    return dict(pairs)


def about_the_model(command: C) -> C:
    """What is said of a model that is not of the catalog."""
    for added in (
        trust,
        option(
            "--pooling", group=NETWORK, type=click.Choice(["mean", "max", "token", "flatten"]),
            help="How what it gives becomes one vector.  [default: mean of a feature map]",
        ),
        option(
            "--stages", group=NETWORK, metavar="NAME=LAYER,...", callback=_stages,
            help="Its stages from the top down, and the layers they start with.  [default: found in its graph]",
        ),
        option(
            "--input-scaling", group=NETWORK, metavar="NAME|SCALE,OFFSET", callback=_input_scaling,
            shell_complete=completion.one_of("inside", "tf", "torch", "caffe", "unit"),
            help="What a model that is not of the catalog was trained on: inside (0-255), tf, torch, caffe, unit "
            "([0, 1]).  [default: found in the model]",
        ),
    ):  # fmt: skip
        command = added(command)
    return command


def _sizes(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """One size, or a list of several to choose among."""
    if not text:
        return None
    sizes = [_size(context, parameter, size) for size in text.split(",")]
    return sizes if len(sizes) > 1 else sizes[0]


def _size(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    try:
        return None if text is None else parse_input_size(text)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


input_sizes = option(
    "--input-size", group=NETWORK, metavar="PIXELS|HxW,...", callback=_sizes,
    help="Height and width: 224, or 128x512. Of several, with commas, the best is chosen.  [default: the network's]",
)  # fmt: skip


def pixels(*old: str) -> Callable[[C], C]:
    """`--input-size`; `old` are earlier names of it."""
    return option(
        "--input-size", old=old, group=NETWORK, metavar="PIXELS|HxW", callback=_size,
        help="Height and width: 224, or 128x512.  [default: the network's]",
    )  # fmt: skip


input_size = pixels()


def weights(default: str, *old: str) -> Callable[[C], C]:
    """`--weights`: those that the network starts from; random ones are None, as in Python. `old`: as for `pixels`."""
    words = completion.one_of("imagenet", "none", files=True)
    return option(
        "--weights",
        old=old,
        group=NETWORK,
        default=default,
        show_default=True,
        metavar="imagenet|none|FILE",
        help="What the network starts from.",
        shell_complete=words,
        callback=lambda context, parameter, answer: None if answer == "none" else answer,
    )
