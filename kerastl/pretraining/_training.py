"""The epochs of pre-training, with a state on disk that a run goes on from as if it had never stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import keras

from kerastl._progress import stage
from kerastl.data._view_pipeline import ViewFeed
from kerastl.errors import TrainingError
from kerastl.pretraining._evaluating import Examination
from kerastl.pretraining._health import CollapseError, CollapseMonitor
from kerastl.pretraining._learners import Learner
from kerastl.pretraining._settings import Settings
from kerastl.training._callback import RunCallback
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._schedules import rate_at
from kerastl.training._variables import assign, check_finite, not_finite, values_of

_WARMUP = 0.1
_MOST_WARMUP = 10  # epochs
_FEW_STEPS = 200  # after which the moving statistics of BatchNorm can be trusted
_SECONDS_BETWEEN_SAVES = 600.0


@dataclass
class Progress:
    """How far a run has come.

    Args:
        epoch: Number of epochs that are complete.
        step: Steps that are done in the next one.
        loss: Sum of their losses.
        suspect: Looks in a row at which the features seemed to have collapsed.
        history: Rows of `history.csv`.
        seconds: Of training, in this epoch so far.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    suspect: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


class Training:
    """Trains a learner for as many epochs as were asked for.

    Args:
        learner: Trained in place.
        feed: Its batches.
        examination: Judges the features after each epoch.
        settings: Of the run.
        checkpoint: Where the state lies.
        extra: Stored with the state.
        callback: Hears what is done.
        stop: Asks for an early end.
        monitor: Stops a run that has collapsed.
    """

    def __init__(
        self,
        learner: Learner,
        feed: ViewFeed,
        examination: Examination,
        settings: Settings,
        checkpoint: Checkpoint,
        *,
        extra: dict[str, Any] | None = None,
        callback: RunCallback | None = None,
        stop: Stop | None = None,
        monitor: CollapseMonitor | None = None,
    ) -> None:
        self._learner = learner
        self._feed = feed
        self._examination = examination
        self._settings = settings
        self._checkpoint = checkpoint
        self._extra = extra or {}
        self._callback = callback or RunCallback()
        self._stop = stop or Stop()
        self._monitor = monitor or CollapseMonitor()
        self.progress = Progress()
        self._optimizer = optimizer_for(learner, settings)
        learner.compile(self._optimizer)
        self._saved = time.monotonic()

    def resume(self, values: dict[str, Any]) -> None:
        """Take up the state that `Checkpoint.load` gave."""
        if values.get("progress"):
            self.progress = Progress(**values["progress"])
            self._monitor.suspect = self.progress.suspect
            assign(self._state(), self._checkpoint.arrays("now"))

    def run(self, after_epoch: Callable[[list[dict[str, Any]]], None] | None = None) -> None:
        """Train what is left.

        Args:
            after_epoch: Called with the history so far.

        Raises:
            Stopped: A stop was asked for; the state is on the disk.
            CollapseError: The features have collapsed.
            TrainingError: The loss or a weight is not a number, or the disk is full.
        """
        progress, epochs = self.progress, self._settings.epochs
        batches = iter(self._feed.batches(epochs, progress.epoch, progress.step))
        if after_epoch is not None and progress.history:
            after_epoch(progress.history)
        self._callback.phase(f"{self._settings.method}, {self._feed.steps:,} steps an epoch")
        while progress.epoch < epochs:
            start, before = time.monotonic(), progress.seconds
            self._callback.begin(f"epoch {progress.epoch + 1}/{epochs}", self._feed.steps)
            self._callback.advance(progress.step)
            try:
                while progress.step < self._feed.steps:
                    self._step(next(batches))
                    progress.seconds = before + time.monotonic() - start
                    self._pause()
            finally:
                self._callback.end()
            collapse = self._judge(before + time.monotonic() - start)
            if after_epoch is not None:
                with stage("writing the history"):
                    after_epoch(progress.history)
            if collapse is not None:
                raise collapse

    def _step(self, views: Any) -> None:
        progress, steps = self.progress, self._feed.steps
        done, total = progress.epoch * steps + progress.step, self._settings.epochs * steps
        self._optimizer.learning_rate = self._rate(done)
        self._learner.advance(done / total)
        self._learner.reset_metrics()
        loss = float(self._learner.train_on_batch(views, return_dict=True)["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {progress.epoch + 1}: lower the learning rate "
                f"(now {self._settings.learning_rate:g})"
            )
        progress.step += 1
        progress.loss += loss
        self._callback.advance()

    def _rate(self, step: int) -> float:
        steps = self._feed.steps
        warmup = min(_WARMUP * self._settings.epochs, _MOST_WARMUP) * steps
        return self._settings.learning_rate * rate_at(step, self._settings.epochs * steps, "cosine", warmup)

    def _pause(self) -> None:
        """Save, in an epoch that takes long or when a stop was asked for."""
        if self._stop.requested:
            self._save()
            raise Stopped
        if time.monotonic() - self._saved > _SECONDS_BETWEEN_SAVES:
            self._save()

    def _judge(self, seconds: float) -> CollapseError | None:
        """Look at the features, note it, and save; return what the monitor has to say."""
        progress = self.progress
        last = (progress.epoch + 1) * self._feed.steps - 1
        networks = (self._learner.features, self._learner.projector)
        check_finite(self._learner.backbone)
        with stage("looking at the features"):
            if last < _FEW_STEPS:
                self._examination.settle(*networks)
            found = self._examination.look(*networks)
        row = {
            "epoch": progress.epoch + 1,
            "learning_rate": self._rate(last),
            "loss": progress.loss / self._feed.steps,
            "knn_accuracy": found.accuracy,
            "spread": found.spread,
            "rank": found.rank,
            "seconds": round(seconds, 3),
        }
        progress.history.append(row)
        progress.epoch, progress.step, progress.loss, progress.seconds = progress.epoch + 1, 0, 0.0, 0.0
        collapse = None
        try:
            self._monitor.look(last + 1, found.spread, found.rank)
        except CollapseError as error:
            collapse = error
        progress.suspect = self._monitor.suspect
        self._callback.epoch(row)
        self._save()
        return collapse

    def recover(self) -> bool:
        """Where weights are NaN, go back to the state on disk; return whether the weights are worth keeping."""
        if not_finite(self._learner.backbone) and (self._checkpoint.load() or {}).get("progress"):
            assign(self._state(), self._checkpoint.arrays("now"))
        return not not_finite(self._learner.backbone)

    def _state(self) -> list[Any]:
        return [*self._learner.variables, *self._optimizer.variables]

    def _save(self) -> None:
        try:
            with stage("saving the state"):
                self._checkpoint.save(
                    {**self._extra, "progress": asdict(self.progress)}, {"now": values_of(self._state())}
                )
        except OSError as error:
            raise TrainingError(
                f"the state cannot be written to {self._checkpoint.folder} ({error.strerror}); what was reached "
                "before is kept: make room and go on with --resume"
            ) from None
        self._saved = time.monotonic()


def optimizer_for(learner: Learner, settings: Settings) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), whose decay leaves out biases and the weights of normalization."""
    optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay)
    trained = learner.trainable_variables
    optimizer.exclude_from_weight_decay([variable for variable in trained if len(variable.shape) < 2])
    optimizer.build(trained)
    return optimizer
