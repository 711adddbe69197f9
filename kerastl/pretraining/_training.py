"""The epochs of pre-training, with a state on disk that a run goes on from as if it had never stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerastl._progress import stage
from kerastl.data._view_pipeline import ViewFeed
from kerastl.pretraining._evaluating import Examination
from kerastl.pretraining._feature_quality import CollapseError, CollapseMonitor
from kerastl.pretraining._learners import Learner
from kerastl.pretraining._settings import Settings
from kerastl.training._callback import RunCallback
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._fit import StepMonitor, fit
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._optimizer import build_optimizer
from kerastl.training._schedules import CosineWithWarmup
from kerastl.training._state import STATE, History, StateWriter, TrainingState
from kerastl.training._variables import assign, attach_variables, check_finite, not_finite, values_of

_WARMUP = 0.1
_MOST_WARMUP = 10  # epochs
_FEW_STEPS = 200  # after which the moving statistics of BatchNorm can be trusted
_SECONDS_BETWEEN_SAVES = 600.0


@dataclass
class PreTrainingState(TrainingState):
    """How far a run has come.

    Args:
        step: Steps that are done in the next epoch.
        loss: Sum of their losses.
        suspect: Looks in a row at which the features seemed to have collapsed.
        seconds: Of training, in this epoch so far.
    """

    step: int = 0
    loss: float = 0.0
    suspect: int = 0
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
        callbacks: Of Keras. Their model is the learner.
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
        callbacks: Sequence[keras.callbacks.Callback] = (),
        stop: Stop | None = None,
        monitor: CollapseMonitor | None = None,
    ) -> None:
        self._learner = learner
        self._feed = feed
        self._examination = examination
        self._settings = settings
        self._writer = StateWriter(checkpoint, extra)
        self._callback = callback or RunCallback()
        self._callbacks = tuple(callbacks)
        self._stop = stop or Stop()
        self._monitor = monitor or CollapseMonitor()
        self._schedule = _schedule(settings, feed.steps)
        self.state = PreTrainingState()
        learner.compile(optimizer_for(learner, settings, self._schedule))
        self._saved = time.monotonic()

    def resume(self, values: dict[str, Any]) -> None:
        """Take up the state that `Checkpoint.load` gave."""
        if values.get(STATE):
            self.state = PreTrainingState(**values[STATE])
            self._monitor.suspect = self.state.suspect
            assign(self._variables(), self._writer.checkpoint.arrays("now"))

    def run(self, after_epoch: Callable[[History], None] | None = None) -> None:
        """Train what is left.

        Args:
            after_epoch: Called with the history so far, when the state that holds it is on the disk.

        Raises:
            Stopped: A stop was asked for; the state is on the disk.
            CollapseError: The features have collapsed.
            TrainingError: The loss or a weight is not a number, or the disk is full.
        """
        self._writer.after_epoch = after_epoch
        self._writer.tell(self.state)
        self._callback.phase(f"{self._settings.method}, {self._feed.steps:,} steps an epoch")
        if self.state.step:  # `fit` begins with whole epochs
            self._fit(self.state.epoch + 1)
        if self.state.epoch < self._settings.epochs:
            self._fit(self._settings.epochs)

    def _fit(self, end: int) -> None:
        epochs, first, begun = self._settings.epochs, self.state.epoch, self.state.step
        monitor = StepMonitor(
            self._callback,
            lambda epoch: f"epoch {epoch + 1}/{epochs}",
            f"lower the learning rate (now {self._settings.learning_rate:g})",
            done=begun,
        )
        steps, looks = self._feed.steps - begun, _Steps(self)
        callbacks = keras.callbacks.CallbackList(
            [monitor, looks, *self._callbacks, _Ends(self, looks)],
            add_history=True, model=self._learner, verbose=0, epochs=epochs, steps=steps,
        )  # fmt: skip
        try:
            batches = self._feed.batches(end, first, begun)
            fit(self._learner, batches, callbacks, epochs=end, steps=steps, first_epoch=first)
        finally:
            self._callback.end()

    def before_step(self) -> None:
        """Get the learner ready for a step."""
        state, steps = self.state, self._feed.steps
        self._learner.advance((state.epoch * steps + state.step) / (self._settings.epochs * steps))
        self._learner.reset_metrics()  # the loss of a step is its own, wherever a run goes on

    def after_step(self, loss: float, seconds: float) -> None:
        """Note a step; save in an epoch that takes long, or when a stop was asked for."""
        attach_variables(self._learner)  # for what is saved here, and what `before_step` changes
        self.state.step += 1
        self.state.loss += loss
        self.state.seconds = seconds
        if self._stop.requested:
            self._save()
            raise Stopped
        if time.monotonic() - self._saved > _SECONDS_BETWEEN_SAVES:
            self._save()

    def judge(self, seconds: float) -> dict[str, Any]:
        """Look at the features after an epoch; return its row of the history."""
        state = self.state
        last = (state.epoch + 1) * self._feed.steps - 1
        networks = (self._learner.features, self._learner.projector)
        check_finite(self._learner.backbone)
        with stage("looking at the features"):
            if last < _FEW_STEPS:
                self._examination.settle(*networks)
            found = self._examination.look(*networks)
        return {
            "epoch": state.epoch + 1,
            "learning_rate": self._schedule.at(last),
            "loss": state.loss / self._feed.steps,
            "knn_accuracy": found.accuracy,
            "spread": found.spread,
            "rank": found.rank,
            "seconds": round(seconds, 3),
        }

    def keep(self, row: dict[str, Any]) -> None:
        """Note an epoch and save.

        Raises:
            CollapseError: As in `run`.
        """
        state, collapse = self.state, None
        state.history.append(row)
        state.epoch, state.step, state.loss, state.seconds = state.epoch + 1, 0, 0.0, 0.0
        try:
            self._monitor.look(state.epoch * self._feed.steps, row["spread"], row["rank"])
        except CollapseError as error:
            collapse = error
        state.suspect = self._monitor.suspect
        self._callback.epoch(row)
        self._save()
        if collapse is not None:
            raise collapse

    def recover(self) -> bool:
        """Where weights are NaN, go back to the state on disk; return whether the weights are worth keeping."""
        checkpoint = self._writer.checkpoint
        if not_finite(self._learner.backbone) and (checkpoint.load() or {}).get(STATE):
            assign(self._variables(), checkpoint.arrays("now"))
        return not not_finite(self._learner.backbone)

    def _variables(self) -> list[Any]:
        return [*self._learner.variables, *self._learner.optimizer.variables]

    def _save(self) -> None:
        self._writer.save(self.state, now=values_of(self._variables()))
        self._saved = time.monotonic()


class _Steps(keras.callbacks.Callback):
    """Does what a step and the end of an epoch need before other callbacks hear of them."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training
        self._start = 0.0
        self._before = 0.0
        self.row: dict[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the clock (called by Keras)."""
        self._start, self._before = time.monotonic(), self._training.state.seconds

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Get ready (called by Keras)."""
        self._training.before_step()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the loss (called by Keras)."""
        self._training.after_step((logs or {})["loss"], self._before + time.monotonic() - self._start)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put what the epoch has shown into the logs (called by Keras)."""
        assert logs is not None  # noqa: S101 - `fit` gives them
        self.row = self._training.judge(self._before + time.monotonic() - self._start)
        logs.update({name: value for name, value in self.row.items() if name not in ("epoch", "seconds")})


class _Ends(keras.callbacks.Callback):
    """Keeps an epoch, after all other callbacks."""

    def __init__(self, training: Training, steps: _Steps) -> None:
        super().__init__()
        self._training = training
        self._steps = steps

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep it (called by Keras)."""
        self._training.keep(self._steps.row)


def _schedule(settings: Settings, steps: int) -> CosineWithWarmup:
    warmup = min(_WARMUP * settings.epochs, _MOST_WARMUP) * steps
    return CosineWithWarmup(settings.learning_rate, settings.epochs * steps, warmup)


def optimizer_for(learner: Learner, settings: Settings, schedule: Any) -> keras.optimizers.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), whose decay leaves out biases and the weights of normalization."""
    trained = learner.trainable_variables
    decays = {variable.path: settings.weight_decay for variable in trained if len(variable.shape) > 1}
    rates = {variable.path: 1.0 for variable in trained}
    optimizer = build_optimizer("adamw", schedule, rates, decays)
    optimizer.build(trained)
    return optimizer
