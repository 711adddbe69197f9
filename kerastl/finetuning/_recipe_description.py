"""What a recipe will do with some images, in words. No Keras in here."""

from __future__ import annotations

from collections.abc import Sequence

from kerastl.finetuning._phase import Phase
from kerastl.finetuning._recipe import Recipe

_SOLVERS = {"logistic_regression": "logistic regression", "ridge": "ridge regression"}
_SCHEDULES = {
    "constant": "stays there",
    "cosine": "falls to zero in half a cosine",
    "one_cycle": "climbs and falls in one cycle",
}


def describe(recipe: Recipe, stages: Sequence[str], images: int | None = None) -> list[str]:
    """Say phase by phase what a recipe will do.

    Args:
        recipe: Valid for the stages.
        stages: Of the network, from the head down.
        images: To train on; None where that is not known.

    Returns:
        One paragraph a phase.

    Example:
        >>> from kerastl.finetuning import RECIPES
        >>> from kerastl.finetuning._recipe_description import describe
        >>> len(describe(RECIPES["full"](), ["head", "top", "stem"]))
        2
    """
    return [
        f"{number}. {_title(phase, stages)} {_work(phase, stages, images)} {_end(phase)}".strip()
        for number, phase in enumerate(recipe.phases, 1)
    ]


def _title(phase: Phase, stages: Sequence[str]) -> str:
    trained = phase.trained_stages(stages)
    if phase.solver != "gradient":
        return f"The head is solved by {_SOLVERS.get(phase.solver, phase.solver)}, the rest stays as it is."
    if len(trained) == len(stages):
        return "Everything trains."
    below = f"; all below {trained[-1]} stays as it is" if len(trained) < len(stages) else ""
    return f"{'The head' if len(trained) == 1 else f'{trained[0]} to {trained[-1]}'} trains{below}."


def _work(phase: Phase, stages: Sequence[str], images: int | None) -> str:
    """What the phase sees, and how it learns."""
    changes = "" if phase.augmentation is None else f" ({', '.join(phase.augmentation.as_dict())})"
    everything = len(phase.trained_stages(stages)) == len(stages)
    copies = phase.num_augmented_copies
    if phase.augmentation is None:
        seen = "The images are seen as they are"
    elif copies is None:
        seen = f"Each epoch sees new versions of the images{changes}"
    else:
        seen = f"{copies} versions of each image are seen{changes}"
    rows = "" if images is None else f" of {images * (copies or 1):,} images"
    if phase.augmentation is not None and copies is None:
        seen += "" if everything else ", which run through the whole network"
    elif not everything:
        seen += f"; the frozen part computes features{rows} once"
    if phase.solver != "gradient":
        return f"{seen}."
    return f"{seen}. {_steps(phase, images)}"


def _steps(phase: Phase, images: int | None) -> str:
    size = phase.batch_size if images is None else min(phase.batch_size, images)
    epochs = f"{phase.epochs} epoch{'s' * (phase.epochs > 1)}"
    steps = "" if images is None else f", {phase.epochs * (images // size):,} steps"
    text = f"{epochs} in batches of {size}{steps}. The rate of the head, {phase.learning_rate:g} at its highest,"
    ramp = "1 epoch" if phase.warmup == 1 else f"{phase.warmup:g} epochs"
    text += f" warms up for {ramp} and then" if phase.warmup and phase.schedule != "one_cycle" else ""
    text += f" {_SCHEDULES[phase.schedule]}"
    text += f"; that of each stage below is {phase.layer_decay:g} times that above" if phase.layer_decay != 1 else ""
    return f"{text}. BatchNorm is {phase.batch_norm}."


def _end(phase: Phase) -> str:
    """When it ends early."""
    if phase.solver != "gradient" or phase.patience is None:
        return ""
    return f"It ends after {phase.patience} epochs that are no better."
