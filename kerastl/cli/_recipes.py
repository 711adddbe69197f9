"""`kerastl recipes`: the built-in recipes, to read and to edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from kerastl.finetuning import Recipe

_WIDEST = 100  # columns of text


@command()
@click.argument("name", required=False, metavar="[NAME]", shell_complete=completion.recipes)
@option(
    "--model",
    "-m",
    old=("--backbone", "-b"),
    default="mobilenet_v2",
    show_default=True,
    metavar="NAME",
    shell_complete=completion.networks,
    help="Whose stages there are.",
)
@option("--images", type=click.IntRange(min=1), metavar="N", help="Of so many images to train on.")
@option("--classes", type=click.IntRange(min=2), default=10, show_default=True, metavar="N", help="In so many classes.")
@option("--measure", is_flag=True, help="Time a few steps of each phase, and say how long it takes on this machine.")
@options.form("text", "json", text="Of a recipe, json is what --recipe reads.")
def recipes(name: str | None, model: str, images: int | None, classes: int, measure: bool, form: str) -> int:
    """List the recipes for fine-tuning, or say what one will do, phase by phase.

    Save one with `kerastl recipes gradual --format json > mine.json`, change it, and train with `--recipe mine.json`.
    """
    from kerastl.errors import RecipeError, UsageError
    from kerastl.finetuning._recipe_registry import RECIPES
    from kerastl.models._registry import BACKBONES

    stages = [stage.name for stage in BACKBONES[model].stages]
    if name is None:
        _list(model, stages, form)
        return 0
    if RECIPES[name].by_data and images is None:
        others = ", ".join(other.name for other in RECIPES.usable() if not other.by_data)
        raise RecipeError(f"{name} chooses by the data: say --images and --classes, or take one of {others}")
    if measure and images is None:
        raise UsageError("--measure needs --images: how many there are to train on")
    size = () if images is None else (images, images / classes)
    recipe = RECIPES[name](len(stages) - 1, *size)
    if form == "json":
        click.echo(recipe.to_json())
        return 0
    _explain(recipe, stages, images)
    if measure and images is not None:
        _time(recipe, model, images, classes)
    return 0


def _list(model: str, stages: Sequence[str], form: str) -> None:
    from kerastl._base.serialization import to_json
    from kerastl.finetuning._recipe_registry import RECIPES

    known = list(RECIPES.usable())
    if form == "json":
        click.echo(to_json([{"name": recipe.name, "description": recipe.description} for recipe in known]))
        return
    width = max(len(recipe.name) for recipe in known)
    for recipe in known:
        click.echo(f"{recipe.name:{width}}  {recipe.description}")
    click.echo(f"\n{model} has the stages {', '.join(stages)} (from the head down).", err=True)


def _explain(recipe: Recipe, stages: Sequence[str], images: int | None) -> None:
    """The phases in words, and in a table."""
    import shutil
    from textwrap import wrap

    from kerastl.cli._console import console, table
    from kerastl.finetuning._recipe_description import describe

    width = min(_WIDEST, shutil.get_terminal_size().columns)
    click.echo(f"{recipe.name}: {recipe.why}\n" if recipe.why else f"{recipe.name}\n")
    for paragraph in describe(recipe, stages, images):
        click.echo("\n".join(wrap(paragraph, width, subsequent_indent="   ")))
    rows = [list(phase.summary().values()) for phase in recipe.phases]
    heads = list(recipe.phases[0].summary())
    click.echo()
    table(console(), heads, rows, spare=["BatchNorm", "each stage below", "images", "learning rate"])


def _time(recipe: Recipe, model: str, images: int, classes: int) -> None:
    """Say how long each phase takes."""
    from kerastl._base.keras_import import import_keras
    from kerastl._progress.lines import duration

    import_keras()
    from kerastl.finetuning._phase_times import phase_times

    times = phase_times(recipe, model, images, classes)
    for number, seconds in enumerate(times, 1):
        click.echo(f"phase {number}: about {duration(seconds)}")
    click.echo(f"in all about {duration(sum(times))} on this machine, beside reading the images")
