"""Calibration without an image set aside: from what a head says of each training image while that is left out.

A new image is answered by one head, which all images trained, and each of these by another that lacks it. So the two
are not drawn quite alike, and no coverage is guaranteed whatever the network: this is the jackknife (Barber et al.
2021, "Predictive inference with the jackknife+"). Where leaving one image out hardly changes the answers, as with ridge
regression on many images, the coverage is nearly that of split conformal prediction.

Features below a frozen network are alike for images that trained the head and for new ones: the distances to the
nearest other image, from which rejection is fitted, need no such caution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from kerastl.calibration import _conformal as conformal
from kerastl.calibration import _intervals as intervals
from kerastl.calibration import _ood as ood
from kerastl.calibration import _temperature as temperatures
from kerastl.calibration._state import SUMMARY, CalibrationState, members
from kerastl.calibration._temperature import LEAVE_ONE_OUT
from kerastl.errors import UsageError
from kerastl.tasks._task import CLASSIFICATION, ORDINAL, REGRESSION, TASKS

FALSE_ALARMS = 0.05
SPLIT = "leave_one_out"
"""Stands in the summary where `kerastl calibrate` has the part of the data that it was fitted on."""
# A threshold hardly moves with more scores, which are kept in the model's file.
_MOST_SCORES = 1 << 16


class LeftOutCalibration(NamedTuple):
    """What goes into the file of a model that was calibrated by leave-one-out.

    Args:
        extra: Entries of `Metadata.extra`, as JSON values.
        members: Further members of the file, by name.
    """

    extra: dict[str, Any]
    members: dict[str, bytes]


def calibrated(
    state: CalibrationState, temperature: float, false_alarms: float = FALSE_ALARMS, task: str = CLASSIFICATION
) -> LeftOutCalibration:
    """Write down what was fitted by leave-one-out, for the file of the model.

    Args:
        state: Of `leave_one_out_state`.
        temperature: T, more than 0, which is in the network.
        false_alarms: Fraction of images like these that rejection may flag.
        task: What the model tells.
    """
    n = len(state.set_scores)
    summary = {
        "split": SPLIT,
        "images": n,
        "temperature": temperature,
        "most_coverage": n / (n + 1),
        "references": 0 if state.references is None else len(state.references),
        "false_alarms": false_alarms,
        "ood_threshold": state.ood_threshold,
        "notes": [f"rejection was not fitted: {state.unfitted}"] if state.unfitted else [],
    }
    extra = {**temperatures.record(temperature, LEAVE_ONE_OUT), SUMMARY: summary}
    if task == REGRESSION:
        extra |= intervals.record(state.set_scores)
    return LeftOutCalibration(extra, members(state))


def set_scores(answers: np.ndarray, labels: np.ndarray, task: str = CLASSIFICATION) -> np.ndarray:
    """Score answers for sets of classes, or for intervals around numbers; the better, the lower.

    Args:
        answers: float array of shape (n, outputs).
        labels: As the task keeps them.
        task: What the answers are.

    Returns:
        float64 array of shape (n,); (0,) where the task has neither sets nor intervals.
    """
    score = _SCORES.get(task)
    return np.empty(0) if score is None else score(answers, labels)


_SCORES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    CLASSIFICATION: conformal.scores,
    ORDINAL: conformal.scores,
    REGRESSION: intervals.scores,
}


def leave_one_out_state(
    answers: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray] | None,
    *,
    false_alarms: float = FALSE_ALARMS,
    seed: int = 0,
    task: str = CLASSIFICATION,
) -> CalibrationState:
    """Fit sets of classes, or intervals around numbers, and rejection by leave-one-out.

    Args:
        answers: float array of shape (n, outputs), such as probabilities of classes: of each image while its group is
            left out, calibrated as the network's own answers are.
        labels: As the task keeps them: of classes an integer array of shape (n,).
        groups: Integer array of shape (n,): images that are left out together. Each group counts once, by an image
            that `seed` draws, since the images of one are not drawn apart from each other.
        features: Gives what goes into the last layer that has weights: from integers of shape (m,), values in [0, n),
            a float array of shape (m, d). `None` fits no rejection.
        false_alarms: Fraction of images like these that rejection may flag, between 0 and 1.
        seed: Of what is drawn.
        task: What the answers are.

    Returns:
        The state; says why rejection was not fitted, where it was not.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = order[np.unique(groups[order], return_index=True)[1]]
    scores = np.sort(set_scores(answers[drawn], labels[drawn], task).astype(np.float32))
    step = max(1, -(-len(scores) // _MOST_SCORES))
    state = CalibrationState(scores[step // 2 :: step], fitted_on=LEAVE_ONE_OUT)
    if features is None:
        return replace(state, unfitted="the run kept no features of its training images")
    most = ood.most_references(features(drawn[:1]).shape[1])
    strata = labels[drawn] if TASKS[task].kind == "index" else np.zeros(len(drawn), np.int64)
    chosen = np.sort(drawn[ood.choose_references(strata, most, seed)])
    return _with_rejection(state, ood.unit_length(features(chosen)), false_alarms)


def _with_rejection(state: CalibrationState, features: np.ndarray, false_alarms: float) -> CalibrationState:
    """Compare each image with the others: float32 (m, d), rows of length 1, of as many groups."""
    references = features.astype(np.float16)
    try:
        limit = conformal.threshold(ood.distances_to_others(features, references), 1 - false_alarms)
    except UsageError as reason:
        return replace(state, unfitted=str(reason))
    return replace(state, references=references, ood_threshold=limit)
