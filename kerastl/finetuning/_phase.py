"""A phase is data: which part of a network trains, and how. No Keras in here.

The stages of a network are named from the head down: `stages[0]` is `"head"` (the new classifier), `stages[1]`
the top of the backbone, the last one its stem. A phase trains a stretch that starts at the head and reaches
down to the stage it names; everything below is frozen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from kerastl.data._augmentation import Augmentation
from kerastl.errors import RecipeError
from kerastl.finetuning._rules import Rule
from kerastl.training._values import is_number, is_whole

HEAD = "head"
ALL = "all"

BatchNormPolicy = Literal["frozen", "trained"]
Solver = Literal["gradient", "logistic_regression", "ridge"]
_SOLVED = {"logistic_regression": "logistic regression", "ridge": "ridge regression"}
ScheduleName = Literal["constant", "cosine", "one_cycle"]

# Arguments of optimizers that a phase has fields for.
_OWN_OPTIONS = (
    "learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
    "multipliers", "decays",
)  # fmt: skip


@dataclass(frozen=True)
class Phase:
    """One stretch of training with a fixed set of trainable layers.

    Args:
        trains: How far down training reaches: `"head"`, the name of a stage, `"all"`, or a number n for the
            head and the n topmost stages of the backbone.
        epochs: The largest number of passes over the training images.
        learning_rate: Of the head, at its highest. Not used where the head is solved.
        find_rate: Lower the rate where a short range test says that it would spoil the weights that the phase starts
            from. Only after a phase that was solved in closed form.
        layer_decay: The rate of each stage is that of the stage above times this (Howard and Ruder 2018,
            section 3.1, who take 1/2.6). In (0, 1].
        warmup: Epochs, whole or not, in which the rate climbs from zero in a line. Not used by `one_cycle`,
            which has its own.
        schedule: Of the rate: `constant`, `cosine` down to zero, or `one_cycle` (Smith 2018); see
            `kerastl.training`.
        weight_decay: Decoupled from the gradient (Loshchilov and Hutter 2019), whatever the optimizer; not on biases
            and normalization.
        label_smoothing: In [0, 1): fraction of the target that is spread over all classes.
        augmentation: What is done to training images; `None` leaves them as they are.
        num_augmented_copies: With augmentation: number of augmented versions of each image whose features are computed
            once and cached. `None` augments afresh in every epoch, which runs the whole network. Without
            augmentation features are always cached where the limit allows.
        patience: Stop the phase after this many epochs without a better validation score than the run had before;
            `None` never.
        min_error: Leave the phase out where a smaller fraction of the answers before it is wrong, by leave-one-out if
            the head was solved by `ridge`, else on validation images. In [0, 1).
        batch_norm: `frozen` keeps BatchNorm in inference mode with its weights fixed; `trained` trains its
            weights and updates its statistics in the stages that train.
        batch_size: Images a step.
        solver: `gradient`; or, for a phase that trains the head alone, `logistic_regression` or `ridge`, which needs
            no images to validate on.
        optimizer: Name of any optimizer of Keras (`adamw`, `sgd`, `lion`, `muon`), or of one that is registered with
            `keras.saving.register_keras_serializable`.
        optimizer_options: Its other arguments, such as `{"momentum": 0.9}`.
        clipnorm: Largest norm of each variable's gradient.
        global_clipnorm: Largest norm of all gradients together.
        clipvalue: Largest magnitude of each number in a gradient.
        ema_momentum: In (0, 1): a moving average of the weights is kept, and it is what is validated and saved
            (Polyak and Juditsky 1992). `None` keeps none.
        loss: Name of a loss of Keras on what the network gives and is to give, one-hot targets of classes; or of a
            registered one; or `asymmetric_loss`. `None` is the task's own: `categorical_crossentropy` of classes.
        loss_options: Its arguments, such as `{"gamma": 2.0}`.
        rules: Rate, weight decay and freezing by pattern, the first that matches a variable; each that trains must be
            covered. A rule's rate is multiplied by that of `layer_decay`.

    Example:
        >>> from kerastl.finetuning import Phase, Rule
        >>> rules = (Rule("head/*"), Rule("*/bias|*/gamma", weight_decay=0.0), Rule("*", rate=0.1))
        >>> phase = Phase(trains="all", optimizer="sgd", optimizer_options={"momentum": 0.9}, rules=rules)
        >>> Phase(trains=1).trained_stages(["head", "block_2", "block_1", "stem"])
        ('head', 'block_2')
    """

    trains: str | int = HEAD
    epochs: int = 5
    learning_rate: float = 1e-3
    find_rate: bool = False
    layer_decay: float = 1.0
    warmup: float = 0.0
    schedule: ScheduleName = "constant"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    augmentation: Augmentation | None = None
    num_augmented_copies: int | None = None
    patience: int | None = None
    min_error: float = 0.0
    batch_norm: BatchNormPolicy = "frozen"
    batch_size: int = 32
    solver: Solver = "gradient"
    optimizer: str = "adamw"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    clipnorm: float | None = None
    global_clipnorm: float | None = None
    clipvalue: float | None = None
    ema_momentum: float | None = None
    loss: str | None = None
    loss_options: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        for rule, holds in {**_training_rules(self), **_optimizer_rules(self)}.items():
            if not holds:
                name = rule.split(" ", 1)[0]
                raise RecipeError(f"{rule}. Received: {name}={getattr(self, name)!r}")

    @property
    def needs_validation(self) -> bool:
        """Whether it takes images to validate on; `ridge` says by leave-one-out how good its solution is."""
        return self.solver != "ridge"

    def trained_stages(self, stages: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the stages that train, from the head down.

        Args:
            stages: All stage names of the network, from the head down.

        Raises:
            RecipeError: There is no such stage.
        """
        if self.trains == ALL:
            return tuple(stages)
        if isinstance(self.trains, int):
            if self.trains >= len(stages):
                raise RecipeError(
                    f"a phase trains the last {self.trains} stages, but the network has "
                    f"{len(stages) - 1} below the head: {', '.join(stages[1:])}"
                )
            return tuple(stages[: self.trains + 1])
        if self.trains not in stages:
            raise RecipeError(
                f"a phase trains {self.trains!r}, which is no stage of this network. "
                f"There is: {', '.join(stages)}, {ALL}, or a number of stages below the head"
            )
        return tuple(stages[: list(stages).index(self.trains) + 1])

    def named(self, stages: Sequence[str]) -> str:
        """What trains, in a few words; arguments and errors as for `trained_stages`."""
        trained = self.trained_stages(stages)
        what = trained[0] if len(trained) == 1 else f"{trained[0]} to {trained[-1]}"
        return what if self.solver == "gradient" else f"{what} by {_SOLVED[self.solver]}"

    def summary(self) -> dict[str, str]:
        """What people want to know first, as text."""
        depth, solved = self.trains, self.solver != "gradient"
        options = {} if self.augmentation is None else self.augmentation.as_dict()
        return {
            "trains": f"head and {depth} stage{'s' * (depth > 1)}" if isinstance(depth, int) else depth,
            "epochs": "solved directly" if solved else str(self.epochs),
            "learning rate": "" if solved else f"{self.learning_rate:g}, {self.schedule}",
            "each stage below": "" if solved or self.layer_decay == 1 else f"x {self.layer_decay:g}",
            "images": "as they are"
            if not options
            else f"{', '.join(options)} ({self.num_augmented_copies or 'always new'} copies)",
            "BatchNorm": self.batch_norm,
        }


def _training_rules(phase: Phase) -> dict[str, bool]:
    """What must hold of what trains when; each rule begins with the field that it is about."""
    depth = phase.trains
    number = isinstance(depth, int)
    return {
        "trains must be 'head', a stage, 'all' or a number of stages above zero, or nothing trains": (
            not isinstance(depth, bool) and (depth > 0 if number else isinstance(depth, str) and depth != "")  # type: ignore[operator]
        ),
        "epochs must be a whole number of at least 1, or nothing trains": is_whole(phase.epochs, 1),
        "learning_rate must be above zero, or nothing trains": (
            is_number(phase.learning_rate) and phase.learning_rate > 0
        ),
        "min_error must be in [0, 1)": is_number(phase.min_error) and 0 <= phase.min_error < 1,
        "find_rate must be True or False": isinstance(phase.find_rate, bool),
        "layer_decay must be in (0, 1]": is_number(phase.layer_decay) and 0 < phase.layer_decay <= 1,
        "warmup must be from 0 to the number of epochs": (
            is_number(phase.warmup) and is_number(phase.epochs) and 0 <= phase.warmup <= phase.epochs
        ),
        f"schedule must be one of {', '.join(get_args(ScheduleName))}": phase.schedule in get_args(ScheduleName),
        "augmentation must be an Augmentation or None": (
            phase.augmentation is None or isinstance(phase.augmentation, Augmentation)
        ),
        "num_augmented_copies must be a whole number of at least 1, or None": (
            phase.num_augmented_copies is None or is_whole(phase.num_augmented_copies, 1)
        ),
        "patience must be a whole number of at least 1, or None": (
            phase.patience is None or is_whole(phase.patience, 1)
        ),
        f"batch_norm must be one of {', '.join(get_args(BatchNormPolicy))}": (
            phase.batch_norm in get_args(BatchNormPolicy)
        ),
        "batch_size must be a whole number of at least 1": is_whole(phase.batch_size, 1),
        f"solver must be one of {', '.join(get_args(Solver))}": phase.solver in get_args(Solver),
        "solver logistic_regression or ridge is for a phase that trains the head alone": (
            phase.solver == "gradient" or phase.trains == HEAD
        ),
    }


def _optimizer_rules(phase: Phase) -> dict[str, bool]:
    """What must hold of the optimizer and the loss, likewise."""
    clips = (phase.clipnorm, phase.global_clipnorm, phase.clipvalue)
    own = ", ".join(_OWN_OPTIONS)
    return {
        "weight_decay must be zero or more": is_number(phase.weight_decay) and phase.weight_decay >= 0,
        "label_smoothing must be in [0, 1)": is_number(phase.label_smoothing) and 0 <= phase.label_smoothing < 1,
        "optimizer must be the name of an optimizer": isinstance(phase.optimizer, str) and phase.optimizer != "",
        "optimizer_options must be arguments by name, as JSON values": _is_json_object(phase.optimizer_options),
        f"optimizer_options must not hold what a phase has fields for, or sets itself ({own})": (
            not _is_json_object(phase.optimizer_options) or not set(phase.optimizer_options) & set(_OWN_OPTIONS)
        ),
        "clipnorm must be above zero, or None": _above_zero(phase.clipnorm),
        "global_clipnorm must be above zero, or None": _above_zero(phase.global_clipnorm),
        "clipvalue must be above zero, or None": _above_zero(phase.clipvalue),
        "clipnorm and global_clipnorm and clipvalue exclude each other": sum(clip is not None for clip in clips) < 2,
        "ema_momentum must be in (0, 1), or None": (
            phase.ema_momentum is None or (is_number(phase.ema_momentum) and 0 < phase.ema_momentum < 1)
        ),
        "loss must be the name of a loss, or None": (
            phase.loss is None or (isinstance(phase.loss, str) and phase.loss != "")
        ),
        "loss_options must be arguments by name, as JSON values": _is_json_object(phase.loss_options),
        "rules must be a tuple of Rule": (
            isinstance(phase.rules, tuple) and all(isinstance(rule, Rule) for rule in phase.rules)
        ),
    }


def _above_zero(value: object) -> bool:
    return value is None or (is_number(value) and value > 0)  # type: ignore[operator]


def _is_json_object(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)
