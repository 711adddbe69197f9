"""A recipe of one short phase."""

from kerastl.finetuning import Phase, Recipe, RecipeBuilder

RECIPE = RecipeBuilder(
    "toy-recipe",
    "everything at once, for one epoch",
    lambda stages, images, images_per_class: Recipe("toy-recipe", (Phase(trains="all", epochs=1),)),
)
