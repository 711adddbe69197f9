"""The recipes that have a name. No Keras in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerastl._base.registry import Registry
from kerastl.errors import RecipeError

if TYPE_CHECKING:
    from kerastl.finetuning._recipe import Recipe


@dataclass(frozen=True)
class RecipeBuilder:
    """A recipe with a name, which may depend on the data and on the network.

    Args:
        name: What users type.
        description: What it trains, in a line that follows the name.
        build: Gives the recipe for a number of stages below the head, a number of training images, and the number of
            training images in a typical class.
        by_data: Whether it chooses another recipe by the data, so that without data there is none to print.

    Example:
        >>> from kerastl.finetuning import Phase, Recipe, RecipeBuilder
        >>> def head_only(stages: int, images: int, images_per_class: float) -> Recipe:
        ...     return Recipe("head", (Phase(epochs=10 if images < 1_000 else 3),))
        >>> RecipeBuilder("head", "the head, by gradient steps", head_only)(4, 200, 20.0).phases[0].epochs
        10
    """

    name: str
    description: str
    build: Callable[[int, int, float], Recipe]
    by_data: bool = False

    @property
    def needs_validation(self) -> bool:
        """Whether its recipe takes images to validate on; one that is chosen by the data may, before that is known."""
        return self.by_data or self().needs_validation

    def __call__(self, stages: int = 6, images: int = 3_200, images_per_class: float = 320) -> Recipe:
        """Build the recipe.

        Args:
            stages: How many stages the network has below the head.
            images: Number of training images.
            images_per_class: Training images in a typical class.

        Raises:
            RecipeError: What the function gives is none.

        Example:
            >>> from kerastl.finetuning import RECIPES
            >>> [phase.trains for phase in RECIPES["gradual"]().phases]
            ['head', 1, 2, 3]
        """
        from kerastl.finetuning._recipe import Recipe

        recipe = self.build(stages, images, images_per_class)
        if not isinstance(recipe, Recipe):
            raise RecipeError(f"the recipe {self.name!r} gives a {type(recipe).__name__}, not a Recipe")
        return recipe


RECIPES: Registry[RecipeBuilder] = Registry(
    "recipe",
    "kerastl.recipes",
    RecipeBuilder,
    {name: f"kerastl.finetuning._builtin_recipes:{name.upper()}" for name in ("auto", "probe", "gradual", "full")},
)
"""The first is the default. Other packages add to it by entry points of the group `kerastl.recipes`."""


def register_recipe(recipe: RecipeBuilder, *, replace: bool = False) -> RecipeBuilder:
    """Add a recipe for as long as this process runs.

    Args:
        recipe: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `recipe`.

    Raises:
        UsageError: It is no `RecipeBuilder`, or there is one of that name.

    Example:
        >>> import kerastl
        >>> from kerastl.finetuning import Phase, Recipe, RecipeBuilder, register_recipe
        >>> def short(stages: int, images: int, images_per_class: float) -> Recipe:
        ...     return Recipe("short", (Phase(epochs=1),))
        ...
        >>> builder = register_recipe(RecipeBuilder("short", "the head, for one epoch", short))
        >>> "short" in kerastl.finetuning.RECIPES
        True
    """
    return RECIPES.register(recipe, replace=replace)
