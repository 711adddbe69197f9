"""The recipes that come with kerastl. The numbers were chosen by the runs of `benchmarks/recipes.py`."""

from __future__ import annotations

from dataclasses import replace

from kerastl.data.augmentation import Augmentation, Crop, Flip
from kerastl.errors import RecipeError
from kerastl.finetuning.recipe import ALL, HEAD, Phase, Recipe

NAMES = ("auto", "probe", "gradual", "full")
DESCRIPTIONS = {
    "auto": "probe, gradual or full, by the number of training pictures (the default)",
    "probe": "the head alone, solved by logistic regression on features computed once",
    "gradual": "the head, then stage by stage from the top with decaying rates, on cached features",
    "full": "the head, then everything with fresh augmentation in each epoch",
}

# Below this many training pictures in the smallest class, more than the head overfits.
_FEW = 20
# From this many training pictures on, everything can be trained.
_MANY = 1_000

_HEAD = Phase(trains=HEAD, epochs=30, learning_rate=1e-3, solver="logistic_regression")
_CROPS = Augmentation(crop=Crop(0.35), flip=Flip())


def built_in(name: str, stages: int = 6) -> Recipe:
    """Return the recipe called `probe`, `gradual` or `full`.

    Args:
        name: Which.
        stages: How many stages the network has below the head; `gradual` opens at most three of them.

    Raises:
        RecipeError: There is no such recipe, or it is `auto`, which depends on the data.
    """
    if name == "probe":
        return Recipe("probe", (_HEAD,), dropout=0.0, why="trains the head alone")
    if name == "gradual":
        return Recipe("gradual", (_HEAD, *(_opened(n) for n in range(1, min(3, stages) + 1))), why="")
    if name == "full":
        everything = Phase(
            trains=ALL,
            epochs=20,
            learning_rate=1e-3,
            warmup=1,
            shape="cosine",
            weight_decay=0.05,
            label_smoothing=0.1,
            augmentation=_CROPS,
            batch_norm="trained",
        )
        return Recipe("full", (_HEAD, everything), why="")
    raise RecipeError(f"no built-in recipe {name!r}. There is: {', '.join(NAMES)}")


def _opened(stages: int) -> Phase:
    return Phase(
        trains=stages,
        epochs=6,
        learning_rate=3e-4 / stages,
        stage_decay=0.4,
        warmup=0.5,
        shape="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        views=4,
        patience=3,
    )


def choose(images: int, smallest_class: int, stages: int) -> Recipe:
    """Return what `auto` means for this much data, and why.

    Args:
        images: Number of training pictures.
        smallest_class: Training pictures in the smallest class.
        stages: As in `built_in`.
    """
    if smallest_class < _FEW:
        why = f"only {smallest_class} training pictures in the smallest class: the head alone"
        return replace(built_in("probe", stages), why=why)
    if images < _MANY:
        why = f"{images:,} training pictures: the head, then the top stages one by one"
        return replace(built_in("gradual", stages), why=why)
    return replace(built_in("full", stages), why=f"{images:,} training pictures are enough to train everything")
