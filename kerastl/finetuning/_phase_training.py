"""One phase of fine-tuning: by gradient steps, or solved directly."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._progress import stage
from kerastl.errors import RecipeError, TrainingError
from kerastl.finetuning._batches import Batches
from kerastl.finetuning._budget import PhaseTime, shortened
from kerastl.finetuning._compiling import compile_for
from kerastl.finetuning._diagnosis import ADVICE, diagnose
from kerastl.finetuning._estimate import (
    WORTH_SAYING,
    StepTimer,
    epochs_in_words,
    measured_pace,
    validation_seconds,
)
from kerastl.finetuning._features import PhaseFeatures, UsableFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._loop import Epoch, Observers, predict, tell_of_solution, train_phase, validation
from kerastl.finetuning._mirrored_rows import solve_with_mirrored
from kerastl.finetuning._network import Network
from kerastl.finetuning._phase import HEAD, Phase
from kerastl.finetuning._ridge import RidgeHead
from kerastl.finetuning._ridge_folds import balanced_folds
from kerastl.finetuning._scores import Score, score
from kerastl.finetuning._solver import Head, solve_head
from kerastl.finetuning._state import FineTuningState
from kerastl.finetuning._training_data import TrainingData
from kerastl.training._interrupt import Stopped
from kerastl.training._state import StateWriter
from kerastl.training._variables import assign, values_of

if TYPE_CHECKING:
    import keras

# Features that logistic regression holds in memory; more are trained on by gradient steps.
_SOLVER_BYTES = 512 * 2**20
# A head whose loss is below that of the classes' frequencies by no more than this has learnt nothing.
_NO_GAIN = 1e-7
_NOTHING = f"nothing was learnt: every image gets the same scores, whatever it shows. No model is kept; {ADVICE}"


@dataclass
class Context:
    """What the phases of a run share.

    Args:
        network: Trained in place.
        data: The images.
        seed: Of the run.
        scratch: Where large things may lie for a moment.
        writer: Writes the state.
        observers: Who watches.
        state: How far the run has come.
        time: That the phase may take.
    """

    network: Network
    data: TrainingData
    seed: int
    scratch: Path
    writer: StateWriter
    observers: Observers
    state: FineTuningState
    time: PhaseTime


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
        timer = None if self._context.time.budget.limited else self._estimate(epochs)  # which has been said
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
        return score(self._answers, self._context.data.val.labels[rows.usable])

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
            "accuracy": done.accuracy,
            **_columns("val", done.validation),
            **_columns("loo", done.leave_one_out),
            "seconds": round(done.seconds, 3),
        }

    def save(self, ended: bool) -> bool:
        """See `Keeper`."""
        self._state.ended = ended or self._is_overdrawn()
        best = self._best if self._better else None
        self._context.writer.save(self._state, start=self._start, now=values_of(self._moving), best=best)
        self._start = None
        return self._over()

    def _diagnose(self) -> None:
        """Note what the last answers say about the weights that gave them."""
        context, val, left_out = self._context, self._features.val, self._left_out
        if val is not None:
            self._state.warnings = diagnose(self._answers, context.data.val.labels[val.usable], context.data.classes)
        elif left_out is not None:
            answers = left_out.probabilities, left_out.labels, context.data.classes
            self._state.warnings = diagnose(*answers, kind="leave_one_out")
        kernel = values_of([context.network.stages[HEAD][-1].kernel])[0]
        self._state.failure = _NOTHING if (kernel == kernel[:, :1]).all() else ""

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
        head = self._solved()
        own = validation(self._upper, rows, labels[rows.usable])
        left_out = None if self._left_out is None else self._left_out.score()
        if self._features.val is None and left_out is None:
            raise TrainingError("no image can be left out: no class has two that are not the same; add images")
        reached = left_out if self._features.val is None and left_out is not None else self.validate()
        if not np.isfinite([own.loss, reached.loss]).all():
            raise TrainingError("the scores hold NaN or infinity: the weights of the network are broken")
        done = Epoch(1, 0.0, own.loss, own.accuracy, reached, time.monotonic() - start, left_out)
        first = len(self._state.history)
        self.record(done)
        if self._better and head.prior_loss - head.loss <= _NO_GAIN:
            self._state.failure = _NOTHING
        tell_of_solution(done, self._context.observers, first)

    def _solved(self) -> Head | RidgeHead:
        """Put the solution into the classifier."""
        rows, solver = self._features.plain, self._phase.solver
        assert rows is not None  # noqa: S101 - as above
        classifier = self._context.network.stages[HEAD][-1]
        if rows[:1].shape[1:] != classifier.kernel.shape[:1]:
            raise RecipeError(f"{solver} needs a head of one Dense layer on pooled features")
        head = (self._by_ridge if solver == "ridge" else self._by_logistic_regression)(rows)
        classifier.set_weights([head.kernel, head.bias])
        return head

    def _by_ridge(self, rows: UsableFeatures) -> RidgeHead:
        """Solve, and keep what the solution says of images that are left out."""
        context, told, usable = self._context, self._context.observers.told, rows.usable
        data, stop, scratch = context.data, context.observers.stop, context.scratch
        labels, weights = data.train.labels[usable], data.weights()[usable]
        folds = balanced_folds(data.groups()[usable], labels, seed=context.seed)
        with stage(f"ridge regression on {len(rows):,} images"):
            check = stop.check if stop is not None else None
            solution = solve_with_mirrored(
                rows,
                self._features.mirrored,
                labels,
                len(data.classes),
                weights,
                folds,
                seed=context.seed,
                scratch=scratch,
                check=check,
            )
        head = solution.head
        if solution.loss is not None:
            without, with_them = solution.loss
            did = "help" if solution.mirrored else "do not help, and are left out"
            told.say(f"mirrored images {did}: leave-one-out loss {without:.4f} without, {with_them:.4f} with them")
        if head.projected is not None:
            told.say(f"ridge regression: {rows[:1].shape[1]:,} features were projected at random to {head.projected:,}")
        told.say(f"ridge regression: penalty {head.strength:.3g}, temperature {head.temperature:.3g} by leave-one-out")
        if len(head.loo_rows):
            answers = LeftOutAnswers.of(data, usable[head.loo_rows], head.loo_probabilities)
            self._left_out = answers.calibrated(head.temperature, rows.of_images, context.seed)
        return head

    def _by_logistic_regression(self, rows: UsableFeatures) -> Head:
        context, told = self._context, self._context.observers.told
        labels, weights = context.data.train.labels[rows.usable], context.data.weights()[rows.usable]
        stop, scratch = context.observers.stop, context.scratch
        with stage(f"logistic regression on {len(rows):,} images"):
            check = stop.check if stop is not None else None
            classes = len(context.data.classes)
            head = solve_head(rows, labels, classes, weights, context.seed, scratch=scratch, check=check)
        told.say(f"logistic regression: C = {head.strength:g} by cross-validation")
        if not head.converged:
            told.warn("logistic regression ended before its solution: the head is worse than it could be")
        return head


def _columns(part: str, reached: Score | None) -> dict[str, float | None]:
    """A score as columns of the history."""
    names = ("loss", "accuracy", "top5")
    return {f"{part}_{name}": None if reached is None else getattr(reached, name) for name in names}
