"""A solved head that is kept in the end is solved once more on all images, those that were held back, too.

They were held back to judge phases of gradient steps, and that is over then. Leave-one-out says how good the solution
is, as in a run in which every image trains from the start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kerastl.errors import TrainingError
from kerastl.finetuning._answer_extras import answer_extras
from kerastl.finetuning._doubts import doubts
from kerastl.finetuning._features import UsableFeatures, lookup
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._phase_context import Context
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._solved_head import NOTHING, keep_features, learnt_nothing, solve_classifier
from kerastl.finetuning._state import FineTuningState
from kerastl.finetuning._training_data import TrainingData


class PlainFeatures(NamedTuple):
    """What a head is solved on.

    Args:
        plain: Features of the images as they are.
        mirrored: Of the same, mirrored; None where there are none.
    """

    plain: UsableFeatures
    mirrored: UsableFeatures | None


def solved_phase(recipe: Recipe) -> Phase | None:
    """The phase that may be done again on all images: the first, by ridge regression, where gradient steps follow."""
    first = recipe.phases[0]
    return first if first.solver == "ridge" and first.augmentation is None and recipe.needs_validation else None


def keeps_solution(state: FineTuningState) -> bool:
    """Whether the head of the first phase, which a solution was, is what a run at its end has kept."""
    kept = next((row["phase"] for row in state.history if row.get("kept")), None)
    return kept == 1 and state.leave_one_out is not None and not state.failure


def join(whole: TrainingData, data: TrainingData, train: PlainFeatures, val: PlainFeatures) -> PlainFeatures:
    """Join the features of two parts, in the order of all images.

    Args:
        whole: All images, to train on.
        data: The same in parts.
        train: Features of the training images.
        val: Of the validation images.
    """
    own = {file: number for number, file in enumerate(data.train.files)}
    own |= {file: ~number for number, file in enumerate(data.val.files)}
    places = np.array([own[file] for file in whole.train.files], np.int64)
    readable = _readable(places, train.plain, val.plain)
    if train.mirrored is None or val.mirrored is None:
        return PlainFeatures(UsableFeatures(lookup(places, train.plain, val.plain), np.flatnonzero(readable)), None)
    usable = np.flatnonzero(readable & _readable(places, train.mirrored, val.mirrored))
    plain, mirrored = lookup(places, train.plain, val.plain), lookup(places, train.mirrored, val.mirrored)
    return PlainFeatures(UsableFeatures(plain, usable), UsableFeatures(mirrored, usable))


def answers_on_val(left_out: LeftOutAnswers, whole: TrainingData, data: TrainingData) -> tuple[np.ndarray, np.ndarray]:
    """What the head solved on all images says of those to validate on, each left out.

    It is what a phase of gradient steps is up against: such a head knows more images than the phase did.

    Args:
        left_out: Of the head.
        whole: All images, which it was solved on.
        data: The same in parts.

    Returns:
        int64 `(n,)`, numbers of the validation images that have an answer, ascending; float32 `(n, outputs)`.
    """
    own = {file: number for number, file in enumerate(data.val.files)}
    places = np.array([own.get(whole.train.files[number], -1) for number in left_out.numbers], np.int64)
    order = np.argsort(places, kind="stable")[np.count_nonzero(places < 0) :]
    return places[order], left_out.probabilities[order]


def refit(context: Context, phase: Phase, features: PlainFeatures, network: str) -> None:
    """Solve the head again, and take what leave-one-out says of it for the score of the run.

    Args:
        context: Of the run; its training images are all there are.
        phase: That of the solution.
        features: Of all images.
        network: The digest of what made them.

    Raises:
        Stopped: A stop was asked for; the head is that before.
        TrainingError: The scores are no numbers.
    """
    state, data = context.state, context.data
    context.observers.told.say(f"the head is kept: solved again on all {len(features.plain):,} images")
    head, left_out = solve_classifier(context, phase, *features)
    if left_out is None:
        raise TrainingError("no image can be left out: no class has two that are not the same; add images")
    reached = left_out.score()
    if not np.isfinite(reached.loss):
        raise TrainingError("the scores hold NaN or infinity: the weights of the network are broken")
    left_out.write(context.writer.checkpoint.folder)
    keep_features(context, network, features, head, left_out)
    state.best = state.leave_one_out = reached
    answers = left_out.probabilities, left_out.labels
    state.warnings = doubts(*answers, data.classes, data.task, "leave_one_out")
    state.extras = answer_extras(*answers, data, "leave_one_out")
    state.failure = NOTHING if learnt_nothing(head) else ""
    state.refitted = True


def _readable(places: np.ndarray, train: UsableFeatures, val: UsableFeatures) -> np.ndarray:
    """Whether each image can be read: bool `(n,)`."""
    return np.isin(places, np.concatenate([train.usable, ~val.usable]))
