"""From the name or the file of a recipe to the recipe."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from kerastl._base.text import printable
from kerastl.data import Dataset
from kerastl.errors import RecipeError
from kerastl.finetuning._builtin_recipes import NAMES, built_in, choose
from kerastl.finetuning._recipe import Recipe

_LARGEST = 1 << 20  # bytes of a recipe's file


def read_recipe(wanted: str | os.PathLike[str] | Recipe) -> str | Recipe:
    """Read a recipe's file; the name of a built-in one, which depends on data and network, stays as it is.

    Raises:
        RecipeError: There is no such recipe.
    """
    if isinstance(wanted, Recipe) or str(wanted) in NAMES:
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
        built_ins = ", ".join(NAMES)
        raise RecipeError(
            f"{name} is neither a built-in recipe ({built_ins}) nor a JSON file that can be read"
        ) from None


def find_recipe(
    wanted: str | os.PathLike[str] | Recipe, dataset: Dataset, stages: Sequence[str], epochs: int | None
) -> Recipe:
    """Return the recipe for some data and network.

    Args:
        wanted: A recipe, the name of a built-in one, or a JSON file.
        dataset: What it is for.
        stages: Of the network, from the head down.
        epochs: Instead of the recipe's, in phases that train by gradient steps.

    Raises:
        RecipeError: There is no such recipe, or it does not fit the network.
    """
    recipe = _fitting(read_recipe(wanted), dataset, len(stages) - 1)
    if epochs is not None:
        phases = tuple(
            dataclasses.replace(phase, epochs=epochs, warmup=min(phase.warmup, epochs))
            if phase.solver == "gradient"
            else phase
            for phase in recipe.phases
        )
        recipe = dataclasses.replace(recipe, phases=phases)
    recipe.validate(stages)
    return recipe


def _fitting(recipe: str | Recipe, dataset: Dataset, stages: int) -> Recipe:
    """The built-in recipe of a name for so many stages below the head."""
    if isinstance(recipe, Recipe):
        return recipe
    counts = [count for count in dataset.counts("train").values() if count]
    return choose(sum(counts), median(counts), stages) if recipe == "auto" else built_in(recipe, stages, sum(counts))
