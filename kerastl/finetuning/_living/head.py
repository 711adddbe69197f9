"""A head solved from kept features: anew in all, or as it was chosen before.

Ridge regression needs of an image no more than its row of features. Taking rows away, adding some or giving some
another label and solving again is what training on the other images would give. What takes most of the time is
choosing: the penalty, whether mirrored images train and how much the last layer counts. These stay as they were
chosen where the images are many and few of them have changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastl.errors import TrainingError
from kerastl.finetuning._kept_features import HeadChoices, KeptFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._ridge import RidgeHead, softmax_head
from kerastl.finetuning._ridge_folds import balanced_folds
from kerastl.finetuning._row_choice import RowChoice, solve_as, solve_chosen
from kerastl.finetuning._solver_targets import OneHot
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.models._input_reader import InputReader

# Up to so many products of features, choosing again takes a second or two.
_FEW = 2 * 10**10
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
    """

    head: RidgeHead
    kept: KeptFeatures
    left_out: LeftOutAnswers
    chosen: bool


def chooses(kept: KeptFeatures) -> bool:
    """Whether the head is chosen again in all: where that is quick, or much has changed."""
    doubled = kept.mirrored is not None and (kept.choices is None or kept.choices.mirrored)
    rows = len(kept) * (2 if doubled else 1)
    width = kept.rows.shape[1]
    changed = 0 if kept.choices is None else kept.choices.changed
    return kept.choices is None or rows * width * min(rows, width) <= _FEW or changed > _CHANGED * len(kept)


def solve_kept(
    kept: KeptFeatures, reader: InputReader, *, balanced: bool, seed: int, last: int, choose: bool | None = None
) -> SolvedHead:
    """Solve a head for kept features.

    Args:
        kept: Of two classes at least.
        reader: How files become the network's input.
        balanced: Whether classes are weighed against their frequency.
        seed: Of the run.
        last: How many of the features are of the last layer.
        choose: Whether to choose again; None decides by `chooses`.

    Raises:
        TrainingError: No image can be left out, or the features are not finite.
    """
    choose = kept.choices is None or (chooses(kept) if choose is None else choose)
    files = [Path(f"{content:016x}") for content in kept.hashes.tolist()]
    empty = LabeledImages([], kept.labels[:0], kept.hashes[:0])
    images = LabeledImages(files, kept.labels, kept.hashes)
    data = TrainingData(kept.classes, images, empty, reader, balanced, kept.groups)
    targets, weights = OneHot(kept.labels, len(kept.classes)), data.weights()
    arguments = (kept.rows, kept.mirrored, targets, weights, balanced_folds(kept.groups, kept.labels, seed=seed))
    if choose or kept.choices is None:
        solution, choice = solve_chosen(*arguments, last=last, seed=seed)
        choices = HeadChoices(solution.strength, choice.emphasis, last, choice.mirrored)
    else:
        choices = kept.choices
        choice = RowChoice(choices.mirrored, choices.emphasis, choices.penalty)
        solution = solve_as(choice, *arguments, last=choices.last, seed=seed, strength=choices.penalty)
    head = softmax_head(solution, kept.labels, weights)._replace(mirrored=choice.mirrored, emphasis=choice.emphasis)
    if not len(head.loo_rows):
        raise TrainingError("no image can be left out: no class has two images that are not the same")
    left_out = LeftOutAnswers.of(data, head.loo_rows, head.loo_probabilities)
    left_out = left_out.calibrated(head.temperature, lambda numbers: kept.rows[numbers].astype(np.float32), seed)
    answers = np.full(len(kept), -1)
    answers[left_out.numbers] = left_out.probabilities.argmax(axis=1)
    return SolvedHead(head, replace(kept, answers=answers, choices=choices), left_out, choose)
