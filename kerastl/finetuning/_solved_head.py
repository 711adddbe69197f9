"""A head that is solved directly, put into the classifier, and what the solution says of images that are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from kerastl._progress import stage
from kerastl.errors import RecipeError
from kerastl.finetuning._diagnosis import ADVICE
from kerastl.finetuning._features import UsableFeatures
from kerastl.finetuning._folder import KEPT_FEATURES
from kerastl.finetuning._kept_features import MOST, TASKS_KEPT, HeadChoices, KeptFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._phase import Phase, Solver
from kerastl.finetuning._phase_context import Context
from kerastl.finetuning._ridge import RidgeHead
from kerastl.finetuning._ridge_tasks import RIDGE_TASKS, RidgeOutputs
from kerastl.finetuning._row_choice import RowChoice, solve_chosen
from kerastl.finetuning._solver import Head, solve_head
from kerastl.models._deep_features import last_tap_width
from kerastl.models._ordinal_tail import set_thresholds, tail_layers
from kerastl.tasks._task import CLASSIFICATION
from kerastl.training._callback import RunCallback

NOTHING = f"nothing was learnt: every image gets the same scores, whatever it shows. No model is kept; {ADVICE}"
"""Why a head like that is worth nothing."""
# A head whose loss is below that of the classes' frequencies by no more than this has learnt nothing.
_NO_GAIN = 1e-7


def learnt_nothing(head: Head | RidgeHead) -> bool:
    """Whether a head says no more than how frequent the classes are."""
    return head.prior_loss - head.loss <= _NO_GAIN


def solve_classifier(
    context: Context, phase: Phase, rows: UsableFeatures, mirrored: UsableFeatures | None
) -> tuple[Head | RidgeHead, LeftOutAnswers | None]:
    """Put the solution into the classifier of the network.

    Args:
        context: Its training images are those that are solved on.
        phase: Names the solver.
        rows: Features of the images as they are.
        mirrored: Of the same images, mirrored; None leaves them out.

    Returns:
        The head, and its answers on images that are left out; None where there are none, as of logistic regression.

    Raises:
        RecipeError: The head of the network is not one dense layer on such features.
        Stopped: A stop was asked for.
    """
    classifier = context.network.classifier
    if rows[:1].shape[1:] != classifier.kernel.shape[:1]:
        raise RecipeError(f"{phase.solver} needs a head of one Dense layer on pooled features")
    solve = SOLVERS[phase.solver].get(context.data.task.name)
    if solve is None:
        raise RecipeError(f"{phase.solver} solves no head for task {context.data.task.name!r}; ridge does")
    head, left_out = solve(context, rows, mirrored)
    classifier.set_weights([head.kernel, head.bias])
    return head, left_out


def _by_ridge(
    context: Context, rows: UsableFeatures, mirrored: UsableFeatures | None
) -> tuple[RidgeHead, LeftOutAnswers | None]:
    data, told, stop = context.data, context.observers.told, context.observers.stop
    task, outputs = RIDGE_TASKS[data.task.name], RidgeOutputs(len(data.classes), context.network.scale)
    labels, weights = data.train.labels[rows.usable], data.weights()[rows.usable]
    with stage(f"ridge regression on {len(rows):,} images"):
        solution, choice = solve_chosen(
            rows,
            mirrored,
            task.targets(labels, outputs),
            weights,
            task.folds(data.groups()[rows.usable], labels, context.seed),
            last=last_tap_width(context.network.model),
            seed=context.seed,
            scratch=context.scratch,
            check=stop.check if stop is not None else None,
        )
    head = task.head(solution, labels, weights, outputs)._replace(mirrored=choice.mirrored, emphasis=choice.emphasis)
    if head.thresholds is not None:
        set_thresholds(tail_layers(context.network.model), head.thresholds)
    _tell(choice, head, rows, told)
    if doubt := task.doubt(labels, data.classes):
        told.warn(doubt)
    if not len(head.loo_rows):
        return head, None
    answers = LeftOutAnswers.of(data, rows.usable[head.loo_rows], head.loo_probabilities)
    return head, answers.calibrated(head.temperature, rows.of_images, context.seed)


def keep_features(
    context: Context,
    network: str,
    features: tuple[UsableFeatures, UsableFeatures | None],
    head: Head | RidgeHead,
    left_out: LeftOutAnswers | None,
) -> None:
    """Keep the features of a solution beside the state of a run, where a later one can use them.

    Args:
        context: Of the run.
        network: The digest of what made the features.
        features: Of the images as they are, and of the same mirrored.
        head: The solution.
        left_out: Its answers.
    """
    data = context.data
    if left_out is None or not isinstance(head, RidgeHead) or data.task.name not in TASKS_KEPT:
        return
    rows, mirrored = features
    kept = KeptFeatures.of(data, rows, mirrored if head.mirrored else None, left_out, network, context.seed)
    last = last_tap_width(context.network.model)
    kept = replace(kept, choices=HeadChoices(head.strength, head.emphasis, last, head.mirrored))
    if len(kept) < len(rows):
        context.observers.told.say(
            f"{KEPT_FEATURES} keeps the features of {len(kept):,} of {len(rows):,} images, {MOST >> 20} MiB at most"
        )
    kept.write(context.writer.checkpoint.folder / KEPT_FEATURES)


def _tell(choice: RowChoice, head: RidgeHead, rows: UsableFeatures, told: RunCallback) -> None:
    if choice.errors is not None:
        without, with_them = choice.errors
        did = "help" if choice.mirrored else "do not help, and are left out"
        told.say(f"mirrored images {did}: leave-one-out error {without:.4f} without, {with_them:.4f} with them")
    if choice.emphasis != 1:
        told.say(f"the last layer's features count {choice.emphasis:g} times as much as those below, by leave-one-out")
    if head.projected is not None:
        told.say(f"ridge regression: {rows[:1].shape[1]:,} features were projected at random to {head.projected:,}")
    scale = "" if head.temperature == 1 else f", temperature {head.temperature:.3g}"
    told.say(f"ridge regression: penalty {head.strength:.3g}{scale} by leave-one-out")


def _by_logistic_regression(
    context: Context, rows: UsableFeatures, mirrored: UsableFeatures | None
) -> tuple[Head, None]:
    data, told, stop = context.data, context.observers.told, context.observers.stop
    labels, weights = data.train.labels[rows.usable], data.weights()[rows.usable]
    with stage(f"logistic regression on {len(rows):,} images"):
        check = stop.check if stop is not None else None
        classes = len(data.classes)
        head = solve_head(rows, labels, classes, weights, context.seed, scratch=context.scratch, check=check)
    told.say(f"logistic regression: C = {head.strength:g} by cross-validation")
    if not head.converged:
        told.warn("logistic regression ended before its solution: the head is worse than it could be")
    return head, None


Solve: TypeAlias = Callable[
    [Context, UsableFeatures, "UsableFeatures | None"], "tuple[Head | RidgeHead, LeftOutAnswers | None]"
]
SOLVERS: Mapping[Solver, Mapping[str, Solve]] = {
    "ridge": dict.fromkeys(RIDGE_TASKS, _by_ridge),
    "logistic_regression": {CLASSIFICATION: _by_logistic_regression},
}
"""Solvers of phases, and the tasks that each of them solves heads for."""
