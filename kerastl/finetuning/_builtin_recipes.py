"""The recipes that come with kerastl, and how `auto` chooses among them."""

from __future__ import annotations

from dataclasses import replace

from kerastl._base.text import percent
from kerastl.data._augmentation import Augmentation, Crop, Flip
from kerastl.finetuning._recipe import ALL, HEAD, Phase, Recipe
from kerastl.finetuning._recipe_registry import RecipeBuilder

# Below this many training images in a typical class, gradient steps have not paid: with 32 a class, of four folders
# and two networks, none of 8 was better than the solved head beyond chance, for up to 9 times its time.
_FEW = 40
# From this many training images on, BatchNorm follows the new images; below, its statistics would be of too few.
_MANY = 2_000
# Where fewer answers of the head are wrong, `auto` leaves it at that.
_MIN_ERROR = 0.02

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
        learning_rate=3e-4,
        find_rate=True,
        layer_decay=0.7,
        warmup=1,
        schedule="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        num_augmented_copies=4,
    )


def _everything(images: int) -> Phase:
    """Everything at once, so gently that the solved head is not spoilt.

    With few images BatchNorm stays fixed. MobileNet 0.25 at 96 px on 16 splits of four folders, 10 and 40 images a
    class, had 3.6 points more than the head alone after 15 epochs with it fixed, and 5.5 points less with it trained
    at a rate of 2e-4.
    """
    return Phase(
        trains=ALL,
        epochs=min(60, max(15, round(_STEPS * 32 / images))) if images >= _MANY else 15,
        learning_rate=1e-3 if images >= _MANY else 3e-4,
        find_rate=True,
        layer_decay=0.7,
        warmup=1,
        schedule="cosine",
        weight_decay=0.05,
        label_smoothing=0.1,
        augmentation=_CROPS,
        batch_norm="trained" if images >= _MANY else "frozen",
    )


def _auto(stages: int, images: int, images_per_class: float) -> Recipe:
    """The head, and then everything where that may pay; what it brings is kept where the evidence says so.

    `images_per_class` is the median of the classes, so that one small class does not decide.
    """
    if images_per_class < _FEW:
        why = f"only {images_per_class:g} training images in a typical class: the head alone"
        return replace(PROBE(stages, images, images_per_class), why=f"auto chose probe: {why}")
    full = FULL(stages, images, images_per_class)
    head, everything = full.phases
    why = f"{images:,} training images: everything, if {percent(_MIN_ERROR, 0)} or more of the head's answers are wrong"
    phases = (head, replace(everything, min_error=_MIN_ERROR))
    return replace(full, phases=phases, why=f"auto chose full: {why}")


PROBE = RecipeBuilder("probe", "the head alone, solved by ridge regression on features of several layers", _probe)
GRADUAL = RecipeBuilder(
    "gradual", "the head, then stage by stage from the top with decaying rates, on cached features", _gradual
)
FULL = RecipeBuilder("full", "the head, then everything with fresh augmentation in each epoch", _full)
AUTO = RecipeBuilder(
    "auto",
    "probe, and then full where there are images enough and answers are wrong (the default)",
    _auto,
    by_data=True,
)
