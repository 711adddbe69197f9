"""Options on how images are answered, of the commands that classify them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from kerastl.cli import _completion as completion
from kerastl.cli._command import option
from kerastl.cli._registered import registered

C = TypeVar("C", bound=Callable[..., Any])


def top(default: int, text: str) -> Callable[[C], C]:
    """`--top`: how many classes; `text` says of what."""
    return option("--top", "-k", type=click.IntRange(min=1), default=default, show_default=True, metavar="N", help=text)


def engine(text: str | None = None) -> Callable[[C], C]:
    """`--engine`: what runs the network; `text` adds to what the engines say."""
    return registered(
        "--engine",
        "kerastl.inference._engine_registry:ENGINES",
        "auto",
        described=lambda engine: engine.description,
        default="auto",
        help=text,
    )


def precision(data: str) -> Callable[[C], C]:
    """`--precision` and `--representative-data`; `data` says what stands in for the latter."""

    def add(command: C) -> C:
        command = option(
            "--representative-data", metavar="DATA", shell_complete=completion.paths,
            help="At least 40 images like those to come, which fast precision is fitted to and compared on when it is "
            f"compiled.  [default: {data}]",
        )(command)  # fmt: skip
        return option(
            "--precision", type=click.Choice(["full", "fast"]), default="full", show_default=True,
            help="full is float32. fast is 8-bit integers, 2 to 4 times as fast where measured: compiled once, and "
            "refused where less than 97 % of images get the same answer.",
        )(command)  # fmt: skip

    return add


tta = option(
    "--tta",
    type=click.Choice(["mirror", "crops"]),
    help="Average the answers for several views of an image. mirror: it and its mirror image, twice the work; crops: "
    "also its four corners, all mirrored, ten times the network's work.",
)


def representative(given: str | None, named: Sequence[str]) -> list[str]:
    """The images that fast precision is fitted to: those given, or else those that are there to be classified."""
    return [given] if given is not None else [source for source in named if source != "-"]
