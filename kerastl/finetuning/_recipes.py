"""From the name or the file of a recipe to the recipe."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from kerastl._base.text import printable
from kerastl.data import Dataset
from kerastl.errors import RecipeError
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._recipe_registry import RECIPES
from kerastl.tasks._task import TASKS

# A number tells as much of its scale as so many classes.
_PARTS = 10
_LARGEST = 1 << 20  # bytes of a recipe's file


def read_recipe(wanted: str | os.PathLike[str] | Recipe) -> str | Recipe:
    """Read a recipe's file; a name of `RECIPES`, whose recipe depends on data and network, stays as it is.

    Raises:
        RecipeError: There is no such recipe.
    """
    if isinstance(wanted, Recipe) or str(wanted) in RECIPES:
        return wanted if isinstance(wanted, Recipe) else str(wanted)
    name = printable(str(wanted))
    try:
        with Path(wanted).open("rb") as file:  # which may be a pipe
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise RecipeError(f"it has more than {_LARGEST:,} bytes, as no recipe has")
        return Recipe.from_json(content.decode("utf-8"))
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None
    except (OSError, ValueError, RecursionError):
        names = ", ".join(RECIPES.names())
        raise RecipeError(f"{name} is neither a built-in recipe ({names}) nor a JSON file that can be read") from None


def needs_validation(wanted: str | os.PathLike[str] | Recipe) -> bool:
    """Whether a recipe takes images to validate on, as far as that is known before it sees data and network.

    Raises:
        RecipeError: There is no such recipe.
    """
    recipe = read_recipe(wanted)
    return (recipe if isinstance(recipe, Recipe) else RECIPES[recipe]).needs_validation


def find_recipe(
    wanted: str | os.PathLike[str] | Recipe, dataset: Dataset, stages: Sequence[str], overrides: Mapping[str, Any]
) -> Recipe:
    """Return the recipe for some data and network.

    Args:
        wanted: A recipe, a name of `RECIPES`, or a JSON file.
        dataset: What it is for.
        stages: Of the network, from the head down.
        overrides: Fields of `Phase` and their values, instead of the recipe's, in phases that train by gradient steps.

    Raises:
        RecipeError: There is no such recipe, or it does not fit the network.
    """
    recipe = _fitting(read_recipe(wanted), dataset, len(stages) - 1)
    phases = tuple(
        _overridden(phase, overrides) if overrides and phase.solver == "gradient" else phase for phase in recipe.phases
    )
    recipe = dataclasses.replace(recipe, phases=phases)
    recipe.validate(stages)
    return recipe


def _overridden(phase: Phase, overrides: Mapping[str, Any]) -> Phase:
    warmup = min(phase.warmup, overrides.get("epochs", phase.epochs))
    find_rate = phase.find_rate and "learning_rate" not in overrides
    return dataclasses.replace(phase, **overrides, warmup=warmup, find_rate=find_rate)


def _fitting(recipe: str | Recipe, dataset: Dataset, stages: int) -> Recipe:
    """The recipe of a name for so many stages below the head."""
    if isinstance(recipe, Recipe):
        return recipe
    images = len(dataset.subset("train"))
    if TASKS[dataset.task].kind == "number":
        return RECIPES[recipe](stages, images, images / _PARTS)
    counts = [count for count in dataset.counts("train").values() if count]
    return RECIPES[recipe](stages, images, median(counts or [images]))
