"""The recipes that come with kerastl, and how `auto` chooses among them."""

from __future__ import annotations

from dataclasses import replace

from kerastl.data._augmentation import Augmentation, Crop, Flip
from kerastl.finetuning._recipe import ALL, HEAD, Phase, Recipe
from kerastl.finetuning._recipe_registry import RecipeBuilder

# Below this many training images in a typical class, more than the head overfits.
_FEW = 20
# From this many training images on, everything can be trained.
_MANY = 1_000

# Steps of 32 images that training everything takes.
_STEPS = 2_000

_HEAD = Phase(trains=HEAD, epochs=30, learning_rate=1e-3, solver="ridge")
_CROPS = Augmentation(crop=Crop(0.35), flip=Flip())


def _probe(stages: int, images: int, images_per_class: float) -> Recipe:
    return Recipe("probe", (_HEAD,), dropout=0.0, why="only the head, solved directly", features="deep")


def _gradual(stages: int, images: int, images_per_class: float) -> Recipe:
    """The head, then the topmost stages one by one, three of them at most."""
    phases = (_HEAD, *(_opened(number) for number in range(1, min(3, stages) + 1)))
    return Recipe("gradual", phases, why="the head, then one stage more in each phase", features="deep")


def _full(stages: int, images: int, images_per_class: float) -> Recipe:
    return Recipe("full", (_HEAD, _everything(images)), why="the head, then everything", features="deep")


def _opened(stages: int) -> Phase:
    """The head and the topmost stages on cached views.

    BatchNorm stays fixed: MobileNet 0.25 on 10 classes of 96 px images had 68.3 % with it fixed and 65.5 % with it
    trained (one seed).
    """
    return Phase(
        trains=stages,
        epochs=8,
        learning_rate=1e-3,
        layer_decay=0.5,
        warmup=0.5,
        schedule="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        num_augmented_copies=4,
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
        schedule="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        batch_norm="trained",
    )


def _auto(stages: int, images: int, images_per_class: float) -> Recipe:
    """Choose by the data, and say why.

    `images_per_class` is the median of the classes, so that one small class does not decide.
    """
    if images_per_class < _FEW:
        chosen, why = PROBE, f"only {images_per_class:g} training images in a typical class: the head alone"
    elif images < _MANY:
        chosen, why = GRADUAL, f"{images:,} training images: the head, then the top stages one by one"
    else:
        typical = f"{images_per_class:,g} in a typical class"
        chosen, why = FULL, f"{images:,} training images, {typical}, are enough to train everything"
    recipe = chosen(stages, images, images_per_class)
    return replace(recipe, why=f"auto chose {chosen.name}: {why}")


PROBE = RecipeBuilder("probe", "the head alone, solved by ridge regression on features of several layers", _probe)
GRADUAL = RecipeBuilder(
    "gradual", "the head, then stage by stage from the top with decaying rates, on cached features", _gradual
)
FULL = RecipeBuilder("full", "the head, then everything with fresh augmentation in each epoch", _full)
AUTO = RecipeBuilder(
    "auto", "probe, gradual or full, by the number of training images (the default)", _auto, by_data=True
)
