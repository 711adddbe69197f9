"""A recipe is data: which parts of a network train in which order, and how. No Keras in here."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from kerastl._base import display
from kerastl.data._augmentation import Augmentation
from kerastl.errors import RecipeError, UsageError
from kerastl.finetuning._phase import ALL as ALL
from kerastl.finetuning._phase import HEAD as HEAD
from kerastl.finetuning._phase import BatchNormPolicy as BatchNormPolicy
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._rules import Rule
from kerastl.training._values import is_number

log = logging.getLogger("kerastl")

HeadFeatures = Literal["last", "deep"]

# Fields in JSON as they were called before version 0.2, and are read with a note.
_RENAMED = {"shape": "schedule", "stage_decay": "layer_decay", "views": "num_augmented_copies"}
_RENAMED_AUGMENTATIONS = {"colour": "color"}


@dataclass(frozen=True)
class Recipe:
    """A named list of phases.

    Args:
        name: What it is called in reports.
        phases: In the order in which they run.
        dropout: Fraction of the pooled features that is dropped before the classifier while it trains by
            gradient steps. In [0, 1).
        features: What the head reads: `"last"`, the mean of the network's output over its places, or `"deep"`, means
            and deviations of several layers, see `kerastl.models.deep_features`.
        why: One sentence on why this recipe; `auto` says here how it chose.

    Example:
        >>> from kerastl import Phase, Recipe
        >>> head = Phase(solver="logistic_regression")
        >>> recipe = Recipe("two steps", (head, Phase(trains=2, epochs=8, layer_decay=0.5)))
        >>> [phase.trains for phase in recipe.phases]
        ['head', 2]
    """

    name: str
    phases: tuple[Phase, ...]
    dropout: float = 0.2
    why: str = ""
    features: HeadFeatures = "last"

    def __post_init__(self) -> None:
        if not self.phases:
            raise RecipeError(f"recipe {self.name!r} has no phases, so nothing trains")
        if not (is_number(self.dropout) and 0 <= self.dropout < 1):
            raise RecipeError(f"dropout must be in [0, 1). Received: dropout={self.dropout!r}")
        if self.features not in get_args(HeadFeatures):
            known = ", ".join(get_args(HeadFeatures))
            raise RecipeError(f"features must be one of {known}. Received: features={self.features!r}")

    @property
    def needs_validation(self) -> bool:
        """Whether a phase takes images to validate on; else every labeled image can train."""
        return any(phase.needs_validation for phase in self.phases)

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
        except (ValueError, RecursionError) as error:
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
        augmentations = [phase.get("augmentation") for phase in phases if isinstance(phase, Mapping)]
        _note_old_names(phases, _RENAMED)
        _note_old_names(augmentations, _RENAMED_AUGMENTATIONS)
        built = []
        for number, phase in enumerate(phases, 1):
            try:
                built.append(_phase_from_dict(phase))
            except UsageError as error:
                raise RecipeError(f"phase {number}: {error}") from None
        return cls(**{**fields, "name": fields.get("name", "custom"), "phases": tuple(built)})


def _phase_from_dict(raw: object) -> Phase:
    fields = _known_fields(Phase, _with_new_names(raw, _RENAMED), "a phase")
    if isinstance(augmentation := fields.get("augmentation"), Mapping):
        fields["augmentation"] = Augmentation.from_dict(_with_new_names(augmentation, _RENAMED_AUGMENTATIONS))
    if isinstance(rules := fields.get("rules"), Sequence) and not isinstance(rules, str):
        fields["rules"] = tuple(
            rule if isinstance(rule, Rule) else Rule(**_known_fields(Rule, rule, "a rule", needed="pattern"))
            for rule in rules
        )
    return Phase(**fields)


def _note_old_names(raws: Sequence[object], renamed: Mapping[str, str]) -> None:
    """Note each old name once, however many have it."""
    for old, new in renamed.items():
        if any(isinstance(raw, Mapping) and old in raw for raw in raws):
            log.warning("the recipe's %s is called %s now: the next version takes only that", old, new)


def _with_new_names(raw: Any, renamed: Mapping[str, str]) -> Any:
    """Take the old name of a field for its new one."""
    if not isinstance(raw, Mapping):
        return raw
    fields = dict(raw)
    for old, new in renamed.items():
        if old in fields and new not in fields:
            fields[new] = fields.pop(old)
    return fields


def _known_fields(kind: type, raw: object, what: str, needed: str | None = None) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecipeError(f"{what} must be a JSON object. Received: {raw!r}")
    known = [field.name for field in dataclasses.fields(kind)]
    if unknown := sorted(set(raw) - set(known)):
        raise RecipeError(f"{what} has no field {', '.join(unknown)}. There is: {', '.join(known)}")
    if needed is not None and needed not in raw:
        raise RecipeError(f"{what} needs the field {needed}. Received: {raw!r}")
    return dict(raw)
