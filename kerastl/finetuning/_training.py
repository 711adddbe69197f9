"""A recipe, phase by phase, with a state on disk after each epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kerastl._base.text import percent
from kerastl._progress.lines import duration
from kerastl.errors import RecipeError, StateError
from kerastl.finetuning._batches import make_batches
from kerastl.finetuning._budget import Budget, OutOfTime, PhaseTime, shortened
from kerastl.finetuning._compiling import loss_for, optimizer_for
from kerastl.finetuning._diagnosis import NothingLearntError
from kerastl.finetuning._estimate import FeatureTimer
from kerastl.finetuning._features import FeatureComputer
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._freezing import freeze_for
from kerastl.finetuning._held_phase import HeldPhase
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._loop import Observers
from kerastl.finetuning._network import Network, split_network
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._phase_context import Context
from kerastl.finetuning._phase_training import PhaseTraining
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._refit import PlainFeatures, answers_on_val, join, keeps_solution, refit, solved_phase
from kerastl.finetuning._scores import Score
from kerastl.finetuning._solved_head import solve_classifier
from kerastl.finetuning._state import FineTuningState, TimedStateWriter
from kerastl.finetuning._training_data import TrainingData
from kerastl.tasks._task import Task
from kerastl.training._callback import RunCallback, setting_the_rate
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._fast_network import faster
from kerastl.training._interrupt import Stop
from kerastl.training._process_group import current
from kerastl.training._state import STATE, History
from kerastl.training._variables import assign, values_of

if TYPE_CHECKING:
    import keras
    import numpy as np


class Training:
    """Goes through the phases of a recipe. Each starts from the best weights so far.

    Args:
        network: Trained in place; ends with the best weights.
        recipe: Valid for the network's stages.
        data: The images.
        features: Computes what the frozen part of the network gives for them.
        checkpoint: Where the state lies.
        seed: Of orders and augmentations.
        extra: Stored with the state.
        callback: Hears what is done.
        callbacks: Of Keras; `kerastl.finetuning._loop` says what they see.
        stop: Asks for an early end.
        budget: Of time; without one a run takes as long as it likes.
        whole: Every image, to train on: a solved head that is kept is solved on them once more. None leaves it as it
            is.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        data: TrainingData,
        features: FeatureComputer,
        checkpoint: Checkpoint,
        *,
        seed: int = 0,
        extra: dict[str, Any] | None = None,
        callback: RunCallback | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        stop: Stop | None = None,
        budget: Budget | None = None,
        whole: TrainingData | None = None,
    ) -> None:
        self._network = network
        self._recipe = recipe
        self._data = data
        self._features = features
        self._seed = seed
        self._budget = budget or Budget()
        self._refit_phase = None if whole is None else solved_phase(recipe)
        self._whole = whole or data
        self._rival: tuple[np.ndarray, np.ndarray] | None = None
        self._writer = TimedStateWriter(checkpoint, self._budget, extra)
        self._observers = Observers(network.model, callback or RunCallback(), tuple(callbacks), stop, network.task)
        self.state = FineTuningState()

    def resume(self, values: dict[str, Any]) -> None:
        """Take up the state that `Checkpoint.load` gave."""
        if values.get(STATE):
            self.state = FineTuningState.from_dict(values[STATE])
            self._budget.earlier = self.state.used
            assign(self._network.model.variables, self._writer.checkpoint.arrays("start"))

    @property
    def task(self) -> Task:
        """What the network is trained for."""
        return self._network.task

    def left_out(self) -> LeftOutAnswers | None:
        """What the best head says of images that were left out; None where it was not solved in closed form.

        Raises:
            StateError: That was kept, and cannot be read.
        """
        if self.state.leave_one_out is None:
            return None
        folder = self._writer.checkpoint.folder
        try:
            return LeftOutAnswers.read(folder, self._network.task)
        except ValueError as error:
            raise StateError(f"{folder / LEAVE_ONE_OUT} is damaged ({error}); --overwrite starts anew") from None

    def run(self, after_epoch: Callable[[History], None] | None = None) -> None:
        """Train what is left of the recipe.

        Args:
            after_epoch: Called with the history so far, when the state that holds it is on the disk; first with what
                a run that goes on has.

        Raises:
            RecipeError: A phase cannot be trained with this network, or with these callbacks.
            Stopped: A stop was asked for. The network holds the best weights, if there are any.
            NothingLearntError: The best head does not look at the features.
            TrainingError: The loss is not a number, or the disk is full. As before.
        """
        self._check()
        self._writer.after_epoch = after_epoch
        self._writer.tell(self.state)
        if self._refit_phase is not None:
            self._features.hold(self._lower(self._refit_phase), self._refit_phase)
        while self.state.phase < len(self._recipe.phases):
            phase = self._recipe.phases[self.state.phase]
            if len(self.state.seconds) <= self.state.phase:
                self.state.seconds.append(0.0)
            try:
                self._run_phase(phase)
            except OutOfTime as reason:
                self._leave_out(reason.seconds)
            self.state.next_phase()
            self._writer.save(self.state, start=values_of(self._network.model.variables))
        if self._refit_phase is not None and not self.state.refitted and keeps_solution(self.state):
            self._refit(self._refit_phase)
        if self.state.failure:
            raise NothingLearntError(self.state.failure)

    def _lower(self, phase: Phase) -> keras.Model:
        """The frozen part of the network in a phase that trains the head alone."""
        lower = split_network(self._network, phase.trained_stages(tuple(self._network.stages)))[0]
        assert lower is not None  # noqa: S101 - something is below the head
        return lower

    def _refit(self, phase: Phase) -> None:
        """Solve the head that is kept once more on all images."""
        start = time.monotonic()
        freeze_for(self._network, phase)
        features = self._of_all(phase)
        if features is None:
            self._observers.told.say(
                "the head stays as it is: the features of all images cannot be kept (--cache-limit)"
            )
            return
        refit(self._context_of_all(), phase, *features)
        self.state.seconds[0] += time.monotonic() - start
        self._writer.save(self.state, start=values_of(self._network.model.variables))

    def _of_all(self, phase: Phase) -> tuple[PlainFeatures, str] | None:
        """Features of all images for the solution, and the digest of what made them; None where they are not kept."""
        lower, computer = self._lower(phase), self._features
        features = computer.compute(lower, phase, (self._seed, 0))
        if features.plain is None or features.val is None:
            return None
        mirrored = computer.compute_mirrored_val(lower, phase)
        parts = PlainFeatures(features.plain, features.mirrored), PlainFeatures(features.val, mirrored)
        return join(self._whole, self._data, *parts), features.extractor.digest

    def _context_of_all(self) -> Context:
        return self._context(self._whole, PhaseTime(self._budget, 0.0, ()))

    def _answers_of_refit(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What `answers_on_val` gives of the head solved on all images, which changes the classifier.

        None where a phase need not be compared with it: it cannot be solved, or is not what the run would fall back to.
        """
        phase = self._refit_phase
        if phase is None or not keeps_solution(self.state):
            return None
        if self._rival is None and (features := self._of_all(phase)) is not None:
            self._observers.told.say("compared with the head solved on all images, each of which is left out")
            left_out = solve_classifier(self._context_of_all(), phase, *features[0])[1]
            self._rival = None if left_out is None else answers_on_val(left_out, self._whole, self._data)
        return self._rival

    def _context(self, data: TrainingData, time_for: PhaseTime) -> Context:
        scratch = self._features.scratch
        return Context(self._network, data, self._seed, scratch, self._writer, self._observers, self.state, time_for)

    def _check(self) -> None:
        """Refuse a phase that would fail later, before anything is computed for it."""
        current().check_same(self._data.fingerprint(), "the images")
        setter = setting_the_rate(self._observers.callbacks)
        for number, phase in enumerate(self._recipe.phases, 1):
            try:
                freeze_for(self._network, phase)
                if phase.needs_validation and not self._data.validates:
                    raise RecipeError("there are no images to validate on, which tell when training is at its best")
                if phase.solver == "gradient":
                    optimizer_for(self._network, phase, phase.learning_rate)
                    loss_for(phase, self._network.task)
                    if setter and (phase.schedule != "constant" or phase.warmup):
                        raise RecipeError(
                            f"keras.callbacks.{setter} sets the learning rate: the phase needs the schedule constant, "
                            f"without warmup. Received: schedule={phase.schedule!r}, warmup={phase.warmup:g}"
                        )
            except RecipeError as error:
                raise RecipeError(f"recipe {self._recipe.name!r}, phase {number}: {error}") from None

    def _leave_out(self, seconds: float) -> None:
        """Go past a phase that would take so long."""
        number, left = self.state.phase, self._budget.left
        self.state.set_plan(0)
        rest = f"of which {duration(left)} are left" if left > 0 else "which are over"
        why = f"{duration(self._budget.seconds)} may be taken, {rest}"
        needed = f"; it needs about {duration(seconds)} at least" if seconds else ""
        self._observers.told.say(f"phase {number + 1} is left out: {why}{needed} (--budget)")

    def _run_phase(self, phase: Phase) -> None:
        start = time.monotonic()
        network, number = self._network, self.state.phase
        planned = self.state.plan[number] if number < len(self.state.plan) else phase.epochs
        needless = self.state.best is not None  # something has been reached already
        if not planned or (needless and not self.state.epoch and self._budget.left <= 0):
            raise OutOfTime(0.0)
        if self._is_needless(phase):
            return
        phase = shortened(phase, planned)
        count = freeze_for(network, phase)
        self._observers.told.phase(
            f"phase {number + 1}/{len(self._recipe.phases)}: {phase.named(tuple(network.stages))}, "
            f"{count:,} of {network.model.count_params():,} parameters train"
        )
        seed = (self._seed, number)
        lower, upper = split_network(network, phase.trained_stages(tuple(network.stages)))
        timer = FeatureTimer(self._observers.told, self._budget.left if needless else math.inf)
        features = self._features.compute(lower, phase, seed, timer)
        batches = make_batches(features, self._data, phase, seed, self._features.skipped)
        self.state.seconds[number] += time.monotonic() - start
        later = self._recipe.phases[number + 1 :]
        time_for = PhaseTime(self._budget, timer.seconds, later)
        context = self._context(self._data, time_for)
        if self._is_held(phase):
            HeldPhase(context, phase, faster(upper), features, batches, rival=self._answers_of_refit).run()
        else:
            PhaseTraining(context, phase, faster(upper), features, batches).run()

    def _is_needless(self, phase: Phase) -> bool:
        """Whether so few answers are wrong already that the phase is left out; says so."""
        state = self.state
        reached = state.leave_one_out or state.best
        if reached is None or state.failure or state.epoch or self._missing(reached) >= phase.min_error:
            return False
        how = "by leave-one-out" if reached.kind == "leave_one_out" else "of the validation images"
        state.phase_record.outcome = f"left out: only {percent(self._missing(reached))} {how} are wrong"
        self._observers.told.say(f"phase {state.phase + 1} is {state.phase_record.outcome}")
        return True

    def _missing(self, reached: Score) -> float:
        """What a score lacks of a perfect one, as a fraction; infinity where it is none."""
        return 1 - reached.goodness if self._network.task.figure.is_fraction else math.inf

    def _is_held(self, phase: Phase) -> bool:
        """Whether a phase of gradient steps comes after a solution in closed form that is worth something."""
        earlier = self._recipe.phases[: self.state.phase]
        solved = any(one.solver != "gradient" for one in earlier)
        return phase.solver == "gradient" and solved and self.state.best is not None and not self.state.failure
