"""Options that several commands have, so that they read and behave alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from kerastl._progress import Reporter, reporting
from kerastl.cli import _completion as completion
from kerastl.cli._command import option
from kerastl.cli._registered import registered
from kerastl.errors import UsageError

C = TypeVar("C", bound=Callable[..., Any])

# Headings of options in `--help`.
TRAINING = "Training"
GRADIENT_STEPS = "Instead of what the recipe says"
NETWORK = "The network"
DATA = "The images"
DISK = "Disk space"

model = option(
    "--model",
    "-m",
    metavar="NAME|PATH",
    shell_complete=completion.models,
    help="A network of `kerastl models`, the run folder of a model you fine-tuned, or a file of `kerastl export`.  "
    "[default: mobilenet_v2; kerastl_mini where that cannot be had]",
)

db = option(
    "--db",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of the index.",
)

trust = option(
    "--trust-model",
    "trust",
    is_flag=True,
    help="Load a model with layers that can run any code or read files, such as Lambda. Only if you trust its maker.",
)

run_folder = option(
    "--output", "-o", required=True, metavar="RUN_DIR", type=click.Path(), help="The run folder, new or empty."
)
resume = option("--resume", is_flag=True, help="Go on with the run in RUN_DIR, as if it had never stopped.")
overwrite = option("--overwrite", is_flag=True, help="Replace the run in RUN_DIR.")

urls = option("--urls", is_flag=True, help="Fetch web addresses also where they stand in a list on standard input.")

validation_split = option(
    "--validation-split",
    old=("--val-fraction",),
    group=DATA,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    metavar="P",
    help="Fraction of the images to validate on, where DATA_DIR has no val folder.",
)
held_back = option(
    "--validation-split",
    old=("--val-fraction",),
    group=DATA,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Fraction of the images to validate on, where DATA_DIR has no val folder. Without it 0.2, or none where the "
    "recipe needs none, as probe: every image trains then.",
)
split_strategy = registered(
    "--split-strategy",
    "kerastl.data._split_strategy:SPLIT_STRATEGIES",
    described=lambda strategy: strategy.description,
    group=DATA,
    default="stratified",
    help="How images are chosen to validate on.",
)
group_by = option(
    "--group-by",
    group=DATA,
    metavar="REGEX",
    help="Images in whose path REGEX finds the same text stay on one side of the split.",
)


def seed(group: str = "") -> Callable[[C], C]:
    """`--seed`."""
    return option("--seed", group=group, type=click.IntRange(min=0), default=0, show_default=True, metavar="N")


def optimizer_and_loss(group: str) -> Callable[[C], C]:
    """`--optimizer` and `--loss`, by name."""

    def add(command: C) -> C:
        loss = option("--loss", group=group, metavar="NAME", help="One of keras.losses, or asymmetric_loss.")
        return option("--optimizer", group=group, metavar="NAME", help="One of keras.optimizers.")(loss(command))

    return add


def gradient_steps(command: C) -> C:
    """What stands in place of the recipe's, in phases that train by gradient steps."""
    for added in (
        optimizer_and_loss(GRADIENT_STEPS),
        option(
            "--learning-rate", group=GRADIENT_STEPS, type=click.FloatRange(min=0, min_open=True), metavar="RATE",
            help="Of the head, at its highest.",
        ),
        option("--batch-size", group=GRADIENT_STEPS, type=click.IntRange(min=1), metavar="N", help="Images a step."),
        option(
            "--epochs", group=GRADIENT_STEPS, type=click.IntRange(min=1), metavar="N",
            help="Of each phase that takes gradient steps, as are the next four.",
        ),
    ):  # fmt: skip
        command = added(command)
    return command


def telling(command: C) -> C:
    """`--quiet` and `--verbose`: what the command tells on standard error while it works."""

    @option("--quiet", "-q", is_flag=True, help="Say nothing but results, warnings and errors.")
    @option("--verbose", "-v", is_flag=True, help="Say more about what is done, and how long it took.")
    @wraps(command)
    def told(*arguments: Any, quiet: bool, verbose: bool, **options: Any) -> Any:
        if quiet and verbose:
            raise UsageError("--quiet and --verbose exclude each other")
        with reporting(Reporter(0 if quiet else "auto", detail=verbose)):
            return command(*arguments, **options)

    return told  # type: ignore[return-value]


_WIDEST = 25  # letters of what can be chosen, so that a terminal of 40 columns has room for the option's name, too


def form(*forms: str, text: str | None = None) -> Callable[[C], C]:
    """`--format`, handed on as `form`: the first of `forms` unless another is asked for."""
    shown: dict[str, Any] = {"help": text}
    if len("|".join(forms)) > _WIDEST:
        shown = {"metavar": "FORMAT", "help": f"{', '.join(forms)}. {text or ''}".rstrip()}
    return option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, **shown)


def split(*parts: str) -> Callable[[C], C]:
    """`--split`: which of these parts of the data."""
    return option(
        "--split",
        type=click.Choice(parts),
        help="Which part of DATA.  [default: val or test where there is one, else all that was not trained on]",
    )


TABLE_COLUMNS = ("images", "path_column", "label_column", "split_column", "classes", "label_separator")


def table_columns(command: C) -> C:
    """How folders and tables are to be read, handed on as `kerastl.data.scan` takes it; what is not given is found."""
    for added in (
        option(
            "--label-separator",
            group=DATA,
            metavar="TEXT",
            help="What stands between the labels in a cell of a table.  [default: found, such as |]",
        ),
        option(
            "--classes",
            group=DATA,
            type=click.Choice(["leaf", "top", "path"]),
            help="Which of nested folders such as animals/dogs/beagle are the classes: leaf is beagle, top is animals, "
            "and path is the whole way, so that classify --sure and evaluate know the tree.  [default: top, or what a "
            "model was trained with]",
        ),
        option("--split-column", group=DATA, metavar="NAME", help="Its column of train, val and test."),
        option("--label-column", group=DATA, metavar="NAME", help="Its column of labels."),
        option("--path-column", group=DATA, metavar="NAME", help="Its column of paths, names or ids of images."),
        option(
            "--images",
            group=DATA,
            type=click.Path(exists=True, file_okay=False),
            metavar="DIR",
            help="Where the images of a table of labels lie.  [default: the table's folder]",
        ),
    ):
        command = added(command)
    return command


def order_and_target(command: C) -> C:
    """`--order` and `--target`: of ordered classes and of numbers."""
    for added in (
        option(
            "--target", group=DATA, metavar="NAME", help="The column with the number to tell, for --task regression."
        ),
        option(
            "--order", group=DATA, metavar="LOW,...,HIGH", callback=_names,
            help="The classes from the lowest to the highest, for --task ordinal.  [default: that of numbers in names]",
        ),
    ):  # fmt: skip
        command = added(command)
    return command


def _names(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    return None if text is None else tuple(name.strip() for name in text.split(","))


task = registered(
    "--task",
    "kerastl.tasks._task:TASKS",
    described=lambda task: task.description,
    group=DATA,
    help="What the labels are; found in the data where nothing is said.",
)


def threshold_aim(*, group: str = "") -> Callable[[C], C]:
    """What thresholds of labels are chosen for."""
    return option(
        "--threshold-aim",
        group=group,
        metavar="AIM",
        help="Of several labels, what the thresholds they are given from are for: f1, precision=P or recall=R.",
    )


def as_given(columns: Mapping[str, str | None]) -> list[str]:
    """The options of `table_columns`, as they would be written again."""
    return [
        word
        for name in TABLE_COLUMNS
        if (value := columns.get(name))
        for word in (f"--{name.replace('_', '-')}", value)
    ]


def resize(default: str, text: str = "", group: str = "") -> Callable[[C], C]:
    """`--resize`: how images become the input; `text` adds to that, `default` says what is done without it."""
    return option(
        "--resize",
        group=group,
        type=click.Choice(["crop", "squash", "pad", "keras"]),
        help=f"How images become the network's input{text}.  [default: {default}]",
    )


def csv_safe(text: str) -> Callable[[C], C]:
    """`--csv-safe`: names that a spreadsheet would compute stay texts; `text` says where."""
    return option(
        "--csv-safe",
        is_flag=True,
        help=f"{text}, put an apostrophe before names that a spreadsheet would compute, such as =1+1.",
    )


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a command's options that were given; the others have the same defaults in Python.

    A run that goes on takes what was given only, and a default says nothing.
    """
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    return {name: value for name, value in arguments.items() if context.get_parameter_source(name) is not default}


def cache_limit(what: str, without: str) -> Callable[[C], C]:
    """`--cache-limit`: GB of disk for `what`; `without` says what each epoch does where there is no room."""
    return option(
        "--cache-limit",
        group=DISK,
        type=click.FloatRange(min=0),
        default=8.0,
        show_default=True,
        metavar="GB",
        help=f"Disk space that {what} may take; 0 {without} in each epoch.",
        callback=lambda context, parameter, gigabytes: int(gigabytes * 1e9),  # Python counts bytes
    )
