"""`kerastl add-class`, `relabel`, `forget` and `history`: a head that goes on learning, and forgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl._base.text import message
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.finetuning import HeadChange


def _model(function: Callable[..., int]) -> Callable[..., int]:
    return click.argument("model", metavar="MODEL", shell_complete=completion.paths)(function)


def _common(function: Callable[..., int]) -> Callable[..., int]:
    """Options of all three, in the order in which help shows them."""
    for decorate in (
        options.telling,
        options.trust,
        options.form("text", "json"),
        option(
            "--refit", is_flag=True, help="Choose penalty, mirrored images and layers again, too, as finetune does."
        ),
    ):
        function = decorate(function)
    return function


def _told(change: HeadChange, form: str) -> int:
    text = to_json(change.as_dict()) if form == "json" else "\n".join(map(message, str(change).splitlines()))
    click.echo(text)
    return 0


@command("add-class")
@_model
@click.argument("folders", nargs=-1, metavar="DIR...", shell_complete=completion.paths)
@option("--label", metavar="NAME", help="The class of images that lie in DIR itself.  [default: the name of DIR]")
@_common
def add_class(model: str, folders: tuple[str, ...], label: str | None, form: str, refit: bool, trust: bool) -> int:
    """Teach a model further images and classes, without its old images.

    MODEL is the run folder of a model whose head was solved (recipe probe). DIR is a folder of images, named after
    their class, or one with a folder for each class, or a table. Classes that the model knows get more images.

    The old images are not needed: the head is solved again from their features, which lie in the run folder, and is
    what fine-tuning on all images would give. changes.csv there says what was learnt.

    Exit code: 0 done, 1 the images cannot be used or are known already, 2 wrong usage.
    """
    from kerastl.finetuning import add_class as add

    if not folders:
        raise UsageError("DIR is missing: a folder of images, named after their class, or one with class folders")
    return _told(add(model, *folders, label=label, refit=refit, trust=trust), form)


@command("relabel")
@_model
@click.argument("images", nargs=-1, metavar="IMAGE...", shell_complete=completion.paths)
@option("--label", metavar="NAME", help="Their class from now on. Without it IMAGE is a table of paths and labels.")
@option("--new-class", is_flag=True, help="Add classes that the model does not know.")
@_common
def relabel(
    model: str, images: tuple[str, ...], label: str | None, new_class: bool, form: str, refit: bool, trust: bool
) -> int:
    """Give images that a model has learnt another class.

    MODEL is the run folder of a model whose head was solved (recipe probe). IMAGE is an image that it was trained on, a
    folder of such or a pattern in quotes; without --label one table with columns path and label. Images are known by
    their content, wherever they lie. Nothing is changed in the images.

    The head is solved again, as if it had been fine-tuned with these labels. A class without images is dropped.

    Exit code: 0 done, 1 an image is not known or has that label already, 2 wrong usage.
    """
    from kerastl.finetuning import relabel as change

    given: Any = _images(images)
    if label is None:
        if len(images) > 1 or Path(images[0]).suffix.lower() not in (".csv", ".tsv"):
            raise UsageError("--label NAME is missing: the class of the images; or give one table of paths and labels")
        given = images[0]
    return _told(change(model, given, label, new_class=new_class, refit=refit, trust=trust), form)


@command("forget")
@_model
@click.argument("images", nargs=-1, metavar="IMAGE...", shell_complete=completion.paths)
@_common
def forget(model: str, images: tuple[str, ...], form: str, refit: bool, trust: bool) -> int:
    """Take images out of what a model has learnt.

    MODEL is the run folder of a model whose head was solved (recipe probe). IMAGE is an image that it was trained on, a
    folder of such or a pattern in quotes. Images are known by their content, wherever they lie; they are not deleted.

    The head is solved again, as if it had been fine-tuned without them. Of a forgotten image the run folder keeps eight
    digits of its content hash, in changes.csv, and nothing else. Copies of the earlier model elsewhere, such as
    exported ones, are not reached. There is no way back. A class without images is dropped.

    Exit code: 0 done, 1 an image is not known or too few classes would be left, 2 wrong usage.
    """
    from kerastl.finetuning import forget as change

    return _told(change(model, _images(images), refit=refit, trust=trust), form)


@command("history")
@_model
@options.form("text", "json")
def history(model: str, form: str) -> int:
    """Say what a model has learnt and forgotten since it was fine-tuned.

    MODEL is a run folder. Its journal, changes.csv, has a line for each image that add-class, relabel or forget has
    changed: when, its classes, and the first eight digits of its content hash, which json shows, too. Times are in UTC.

    Exit code: 0 done, 1 the journal or the model is broken, 2 wrong usage.
    """
    from kerastl.finetuning import past_changes
    from kerastl.finetuning._living.history import as_dict, told

    changes = past_changes(model)
    if form == "json":
        click.echo(to_json(as_dict(model, changes)))
        return 0
    for line in told(changes) if changes else ("nothing has changed since it was fine-tuned",):
        click.echo(message(line))
    return 0


def _images(images: tuple[str, ...]) -> list[str]:
    if not images:
        raise UsageError("IMAGE is missing: an image that the model was trained on, a folder of such, or a pattern")
    return list(images)
