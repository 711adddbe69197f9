"""A recipe, phase by phase, with a state on disk after each epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kerastl._progress import stage
from kerastl.errors import RecipeError, TrainingError
from kerastl.finetuning._diagnosis import ADVICE, NothingLearntError, diagnose
from kerastl.finetuning._freezing import freeze, stage_rates
from kerastl.finetuning._loop import Epoch, compile_for, predict, train_epoch, validation
from kerastl.finetuning._network import Network
from kerastl.finetuning._optimizer import LayerwiseAdamW
from kerastl.finetuning._preparation import Preparation, Prepared
from kerastl.finetuning._recipe import HEAD, Phase, Recipe
from kerastl.finetuning._scores import Score, score
from kerastl.finetuning._solver import solve_head
from kerastl.training._callback import RunCallback
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._variables import assign, values_of

# Features that logistic regression holds in memory; more are trained on by gradient steps.
_SOLVER_BYTES = 512 * 2**20
# A head whose loss is below that of the classes' frequencies by no more than this has learnt nothing.
_NO_GAIN = 1e-7
_NOTHING = f"nothing was learnt: every image gets the same scores, whatever it shows. No model is kept; {ADVICE}"


@dataclass
class Progress:
    """How far a run has come.

    Args:
        phase: Number of the phase that is under way, from 0.
        epoch: Number of its epochs that are complete.
        best: The best score of the run.
        best_here: Whether it was reached in this phase.
        phase_best: The best score of this phase.
        waited: Epochs since then.
        history: Rows of `history.csv`.
        seconds: Of each phase.
        warnings: What is doubtful about the best weights, one line each.
        failure: Why they are worth nothing; empty where they are worth something.
    """

    phase: int = 0
    epoch: int = 0
    best: Score | None = None
    best_here: bool = False
    phase_best: Score | None = None
    waited: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: str = ""

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Progress:
        """Read what `asdict` gave."""
        scores = {name: Score(**raw[name]) if raw[name] else None for name in ("best", "phase_best")}
        return cls(**{**raw, **scores})

    def record(self, row: dict[str, Any], reached: Score) -> bool:
        """Add an epoch; return whether it is the best of the run."""
        self.history.append(row)
        self.seconds[self.phase] += row["seconds"]
        self.epoch = row["epoch"]
        self.waited += 1
        if self.phase_best is None or reached > self.phase_best:
            self.phase_best, self.waited = reached, 0
        if self.best is None or reached > self.best:
            self.best, self.best_here = reached, True
            return True
        return False

    def next_phase(self) -> None:
        """Begin the next phase."""
        self.phase, self.epoch, self.best_here, self.phase_best, self.waited = self.phase + 1, 0, False, None, 0


class Training:
    """Goes through the phases of a recipe. Each starts from the best weights so far.

    Args:
        network: Trained in place; ends with the best weights.
        recipe: Valid for the network's stages.
        preparation: Gives each phase its batches.
        labels: int64, of the training images and of the validation images.
        checkpoint: Where the state lies.
        extra: Stored with the state.
        callback: Hears what is done.
        stop: Asks for an early end.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        preparation: Preparation,
        labels: tuple[np.ndarray, np.ndarray],
        checkpoint: Checkpoint,
        *,
        extra: dict[str, Any] | None = None,
        callback: RunCallback | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._network = network
        self._recipe = recipe
        self._preparation = preparation
        self._train_labels, self._val_labels = labels
        self._checkpoint = checkpoint
        self._extra = extra or {}
        self._callback = callback or RunCallback()
        self._stop = stop
        self._best: list[np.ndarray] = []
        self._before: list[np.ndarray] = []
        self._answers = np.empty((0, 0), np.float32)
        self._after_epoch: Callable[[list[dict[str, Any]]], None] | None = None
        self._told = 0
        self.progress = Progress()

    def resume(self, values: dict[str, Any]) -> None:
        """Take up the state that `Checkpoint.load` gave."""
        if values.get("progress"):
            self.progress = Progress.from_dict(values["progress"])
            assign(self._network.model.variables, self._checkpoint.arrays("start"))

    def run(self, after_epoch: Callable[[list[dict[str, Any]]], None] | None = None) -> None:
        """Train what is left of the recipe.

        Args:
            after_epoch: Called with the history so far, when the state that holds it is on the disk; first with what
                a run that goes on has.

        Raises:
            Stopped: A stop was asked for. The network holds the best weights, if there are any.
            NothingLearntError: The best head does not look at the features.
            TrainingError: The loss is not a number, or the disk is full. As before.
        """
        self._after_epoch = after_epoch
        self._tell_history()
        while self.progress.phase < len(self._recipe.phases):
            phase = self._recipe.phases[self.progress.phase]
            if len(self.progress.seconds) <= self.progress.phase:
                self.progress.seconds.append(0.0)
            self._run_phase(phase)
            self.progress.next_phase()
            self._save(start=values_of(self._network.model.variables))
        if self.progress.failure:
            raise NothingLearntError(self.progress.failure)

    def _run_phase(self, phase: Phase) -> None:
        start = time.monotonic()
        network, number = self._network, self.progress.phase
        trained = phase.trained_stages(tuple(network.stages))
        count = freeze(network, trained, phase.batch_norm)
        self._callback.phase(
            f"phase {number + 1}/{len(self._recipe.phases)}: {phase.named(tuple(network.stages))}, "
            f"{count:,} of {network.model.count_params():,} parameters train"
        )
        prepared = self._preparation.prepare(phase, number)
        self.progress.seconds[number] += time.monotonic() - start
        held = list(prepared.upper.variables)
        self._before = values_of(held)
        if phase.solver == "logistic_regression" and self._solvable(prepared):
            self._solve(prepared)
            self._best = values_of(held) if self.progress.best_here else self._before
        else:
            self._train(phase, prepared, held)
        assign(held, self._best if self.progress.best_here else self._before)

    def _train(self, phase: Phase, prepared: Prepared, held: Sequence[Any]) -> None:
        model, progress = prepared.upper, self.progress
        rates = stage_rates(self._network, phase.stage_decay)
        optimizer = LayerwiseAdamW(rates, phase.learning_rate, phase.weight_decay)
        compile_for(model, phase, optimizer)
        optimizer.build(model.trainable_variables)
        state = [*held, *optimizer.variables]
        if progress.epoch:
            assign(state, self._checkpoint.arrays("now"))
            self._best = self._checkpoint.arrays("best") if progress.best_here else []
        start = [] if progress.epoch else values_of(self._network.model.variables)
        try:
            while progress.epoch < phase.epochs and not (phase.patience and progress.waited >= phase.patience):
                done = train_epoch(
                    model,
                    prepared.feed,
                    phase,
                    progress.epoch,
                    lambda: self._validate(prepared),
                    callback=self._callback,
                    stop=self._stop,
                )
                better = self._record(done, prepared)
                if better:
                    self._best = values_of(held)
                self._save(
                    start=start if progress.epoch == 1 else None,
                    now=values_of(state),
                    best=self._best if better else None,
                )
        except (Stopped, TrainingError):
            self._leave(prepared, held)
            raise

    def _leave(self, prepared: Prepared, held: Sequence[Any]) -> None:
        """Put the best weights back; those of an unfinished first epoch are better than none."""
        if self.progress.best_here:
            assign(held, self._best)
        elif self.progress.best is not None:
            assign(held, self._before)
        elif all(np.isfinite(value).all() for value in values_of(held)):
            self.progress.best = self._validate(prepared)
            self._diagnose(prepared)

    def _validate(self, prepared: Prepared) -> Score:
        with stage("validating"):
            self._answers = predict(prepared.upper, prepared.val)
        return score(self._answers, self._val_labels[prepared.val.usable])

    def _diagnose(self, prepared: Prepared) -> None:
        """Note what the last answers say about the weights that gave them."""
        labels = self._val_labels[prepared.val.usable]
        self.progress.warnings = diagnose(self._answers, labels, self._preparation.classes)
        kernel = values_of([self._network.stages[HEAD][-1].kernel])[0]
        self.progress.failure = _NOTHING if (kernel == kernel[:, :1]).all() else ""

    def _record(self, done: Epoch, prepared: Prepared) -> bool:
        row = {
            "phase": self.progress.phase + 1,
            "epoch": done.number,
            "learning_rate": done.learning_rate,
            "loss": done.loss,
            "accuracy": done.accuracy,
            "val_loss": done.score.loss,
            "val_accuracy": done.score.accuracy,
            "val_top5": done.score.top5,
            "seconds": round(done.seconds, 3),
        }
        better = self.progress.record(row, done.score)
        if better:
            self._diagnose(prepared)
        self._callback.epoch(row)
        return better

    def _save(self, **arrays: list[np.ndarray] | None) -> None:
        values = {**self._extra, "progress": asdict(self.progress)}
        try:
            with stage("saving the state"):
                self._checkpoint.save(values, arrays)
        except OSError as error:
            raise TrainingError(
                f"the state cannot be written to {self._checkpoint.folder} ({error.strerror}); what was reached "
                "before is kept: make room and go on with --resume"
            ) from None
        self._tell_history()

    def _tell_history(self) -> None:
        """Hand on the history where it has grown."""
        history = self.progress.history
        if self._after_epoch is not None and len(history) != self._told:
            self._after_epoch(history)
            self._told = len(history)

    def _solvable(self, prepared: Prepared) -> bool:
        rows = prepared.train
        if rows is None or rows[:1].nbytes * len(rows) > _SOLVER_BYTES:
            self._callback.say("too many features for logistic regression: gradient steps instead")
            return False
        return True

    def _solve(self, prepared: Prepared) -> None:
        start = time.monotonic()
        rows, classifier = prepared.train, self._network.stages[HEAD][-1]
        assert rows is not None  # noqa: S101 - `_solvable` saw to it
        if rows[:1].shape[1:] != classifier.kernel.shape[:1]:
            raise RecipeError("logistic_regression needs a head of one Dense layer on pooled features")
        labels = self._train_labels[rows.usable]
        weights = self._preparation.weights[rows.usable]
        preparation, check = self._preparation, self._stop.check if self._stop is not None else None
        with stage(f"logistic regression on {len(rows):,} images"):
            head = solve_head(
                rows, labels, classifier.units, weights, preparation.seed, scratch=preparation.scratch, check=check
            )
        classifier.set_weights([head.kernel, head.bias])
        self._callback.say(f"logistic regression: C = {head.strength:g} by cross-validation")
        if not head.converged:
            self._callback.warn("logistic regression ended before its solution: the head is worse than it could be")
        own = validation(prepared.upper, rows, labels)
        reached = self._validate(prepared)
        if not np.isfinite([own.loss, reached.loss]).all():
            raise TrainingError("the scores hold NaN or infinity: the weights of the network are broken")
        better = self._record(Epoch(1, 0.0, own.loss, own.accuracy, reached, time.monotonic() - start), prepared)
        if better and head.prior_loss - head.loss <= _NO_GAIN:
            self.progress.failure = _NOTHING
