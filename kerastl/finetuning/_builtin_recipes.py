"""The recipes that come with kerastl, and how `auto` chooses among them."""

from __future__ import annotations

from dataclasses import replace

from kerastl.data._augmentation import Augmentation, Crop, Flip
from kerastl.errors import RecipeError
from kerastl.finetuning._recipe import ALL, HEAD, Phase, Recipe

NAMES = ("auto", "probe", "gradual", "full")
DESCRIPTIONS = {
    "auto": "probe, gradual or full, by the number of training images (the default)",
    "probe": "the head alone, solved by logistic regression on features computed once",
    "gradual": "the head, then stage by stage from the top with decaying rates, on cached features",
    "full": "the head, then everything with fresh augmentation in each epoch",
}

# Below this many training images in a typical class, more than the head overfits.
_FEW = 20
# From this many training images on, everything can be trained.
_MANY = 1_000

# Steps of 32 images that training everything takes.
_STEPS = 2_000

_HEAD = Phase(trains=HEAD, epochs=30, learning_rate=1e-3, solver="logistic_regression")
_CROPS = Augmentation(crop=Crop(0.35), flip=Flip())


def built_in(name: str, stages: int = 6, images: int = 3_200) -> Recipe:
    """Return the recipe called `probe`, `gradual` or `full`.

    Args:
        name: Which.
        stages: How many stages the network has below the head; `gradual` opens at most three of them.
        images: Number of training images: `full` needs some 2,000 steps, which are more epochs of fewer images.

    Raises:
        RecipeError: There is no such recipe, or it is `auto`, which depends on the data.
    """
    if name == "probe":
        return Recipe("probe", (_HEAD,), dropout=0.0, why="only the head, solved directly")
    if name == "gradual":
        phases = (_HEAD, *(_opened(number) for number in range(1, min(3, stages) + 1)))
        return Recipe("gradual", phases, why="the head, then one stage more in each phase")
    if name == "full":
        return Recipe("full", (_HEAD, _everything(images)), why="the head, then everything")
    raise RecipeError(f"no built-in recipe {name!r}. There is: {', '.join(NAMES)}")


def _opened(stages: int) -> Phase:
    """The head and the topmost stages on cached views.

    BatchNorm stays fixed: MobileNet 0.25 on 10 classes of 96 px images had 68.3 % with it fixed and 65.5 % with it
    trained (one seed).
    """
    return Phase(
        trains=stages,
        epochs=8,
        learning_rate=1e-3,
        stage_decay=0.5,
        warmup=0.5,
        shape="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        views=4,
        patience=5,
    )


def _everything(images: int) -> Phase:
    """Everything at once, and BatchNorm follows the new images.

    MobileNet 0.25 on 10 classes of 96 px images had 64.7 % after 12 epochs with BatchNorm trained and 53.2 % with it
    fixed (one seed).
    """
    return Phase(
        trains=ALL,
        epochs=min(60, max(20, round(_STEPS * 32 / images))),
        learning_rate=1e-3,
        warmup=1,
        shape="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        batch_norm="trained",
    )


def choose(images: int, typical_class: float, stages: int) -> Recipe:
    """Return what `auto` means for this much data, and why.

    Args:
        images: Number of training images.
        typical_class: Training images in a typical class: the median, so that one small class does not decide.
        stages: As in `built_in`.
    """
    if typical_class < _FEW:
        name = "probe"
        why = f"only {typical_class:g} training images in a typical class: the head alone"
    elif images < _MANY:
        name, why = "gradual", f"{images:,} training images: the head, then the top stages one by one"
    else:
        name = "full"
        why = f"{images:,} training images, {typical_class:,g} in a typical class, are enough to train everything"
    recipe = built_in(name, stages, images)
    return replace(recipe, why=f"auto chose {name}: {why}")
