"""`kerastl recipes`: the built-in recipes, to read and to edit."""

from __future__ import annotations

import click

from kerastl.cli import _completion as completion


@click.command()
@click.argument("name", required=False, metavar="[NAME]", shell_complete=completion.recipes)
@click.option(
    "--backbone",
    "-b",
    default="mobilenet_v2",
    show_default=True,
    metavar="NAME",
    shell_complete=completion.networks,
    help="Whose stages there are.",
)
def recipes(name: str | None, backbone: str) -> int:
    """List the recipes for fine-tuning, or print one as JSON to edit.

    Save it with `kerastl recipes gradual > mine.json`, change it, and train with `--recipe mine.json`.
    """
    from kerastl.errors import RecipeError
    from kerastl.finetuning._builtin_recipes import DESCRIPTIONS, built_in
    from kerastl.models import _registry as catalog

    stages = [stage.name for stage in catalog.get(backbone).stages]
    if name is None:
        for known, description in DESCRIPTIONS.items():
            click.echo(f"{known:8} {description}")
        click.echo(f"\n{backbone} has the stages {', '.join(stages)} (from the head down).", err=True)
        return 0
    if name == "auto":
        raise RecipeError("auto chooses by the data; print what it chooses from: probe, gradual or full")
    click.echo(built_in(name, len(stages) - 1).to_json())
    return 0
