"""`kerastl recipes`: the built-in recipes, to read and to edit."""

from __future__ import annotations

import click

from kerastl.cli import _completion as completion
from kerastl.cli._command import command, option


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
def recipes(name: str | None, model: str) -> int:
    """List the recipes for fine-tuning, or print one as JSON to edit.

    Save it with `kerastl recipes gradual > mine.json`, change it, and train with `--recipe mine.json`.
    """
    from kerastl.errors import RecipeError
    from kerastl.finetuning._recipe_registry import RECIPES
    from kerastl.models._registry import BACKBONES

    stages = [stage.name for stage in BACKBONES[model].stages]
    if name is None:
        known = list(RECIPES.usable())
        width = max(len(recipe.name) for recipe in known)
        for recipe in known:
            click.echo(f"{recipe.name:{width}}  {recipe.description}")
        click.echo(f"\n{model} has the stages {', '.join(stages)} (from the head down).", err=True)
        return 0
    if RECIPES[name].by_data:
        others = ", ".join(other.name for other in RECIPES.usable() if not other.by_data)
        raise RecipeError(f"{name} chooses by the data; print what it chooses from: {others}")
    click.echo(RECIPES[name](len(stages) - 1).to_json())
    return 0
