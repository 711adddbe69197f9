"""One phase of fine-tuning: by gradient steps, or solved directly."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._progress import stage
from kerastl.errors import TrainingError
from kerastl.finetuning._answer_extras import answer_extras
from kerastl.finetuning._batches import Batches
from kerastl.finetuning._budget import shortened
from kerastl.finetuning._compiling import compile_for
from kerastl.finetuning._doubts import doubts
from kerastl.finetuning._estimate import (
    WORTH_SAYING,
    StepTimer,
    epochs_in_words,
    measured_pace,
    validation_seconds,
)
from kerastl.finetuning._features import PhaseFeatures
from kerastl.finetuning._frozen_cache import remember_frozen
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._loop import Epoch, predict, tell_of_solution, train_phase, validation
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._phase_context import Context
from kerastl.finetuning._scores import Score, ScoreKind, score
from kerastl.finetuning._solved_head import NOTHING, keep_features, learnt_nothing, solve_classifier
from kerastl.training._interrupt import Stopped
from kerastl.training._process_group import current
from kerastl.training._variables import assign, attach_variables, values_of

if TYPE_CHECKING:
    import keras

# Features that logistic regression holds in memory; more are trained on by gradient steps.
_SOLVER_BYTES = 512 * 2**20


class PhaseTraining:
    """Trains one phase, from the best weights so far to the best weights then.

    Args:
        context: Of the run.
        phase: The network is frozen for it.
        upper: The part of the network that trains, from features to probabilities.
        features: Of the frozen part.
        batches: Of the training images' features.
    """

    def __init__(
        self, context: Context, phase: Phase, upper: keras.Model, features: PhaseFeatures, batches: Batches
    ) -> None:
        self._context = context
        self._state = context.state
        self._task = context.network.task
        self._phase = phase
        self._upper = upper
        self._features = features
        self._batches = batches
        self._weights = list(upper.variables)
        self._before = values_of(self._weights)
        self._best = self._before
        self._moving: list[Any] = []
        self._start: list[np.ndarray] | None = None
        self._better = False
        self._epoch_seconds = math.inf  # until it is measured
        self._answers = np.empty((0, 0), np.float32)
        self._left_out: LeftOutAnswers | None = None

    def run(self) -> None:
        """Train what is left of the phase; errors as in `Training.run`."""
        if self._phase.solver == "ridge" or (self._phase.solver == "logistic_regression" and self._solvable()):
            self._solve()
        else:
            self._train()
        assign(self._weights, self._best)

    def _train(self) -> None:
        state, phase, model = self._state, self._phase, self._upper
        steps = self._batches.steps
        rate = compile_for(model, self._context.network, phase, steps)
        self._moving = [*self._weights, *model.optimizer.variables]
        if state.epoch:
            checkpoint = self._context.writer.checkpoint
            assign(self._moving, checkpoint.arrays("now"))
            self._best = checkpoint.arrays("best") if state.best_here else self._before
        else:
            self._start = values_of(self._context.network.model.variables)
            rate = self._planned(rate)
        if self._over():
            return
        epochs, first = range(state.epoch, self._phase.epochs), len(state.history) - state.epoch
        observers = self._context.observers
        # Which has been said; and clocks of several processes differ.
        unknown = not self._context.time.budget.limited and not current().is_several
        timer = self._estimate(epochs) if unknown else None
        try:
            train_phase(model, self._batches, rate, epochs, observers, self, first=first, timer=timer)
        except (Stopped, TrainingError):
            self._leave()
            raise

    def _planned(self, rate: Any) -> Any:
        """Shorten the phase to what the budget has time for, where it has one; return the learning rate then."""
        state, phase, context = self._state, self._phase, self._context
        if len(state.plan) > state.phase or not context.time.budget.limited:
            return rate
        before = values_of(self._moving)
        try:
            pace = measured_pace(self._upper, self._batches, self._features.val, context.observers)
        finally:
            assign(self._moving, before)
        self._epoch_seconds = pace.epoch
        epochs = context.time.epochs(phase, *pace, needed=state.best is None)
        state.set_plan(epochs)
        context.observers.told.say(epochs_in_words(epochs, phase.epochs, pace.epoch))
        context.writer.save(state, start=self._start)
        if epochs == phase.epochs:
            return rate
        self._phase = shortened(phase, epochs)
        rate = compile_for(self._upper, context.network, self._phase, self._batches.steps)
        self._moving = [*self._weights, *self._upper.optimizer.variables]
        return rate

    def _estimate(self, epochs: range) -> StepTimer:
        """Say how long the epochs will take, as soon as the first steps have shown it."""

        def ended(first: float, step: float) -> None:
            seconds = step * self._batches.steps
            if seconds * len(epochs) >= WORTH_SAYING:
                attach_variables(self._upper)
                seconds += validation_seconds(self._upper, self._features.val)
                self._context.observers.told.say(epochs_in_words(len(epochs), self._phase.epochs, seconds))

        return StepTimer(ended)

    def _is_overdrawn(self) -> bool:
        """Whether the budget is over, since the epochs took longer than the first steps let expect."""
        state, epochs = self._state, self._phase.epochs
        own = [row["seconds"] for row in state.history if row["phase"] == state.phase + 1]
        if state.epoch >= epochs or not self._context.time.budget.is_overdrawn(min(self._epoch_seconds, *own)):
            return False
        self._context.observers.told.say(f"the budget is used up: ended after epoch {state.epoch} of {epochs}")
        return True

    def _over(self) -> bool:
        state, phase = self._state, self._phase
        tired = phase.patience is not None and state.waited >= phase.patience
        return state.ended or tired or state.epoch >= phase.epochs

    def _leave(self) -> None:
        """Put the best weights back; those of an unfinished first epoch are better than none."""
        if self._state.best is not None:
            assign(self._weights, self._best)
        elif all(np.isfinite(value).all() for value in values_of(self._weights)):
            self._state.best = self.validate()
            self._diagnose()

    def validate(self) -> Score:
        """See `Keeper`."""
        rows = self._features.val
        assert rows is not None  # noqa: S101 - `Training` refuses phases that need them
        with stage("validating"):
            self._answers = predict(self._upper, rows)
        return score(self._answers, self._context.data.val.labels[rows.usable], task=self._task)

    def record(self, done: Epoch) -> None:
        """See `Keeper`."""
        row = self._row(done)
        self._better = self._state.record(row, done.score, done.leave_one_out)
        if self._better:
            if self._left_out is not None:
                self._left_out.write(self._context.writer.checkpoint.folder)
            self._diagnose()
            self._best = values_of(self._weights)
        self._context.observers.told.epoch(row)

    def _row(self, done: Epoch) -> dict[str, Any]:
        """The line of the history."""
        return {
            "phase": self._state.phase + 1,
            "epoch": done.number,
            "learning_rate": done.learning_rate,
            "loss": done.loss,
            self._task.training_figure.name: done.figure,
            **self._columns("val", done.validation),
            **self._columns("loo", done.leave_one_out),
            "seconds": round(done.seconds, 3),
        }

    def _columns(self, part: str, reached: Score | None) -> dict[str, float | None]:
        """A score as columns of the history."""
        names = self._task.figure_names
        return {f"{part}_{name}": None if reached is None else reached.figures[name] for name in names}

    def save(self, ended: bool) -> bool:
        """See `Keeper`."""
        self._state.ended = ended or self._is_overdrawn()
        best = self._best if self._better else None
        self._context.writer.save(self._state, start=self._start, now=values_of(self._moving), best=best)
        self._start = None
        return self._over()

    def _diagnose(self) -> None:
        """Note what the last answers say about the weights that gave them."""
        data, val, left_out = self._context.data, self._features.val, self._left_out
        known: dict[ScoreKind, tuple[np.ndarray, np.ndarray]] = {}
        if val is not None:
            known["validation"] = self._answers, data.val.labels[val.usable]
        if left_out is not None:
            known["leave_one_out"] = left_out.probabilities, left_out.labels
        if known:
            (first, answers), (last, more) = next(iter(known.items())), next(reversed(known.items()))
            self._state.warnings = doubts(*answers, data.classes, self._task, first)
            self._state.extras = answer_extras(*more, data, last)  # there are more left-out images
        kernel = values_of([self._context.network.classifier.kernel])[0]
        # A softmax looks at differences of scores only.
        unmoved = kernel[:, :1] if self._task.activation == "softmax" and kernel.shape[1] > 1 else 0
        self._state.failure = NOTHING if (kernel == unmoved).all() else ""

    def _solvable(self) -> bool:
        rows = self._features.plain
        if rows is None or rows[:1].nbytes * len(rows) > _SOLVER_BYTES:
            self._context.observers.told.say("too many features for logistic regression: gradient steps instead")
            return False
        return True

    def _solve(self) -> None:
        start = time.monotonic()
        rows, labels = self._features.plain, self._context.data.train.labels
        if rows is None:  # of logistic regression `_solvable` saw to it
            raise TrainingError("ridge regression needs the features of all images on the disk: raise --cache-limit")
        head, self._left_out = solve_classifier(self._context, self._phase, rows, self._features.mirrored)
        own = validation(self._upper, rows, labels[rows.usable], self._task)
        left_out = None if self._left_out is None else self._left_out.score()
        if self._features.val is None and left_out is None:
            raise TrainingError("no image can be left out: no class has two that are not the same; add images")
        reached = left_out if self._features.val is None and left_out is not None else self.validate()
        if not np.isfinite([own.loss, reached.loss]).all():
            raise TrainingError("the scores hold NaN or infinity: the weights of the network are broken")
        figure = own.figures[self._task.training_figure.name]
        seconds = time.monotonic() - start
        done = Epoch(1, 0.0, own.loss, figure, reached, seconds, left_out, self._task)
        first = len(self._state.history)
        self.record(done)
        if self._better:
            features = rows, self._features.mirrored
            frozen = self._features.extractor
            keep_features(self._context, frozen.digest, features, head, self._left_out)
            remember_frozen(frozen.digest, frozen.engine, f"{self._context.network.model.name} (frozen part)")
        if self._better and learnt_nothing(head):
            self._state.failure = NOTHING
        tell_of_solution(done, self._context.observers, first)
