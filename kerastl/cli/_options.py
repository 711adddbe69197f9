"""Options that several commands have, so that they read and behave alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import click

from kerastl._progress import Reporter, reporting
from kerastl.cli import _completion as completion
from kerastl.cli._registered import registered
from kerastl.errors import UsageError

C = TypeVar("C", bound=Callable[..., Any])

model = click.option(
    "--model",
    "-m",
    metavar="NAME|PATH",
    shell_complete=completion.models,
    help="A network of `kerastl models`, or the run folder of a model you fine-tuned.  [default: mobilenet_v2; "
    "kerastl_mini where that cannot be had]",
)

trust = click.option(
    "--trust-model",
    "trust",
    is_flag=True,
    help="Load a model with layers that can run any code or read files, such as Lambda. Only if you trust its maker.",
)

backbone = click.option(
    "--backbone", "-b", metavar="NAME", shell_complete=completion.networks,
    help="See `kerastl models`.  [default: mobilenet_v2; kerastl_mini where that cannot be had]",
)  # fmt: skip

run_folder = click.option(
    "--output", "-o", required=True, metavar="RUN_DIR", type=click.Path(), help="The run folder, new or empty."
)
resume = click.option("--resume", is_flag=True, help="Go on with the run in RUN_DIR, as if it had never stopped.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace the run in RUN_DIR.")

urls = click.option(
    "--urls", is_flag=True, help="Fetch web addresses also where they stand in a list on standard input."
)

seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N")

val_fraction = click.option(
    "--val-fraction",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    metavar="P",
    help="Fraction of the images to validate on, where DATA_DIR has no val folder.",
)
group_by = click.option(
    "--group-by",
    metavar="REGEX",
    help="Images in whose path REGEX finds the same text stay on one side of the split.",
)


def telling(command: C) -> C:
    """`--quiet` and `--verbose`: what the command tells on standard error while it works."""

    @click.option("--quiet", "-q", is_flag=True, help="Say nothing but results, warnings and errors.")
    @click.option("--verbose", "-v", is_flag=True, help="Say more about what is done, and how long it took.")
    @wraps(command)
    def told(*arguments: Any, quiet: bool, verbose: bool, **options: Any) -> Any:
        if quiet and verbose:
            raise UsageError("--quiet and --verbose exclude each other")
        with reporting(Reporter(0 if quiet else "auto", detail=verbose)):
            return command(*arguments, **options)

    return told  # type: ignore[return-value]


def top(default: int, text: str) -> Callable[[C], C]:
    """`--top`: how many classes; `text` says of what."""
    return click.option("--top", "-k", type=click.IntRange(min=1), default=default, show_default=True, help=text)


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


def form(*forms: str, text: str | None = None) -> Callable[[C], C]:
    """`--format`, handed on as `form`: the first of `forms` unless another is asked for."""
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help=text)


def split(*parts: str) -> Callable[[C], C]:
    """`--split`: which of these parts of the data."""
    return click.option(
        "--split",
        type=click.Choice(parts),
        help="Which part of DATA.  [default: val or test where there is one, else all that was not trained on]",
    )


TABLE_COLUMNS = ("images", "path_column", "label_column", "split_column")


def table_columns(command: C) -> C:
    """How a table is to be read, handed on as `kerastl.data.scan` takes it; what is not given is found."""
    for option in (
        click.option("--split-column", metavar="NAME", help="Its column of train, val and test."),
        click.option("--label-column", metavar="NAME", help="Its column of labels."),
        click.option("--path-column", metavar="NAME", help="Its column of paths, names or ids of images."),
        click.option(
            "--images",
            type=click.Path(exists=True, file_okay=False),
            metavar="DIR",
            help="Where the images of a table of labels lie.  [default: the table's folder]",
        ),
    ):
        command = option(command)
    return command


def as_given(columns: Mapping[str, str | None]) -> list[str]:
    """The options of `table_columns`, as they would be written again."""
    return [
        word
        for name in TABLE_COLUMNS
        if (value := columns.get(name))
        for word in (f"--{name.replace('_', '-')}", value)
    ]


def resize(default: str, text: str = "") -> Callable[[C], C]:
    """`--resize`: how images become the input; `text` adds to that, `default` says what is done without it."""
    return click.option(
        "--resize",
        type=click.Choice(["crop", "squash", "pad", "keras"]),
        help=f"How images become the network's input{text}.  [default: {default}]",
    )


def size(name: str) -> Callable[[C], C]:
    """The side of the network's input, by the name that the command gives it."""
    return click.option(
        name, type=click.IntRange(min=1), metavar="PIXELS", help="Height and width.  [default: the backbone's]"
    )


def weights(name: str, default: str, text: str | None = "What the backbone starts from.") -> Callable[[C], C]:
    """The backbone's weights, by the name that the command gives them; `started_from` reads the answer."""
    words = completion.one_of("imagenet", "none", files=True)
    return click.option(
        name, default=default, show_default=True, metavar="imagenet|none|FILE", help=text, shell_complete=words
    )


def started_from(answer: str) -> str | None:
    """What Python takes for an answer to `weights`: None for random ones."""
    return None if answer == "none" else answer


def csv_safe(text: str) -> Callable[[C], C]:
    """`--csv-safe`: names that a spreadsheet would compute stay texts; `text` says where."""
    return click.option(
        "--csv-safe",
        is_flag=True,
        help=f"{text}, put an apostrophe before names that a spreadsheet would compute, such as =1+1.",
    )


def given(**values: Any) -> dict[str, Any]:
    """Those of a command's options that were given; the others have the same defaults in Python.

    A run that goes on takes what was given only, and a default says nothing.
    """
    context = click.get_current_context()
    # `started_from` gives the weights in Python's words, whatever the option is called.
    names = {"weights": "initial_weights"} if "initial_weights" in context.params else {}
    default = click.core.ParameterSource.DEFAULT
    return {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(names.get(name, name)) is not default
    }


def cache_limit(what: str, without: str) -> Callable[[C], C]:
    """`--cache-limit`: GB of disk for `what`; `without` says what each epoch does where there is no room."""
    return click.option(
        "--cache-limit",
        type=click.FloatRange(min=0),
        default=8.0,
        show_default=True,
        metavar="GB",
        help=f"Disk space that {what} may take; 0 {without} in each epoch.",
    )
