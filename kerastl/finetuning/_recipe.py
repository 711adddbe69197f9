"""A recipe is data: which parts of a network train in which order, and how. No Keras in here.

The stages of a network are named from the head down: `stages[0]` is `"head"` (the new classifier), `stages[1]`
the top of the backbone, the last one its stem. A phase trains a stretch that starts at the head and reaches
down to the stage it names; everything below is frozen.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from kerastl._base import display
from kerastl.data._augmentation import Augmentation
from kerastl.errors import RecipeError, UsageError
from kerastl.training._schedules import Shape

HEAD = "head"
ALL = "all"

BatchNormPolicy = Literal["frozen", "trained"]
Solver = Literal["gradient", "logistic_regression"]


@dataclass(frozen=True)
class Phase:
    """One stretch of training with a fixed set of trainable layers.

    Args:
        trains: How far down training reaches: `"head"`, the name of a stage, `"all"`, or a number n for the
            head and the n topmost stages of the backbone.
        epochs: The largest number of passes over the training images.
        learning_rate: Of the head, at its highest. Not used by `logistic_regression`.
        stage_decay: The rate of each stage is that of the stage above times this (Howard and Ruder 2018,
            section 3.1, who take 1/2.6). In (0, 1].
        warmup: Epochs, whole or not, in which the rate climbs from zero in a line. Not used by `one_cycle`,
            which has its own.
        shape: Course of the rate: `constant`, `cosine` down to zero, or `one_cycle` (Smith 2018).
        weight_decay: Decoupled from the gradient (Loshchilov and Hutter 2019); not on biases and normalization.
        label_smoothing: In [0, 1): fraction of the target that is spread over all classes.
        augmentation: What is done to training images; `None` leaves them as they are.
        views: With augmentation: number of augmented versions of each image whose features are computed
            once and cached. `None` augments afresh in every epoch, which runs the whole network. Without
            augmentation features are always cached where the limit allows.
        patience: Stop the phase after this many epochs without a better validation score; `None` never.
        batch_norm: `frozen` keeps BatchNorm in inference mode with its weights fixed; `trained` trains its
            weights and updates its statistics in the stages that train.
        batch_size: Images a step.
        solver: `gradient`, or `logistic_regression` for a phase that trains the head alone.
    """

    trains: str | int = HEAD
    epochs: int = 5
    learning_rate: float = 1e-3
    stage_decay: float = 1.0
    warmup: float = 0.0
    shape: Shape = "constant"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    augmentation: Augmentation | None = None
    views: int | None = None
    patience: int | None = None
    batch_norm: BatchNormPolicy = "frozen"
    batch_size: int = 32
    solver: Solver = "gradient"

    def __post_init__(self) -> None:
        for rule, holds in _phase_rules(self).items():
            if not holds:
                field = rule.split(" ", 1)[0]
                raise RecipeError(f"{rule}. Received: {field}={getattr(self, field)!r}")

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
        return f"{what} by logistic regression" if self.solver == "logistic_regression" else what

    def summary(self) -> dict[str, str]:
        """What people want to know first, as text."""
        depth, solved = self.trains, self.solver == "logistic_regression"
        options = {} if self.augmentation is None else self.augmentation.as_dict()
        return {
            "trains": f"head and {depth} stage{'s' * (depth > 1)}" if isinstance(depth, int) else depth,
            "epochs": "solved directly" if solved else str(self.epochs),
            "learning rate": "" if solved else f"{self.learning_rate:g}, {self.shape}",
            "each stage below": "" if solved or self.stage_decay == 1 else f"x {self.stage_decay:g}",
            "images": "as they are" if not options else f"{', '.join(options)} ({self.views or 'always new'} views)",
            "BatchNorm": self.batch_norm,
        }


def _phase_rules(phase: Phase) -> dict[str, bool]:
    """Each rule begins with the field that it is about."""
    depth = phase.trains
    number = isinstance(depth, int)
    return {
        "trains must be 'head', a stage, 'all' or a number of stages above zero, or nothing trains": (
            not isinstance(depth, bool) and (depth > 0 if number else isinstance(depth, str) and depth != "")  # type: ignore[operator]
        ),
        "epochs must be a whole number of at least 1, or nothing trains": _whole(phase.epochs, 1),
        "learning_rate must be above zero, or nothing trains": (
            _number(phase.learning_rate) and phase.learning_rate > 0
        ),
        "stage_decay must be in (0, 1]": _number(phase.stage_decay) and 0 < phase.stage_decay <= 1,
        "warmup must be from 0 to the number of epochs": (
            _number(phase.warmup) and _number(phase.epochs) and 0 <= phase.warmup <= phase.epochs
        ),
        f"shape must be one of {', '.join(get_args(Shape))}": phase.shape in get_args(Shape),
        "weight_decay must be zero or more": _number(phase.weight_decay) and phase.weight_decay >= 0,
        "label_smoothing must be in [0, 1)": (_number(phase.label_smoothing) and 0 <= phase.label_smoothing < 1),
        "augmentation must be an Augmentation or None": (
            phase.augmentation is None or isinstance(phase.augmentation, Augmentation)
        ),
        "views must be a whole number of at least 1, or None": phase.views is None or _whole(phase.views, 1),
        "patience must be a whole number of at least 1, or None": (phase.patience is None or _whole(phase.patience, 1)),
        f"batch_norm must be one of {', '.join(get_args(BatchNormPolicy))}": (
            phase.batch_norm in get_args(BatchNormPolicy)
        ),
        "batch_size must be a whole number of at least 1": _whole(phase.batch_size, 1),
        f"solver must be one of {', '.join(get_args(Solver))}": phase.solver in get_args(Solver),
        "solver logistic_regression is for a phase that trains the head alone": (
            phase.solver == "gradient" or phase.trains == HEAD
        ),
    }


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


@dataclass(frozen=True)
class Recipe:
    """A named list of phases.

    Args:
        name: What it is called in reports.
        phases: In the order in which they run.
        dropout: Fraction of the pooled features that is dropped before the classifier while it trains by
            gradient steps. In [0, 1).
        why: One sentence on why this recipe; `auto` says here how it chose.
    """

    name: str
    phases: tuple[Phase, ...]
    dropout: float = 0.2
    why: str = ""

    def __post_init__(self) -> None:
        if not self.phases:
            raise RecipeError(f"recipe {self.name!r} has no phases, so nothing trains")
        if not (_number(self.dropout) and 0 <= self.dropout < 1):
            raise RecipeError(f"dropout must be in [0, 1). Received: dropout={self.dropout!r}")

    def validate(self, stages: Sequence[str]) -> None:
        """Raise `RecipeError` when a phase names a stage that `stages` (from the head down) does not hold."""
        for number, phase in enumerate(self.phases, 1):
            try:
                phase.trained_stages(stages)
            except RecipeError as error:
                raise RecipeError(f"recipe {self.name!r}, phase {number}: {error}") from None

    def to_json(self) -> str:
        """Return the recipe as JSON that `from_json` reads back as an equal recipe."""
        return json.dumps(self.as_dict(), indent=2)

    def as_dict(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        phases = []
        for phase in self.phases:
            augmentation = None if phase.augmentation is None else phase.augmentation.as_dict()
            phases.append({**dataclasses.asdict(phase), "augmentation": augmentation})
        return {**dataclasses.asdict(self), "phases": phases}

    def _repr_html_(self) -> str:
        rows = [(number, *phase.summary().values()) for number, phase in enumerate(self.phases, 1)]
        heads = ("phase", *self.phases[0].summary())
        return display.table(rows, caption=f"recipe {self.name}", heads=heads, notes=[self.why] if self.why else [])

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote, or a person. Fields left out have their defaults.

        Raises:
            RecipeError: It is no JSON, or names unknown fields, or breaks a rule.
        """
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise RecipeError(f"the recipe is not valid JSON: {error}") from None
        return cls.from_dict(raw)

    @classmethod
    def from_dict(cls, raw: object) -> Recipe:
        """Build a recipe from the mapping that its JSON holds; errors as in `from_json`."""
        fields = _known_fields(cls, raw, "a recipe")
        phases = fields.get("phases", ())
        if not isinstance(phases, Sequence) or isinstance(phases, str):
            raise RecipeError(f"phases must be a list. Received: phases={phases!r}")
        if not isinstance(fields.get("name", "custom"), str):
            raise RecipeError(f"name must be a text. Received: name={fields['name']!r}")
        built = []
        for number, phase in enumerate(phases, 1):
            try:
                built.append(_phase_from_dict(phase))
            except UsageError as error:
                raise RecipeError(f"phase {number}: {error}") from None
        return cls(**{**fields, "name": fields.get("name", "custom"), "phases": tuple(built)})


def _phase_from_dict(raw: object) -> Phase:
    fields = _known_fields(Phase, raw, "a phase")
    if isinstance(fields.get("augmentation"), Mapping):
        fields["augmentation"] = Augmentation.from_dict(fields["augmentation"])
    return Phase(**fields)


def _known_fields(kind: type, raw: object, what: str) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecipeError(f"{what} must be a JSON object. Received: {raw!r}")
    known = [field.name for field in dataclasses.fields(kind)]
    if unknown := sorted(set(raw) - set(known)):
        raise RecipeError(f"{what} has no field {', '.join(unknown)}. There is: {', '.join(known)}")
    return dict(raw)
