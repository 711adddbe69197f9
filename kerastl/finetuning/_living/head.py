"""A head solved from kept features: anew in all, or as it was chosen before.

Ridge regression needs of an image no more than its row of features. Taking rows away, adding some or giving some
another label and solving again is what training on the other images would give. What takes most of the time is
choosing: the penalty, whether mirrored images train and how much the last layer counts. These stay as they were
chosen where the images are many and few of them have changed. Where even solving takes long, the sums that are kept
with the run spare it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._progress import stage
from kerastl.errors import TrainingError
from kerastl.finetuning._kept_features import HeadChoices, KeptFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._living.sums import HeadSums, SumsRows, computed, pays, updated
from kerastl.finetuning._living.sums_solution import solve_from
from kerastl.finetuning._ridge import RidgeHead, softmax_head
from kerastl.finetuning._ridge_folds import balanced_folds
from kerastl.finetuning._ridge_solution import RidgeSolution
from kerastl.finetuning._row_choice import RowChoice, solve_as, solve_chosen
from kerastl.finetuning._solver_targets import OneHot
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.models._input_reader import InputReader

# Up to so many products of features, choosing again takes a second or two.
_FEW = 10**9
# Of more, it is chosen again once this fraction of the images has changed.
_CHANGED = 0.1


@dataclass(frozen=True)
class SolvedHead:
    """A head, and what it was solved on.

    Args:
        head: For the last layer.
        kept: The features, with what was chosen and what the head says of images that are left out.
        left_out: The same answers, with what was fitted on them.
        chosen: Whether penalty, mirrored images and emphasis were chosen again.
        sums: What the next change is solved from; None where solving from scratch is as quick.
        anew: Whether they had to be computed from scratch.
    """

    head: RidgeHead
    kept: KeptFeatures
    left_out: LeftOutAnswers
    chosen: bool
    sums: HeadSums | None = None
    anew: bool = False


def chooses(kept: KeptFeatures) -> bool:
    """Whether the head is chosen again in all: where that is quick, or much has changed."""
    doubled = kept.mirrored is not None and (kept.choices is None or kept.choices.mirrored)
    rows = len(kept) * (2 if doubled else 1)
    width = kept.rows.shape[1]
    changed = 0 if kept.choices is None else kept.choices.changed
    return kept.choices is None or rows * width * min(rows, width) <= _FEW or changed > _CHANGED * len(kept)


def solve_kept(
    kept: KeptFeatures,
    reader: InputReader,
    *,
    balanced: bool,
    seed: int,
    last: int,
    choose: bool | None = None,
    sums: Callable[[], HeadSums | None] = lambda: None,
) -> SolvedHead:
    """Solve a head for kept features.

    Args:
        kept: Of two classes at least.
        reader: How files become the network's input.
        balanced: Whether classes are weighed against their frequency.
        seed: Of the run.
        last: How many of the features are of the last layer.
        choose: Whether to choose again; None decides by `chooses`.
        sums: Gives those of the features before they changed.

    Raises:
        TrainingError: No image can be left out, or the features are not finite.
    """
    choose = kept.choices is None or (chooses(kept) if choose is None else choose)
    files = [Path(f"{content:016x}") for content in kept.hashes.tolist()]
    empty = LabeledImages([], kept.labels[:0], kept.hashes[:0])
    images = LabeledImages(files, kept.labels, kept.hashes)
    data = TrainingData(kept.classes, images, empty, reader, balanced, kept.groups)
    weights, folds = data.weights(), balanced_folds(kept.groups, kept.labels, seed=seed)
    solved, anew = None, False
    if choose:
        solved, chosen = _chosen(kept, weights, folds, last, seed)
        kept = replace(kept, choices=chosen)
    own = None
    if pays(kept, balanced) and (found := _from_sums(kept, None if choose else sums(), folds, seed)) is not None:
        solved, own, anew = found
    solved = solved or _from_scratch(kept, weights, folds, seed)
    choices = kept.choices
    assert choices is not None  # noqa: S101 - they have been chosen
    head = softmax_head(solved, kept.labels, weights)._replace(mirrored=choices.mirrored, emphasis=choices.emphasis)
    if not len(head.loo_rows):
        raise TrainingError("no image can be left out: no class has two images that are not the same")
    left_out = LeftOutAnswers.of(data, head.loo_rows, head.loo_probabilities)
    left_out = left_out.calibrated(head.temperature, lambda numbers: kept.rows[numbers].astype(np.float32), seed)
    answers = np.full(len(kept), -1)
    answers[left_out.numbers] = left_out.probabilities.argmax(axis=1)
    return SolvedHead(head, replace(kept, answers=answers), left_out, choose, own, anew)


def _chosen(
    kept: KeptFeatures, weights: np.ndarray, folds: np.ndarray, last: int, seed: int
) -> tuple[RidgeSolution, HeadChoices]:
    targets = OneHot(kept.labels, len(kept.classes))
    solution, choice = solve_chosen(kept.rows, kept.mirrored, targets, weights, folds, last=last, seed=seed)
    return solution, HeadChoices(solution.strength, choice.emphasis, last, choice.mirrored)


def _from_scratch(kept: KeptFeatures, weights: np.ndarray, folds: np.ndarray, seed: int) -> RidgeSolution:
    choices, targets = kept.choices, OneHot(kept.labels, len(kept.classes))
    assert choices is not None  # noqa: S101 - they have been chosen
    choice = RowChoice(choices.mirrored, choices.emphasis, choices.penalty)
    options: dict[str, Any] = {"seed": seed, "strength": choices.penalty}
    return solve_as(choice, kept.rows, kept.mirrored, targets, weights, folds, last=choices.last, **options)


def _from_sums(
    kept: KeptFeatures, sums: HeadSums | None, folds: np.ndarray, seed: int
) -> tuple[RidgeSolution, HeadSums, bool] | None:
    """The solution, what it was solved from, and whether that was computed from scratch; None where it cannot be."""
    from scipy.linalg import LinAlgError

    rows = SumsRows(kept)
    found = None if sums is None else updated(sums, rows)
    if found is not None and (solved := solve_from(found, rows, folds, seed)) is not None:
        return solved, found, False
    with stage("computing the sums of the head"), suppress(LinAlgError):
        found = computed(rows)
        if (solved := solve_from(found, rows, folds, seed)) is not None:
            return solved, found, True
    return None
