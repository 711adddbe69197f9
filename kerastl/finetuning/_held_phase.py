"""A phase of gradient steps that is compared with the solution in closed form which it starts from.

That solution was not chosen by validation images, and is hard to beat where there are few. What gradient steps make of
it takes its place only where it answers the validation images better beyond chance, as it is or averaged with the start
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

Where the solution would be solved once more on all images, that is what it is up against: what the images that are held
back bring to the head is often more than what gradient steps bring without them. With 40 images a class of ten hand
signs and MobileNetV2, a phase that was kept for beating its start ended 2.2 points below that head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from kerastl._base.text import percent
from kerastl._progress import stage
from kerastl.errors import TrainingError
from kerastl.finetuning import _evidence as evidence
from kerastl.finetuning._compiling import compile_for
from kerastl.finetuning._evidence import Comparison
from kerastl.finetuning._features import UsableFeatures
from kerastl.finetuning._loop import Epoch, predict
from kerastl.finetuning._lr_finder import harmless_rate
from kerastl.finetuning._output_scaling import OUTPUT_SCALINGS, fitted_losses
from kerastl.finetuning._phase_training import PhaseTraining
from kerastl.finetuning._scores import score
from kerastl.training._fit import DivergedError
from kerastl.training._interrupt import Stopped
from kerastl.training._optimizer import averaged_weights
from kerastl.training._variables import assign, values_of

Rival: TypeAlias = Callable[[], "tuple[np.ndarray, np.ndarray] | None"]
_NO_RIVAL = "better than its start, but no better beyond chance than the head solved on all images"
# How far tuned weights are taken on the way from the start.
_FRACTIONS = (0.25, 0.5, 0.75, 1.0)
# Batches of a range test.
_TEST_BATCHES = 4
# Epochs whose harm is laid to the rate.
_FIRST = 2
_RESTARTS = 1


class HeldPhase(PhaseTraining):
    """Trains a phase, and keeps what it brings only where that is better than its start beyond chance.

    A phase whose first epochs are clearly worse than its start, or whose loss is not a number, is begun again once with
    half the rate; one that is clearly worse for a third of its epochs ends.

    Args:
        arguments: Those of `PhaseTraining`.
        rival: Gives what the solution that would be kept instead, solved on all images, says of validation images, each
            left out: their numbers and the answers, as `answers_on_val` has them. None, or where it gives None, is a
            phase that has its start alone to beat. It may leave other weights in the part that trains.
    """

    def __init__(self, *arguments: Any, rival: Rival | None = None) -> None:
        super().__init__(*arguments)
        self._rival = rival

    def _train(self) -> None:
        self._labels = self._context.data.val.labels[self._val.usable]
        with stage("validating"):
            self._start_answers = predict(self._upper, self._val)
        planned, record = self._phase, self._state.phase_record
        if planned.find_rate and record.learning_rate is None:
            record.learning_rate = self._harmless_rate()
        rate = record.learning_rate or planned.learning_rate
        while True:
            self._phase = replace(self._phase, learning_rate=rate / 2**record.restarts)  # perhaps shortened
            try:
                super()._train()
            except DivergedError as error:
                if record.restarts == _RESTARTS:
                    self._give_up()
                    raise
                self._begin_again(str(error).split(":", 1)[0])
                continue
            except (Stopped, TrainingError):
                self._give_up()
                raise
            if not record.harmful:
                break
            self._begin_again("the first epochs are clearly worse than the start")
        self._decide()

    @property
    def _val(self) -> UsableFeatures:
        rows = self._features.val
        assert rows is not None  # noqa: S101 - `Training` refuses phases that need them
        return rows

    def _harmless_rate(self) -> float:
        """The highest rate that a range test allows, at most that of the phase."""
        phase, told = self._phase, self._context.observers.told
        compile_for(self._upper, self._context.network, phase, self._batches.steps)
        with stage("range test of the learning rate"):
            batches = list(islice(self._batches.epoch(0), _TEST_BATCHES))
            rate = float(f"{harmless_rate(self._upper, batches, phase.learning_rate):.2g}")
        if rate < phase.learning_rate:
            told.say(
                f"learning rate {rate:g} by a range test: {phase.learning_rate:g}, as the recipe has it, would spoil "
                "what is there"
            )
        return rate

    def _begin_again(self, reason: str) -> None:
        state, told = self._state, self._context.observers.told
        state.restart_phase()
        assign(self._weights, self._before)
        self._best = self._before
        rate = self._phase.learning_rate / 2
        told.warn(f"phase {state.phase + 1}: {reason}; begun again from its start with learning rate {rate:g}")

    def record(self, done: Epoch) -> None:
        """See `Keeper`."""
        row = self._row(done)
        state, record = self._state, self._state.phase_record
        self._better = state.record_candidate(row, done.score)
        if self._better:
            self._best = values_of(self._weights)
        found = self._compare(self._answers)
        record.behind = record.behind + 1 if found.worse else 0
        record.harmful = record.restarts < _RESTARTS and done.number == record.behind == _FIRST
        self._context.observers.told.epoch(row)

    def _compare(self, answers: np.ndarray) -> Comparison:
        return evidence.compare(self._start_answers, answers, self._labels, self._task)

    def _over(self) -> bool:
        record = self._state.phase_record
        too_far = record.behind >= max(_FIRST + 1, -(-self._phase.epochs // 3))
        return super()._over() or record.harmful or too_far

    def _leave(self) -> None:
        """Leave all to `_train`, which knows why."""

    def _give_up(self) -> None:
        """Keep the best epoch of a phase that is broken off, or its start, which is not solved again then."""
        self._rival = None
        self._decide()
        assign(self._weights, self._best)

    def _decide(self) -> None:
        """Put the weights that are kept into `_best`, and note what came of the phase."""
        state, record, told = self._state, self._state.phase_record, self._context.observers.told
        whole = state.epoch >= self._phase.epochs
        if not state.best_here:  # no epoch was completed
            self._best = self._before
            return
        if whole:
            with averaged_weights(self._upper):
                reached = values_of(self._weights)
        else:
            reached = self._best
        fraction, answers, weights = self._best_average(reached)
        found = self._compare(answers)
        better = found.better and not record.behind
        rival = self._compare_with_rival(answers) if better else None
        if not better or not (rival is None or rival.better):
            self._best, state.best_here = self._before, False
            record.outcome = self._why_not(found) if rival is None else f"{_NO_RIVAL}: {rival.describe()}"
            told.say(f"phase {state.phase + 1} is not kept: {record.outcome}")
            return
        self._best, self._answers, record.fraction = weights, answers, fraction
        self._accept(found, whole)

    def _compare_with_rival(self, answers: np.ndarray) -> Comparison | None:
        """Compare with what would be kept instead; None where that is the start."""
        assign(self._weights, self._before)
        try:
            known = None if self._rival is None else self._rival()
        finally:
            assign(self._weights, self._before)
        if known is None:
            return None
        _, own, others = np.intersect1d(self._val.usable, known[0], assume_unique=True, return_indices=True)
        if not len(own):
            return None
        return evidence.compare(known[1][others], answers[own], self._labels[own], self._task)

    def _accept(self, found: Comparison, whole: bool) -> None:
        state, record = self._state, self._state.phase_record
        own = [place for place, row in enumerate(state.history) if row["phase"] == state.phase + 1]
        own = own[len(own) - state.epoch :]  # without those before a restart
        place = own[-1] if whole else max(own, key=lambda one: self._rank(state.history[one]))
        state.keep(place)
        assign(self._weights, self._best)
        self._soften()
        self._diagnose()
        record.outcome = f"better than its start beyond chance: {found.describe()}"
        fraction = record.fraction or 1.0
        way = "" if fraction == 1 else f", averaged with its start ({percent(fraction, 0)} of the way)"
        self._context.observers.told.say(f"phase {state.phase + 1} is kept{way}: {found.describe()}")

    def _soften(self) -> None:
        """Put the scale that suits the validation images into the last layer, and take its score."""
        last = self._context.network.last_layer
        fitted = OUTPUT_SCALINGS[self._task.name](self._answers, self._labels)
        last.set_weights(fitted.weights(last.get_weights()))
        self._best, self._answers = values_of(self._weights), fitted.apply(self._answers)
        self._state.best, self._state.leave_one_out = score(self._answers, self._labels, task=self._task), None

    def _best_average(self, reached: list[np.ndarray]) -> tuple[float, np.ndarray, list[np.ndarray]]:
        """How far to go from the start to the weights that were reached, and the answers there."""
        found = []
        with stage("validating averages with the start", len(_FRACTIONS)) as told:
            for number, fraction in enumerate(_FRACTIONS, 1):
                weights = [_between(*pair, fraction) for pair in zip(self._before, reached, strict=True)]
                assign(self._weights, weights)
                answers = predict(self._upper, self._val)
                found.append((fraction, answers, weights))
                told.update(number)
        return min(found, key=lambda one: float(fitted_losses(one[1], self._labels, self._task).mean()))

    def _rank(self, row: Mapping[str, float]) -> tuple[float, float]:
        figure = self._task.figure
        value = row[f"val_{figure.name}"]
        return value if figure.higher_is_better else -value, -row["val_loss"]

    def _why_not(self, found: Comparison) -> str:
        if self._state.phase_record.behind:
            return f"clearly worse than its start after {self._state.epoch} epochs: {found.describe()}"
        return f"no better than its start beyond chance: {found.describe()}"


def _between(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """Weights on the way from one to another; states of random generators are those of the other."""
    if fraction == 1 or start.dtype.kind in "biu":
        return end
    return (start + fraction * (end.astype(np.float32) - start.astype(np.float32))).astype(start.dtype)
