"""What a run was asked for: checked, stored with the run, and what it goes on with."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from kerastl.errors import UsageError

S = TypeVar("S", bound="RunSettings")

DEFAULT_CACHE_LIMIT = 8 * 10**9

# What a setting of these types may be, in words; settings of other types are checked where they are used.
_WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", type(None): "None"}


@dataclass(frozen=True)
class RunSettings:
    """The arguments of a run; each kind of run adds its own.

    `changeable` names the fields that may change when a run goes on.
    """

    changeable: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            if get_origin(hint) is ClassVar:
                continue
            value = _plain(getattr(self, name), hint)
            object.__setattr__(self, name, value)
            if not _fits(value, hint):
                raise UsageError(f"{name} must be {_in_words(hint)}. Received: {name}={value!r}")
        for rule, holds in self.rules().items():
            if not holds:
                name = rule.split(" ", 1)[0]
                raise UsageError(f"{rule}. Received: {name}={getattr(self, name)!r}")

    def rules(self) -> Mapping[str, bool]:
        """What must hold, as a sentence that begins with the field's name, and whether it does."""
        return {}

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values, as they are read back."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return json.loads(json.dumps(values))

    def resumed(self: S, stored: Mapping[str, Any], said: Collection[str] | None = None) -> S:
        """The settings of a run that goes on: those it began with.

        Args:
            stored: Those, as `as_dict` gave them.
            said: Names of the arguments that were given; None takes those that differ from their default.

        Raises:
            UsageError: An argument was given that says something else.
        """
        values, mine = dict(stored), self.as_dict()
        for field in dataclasses.fields(self):
            given = mine[field.name]
            if getattr(self, field.name) == field.default if said is None else field.name not in said:
                continue
            if field.name in self.changeable:
                values[field.name] = given
            elif given != (begun := stored.get(field.name, field.default)):  # an earlier version may lack it
                raise UsageError(f"the run was begun with {field.name}={begun!r} and cannot go on with {given!r}")
        return type(self)(**values)


def _plain(value: Any, hint: Any) -> Any:
    """A number of NumPy, which JSON does not know, as one of Python; `8e9` as a whole number where one is wanted."""
    value = value.item() if isinstance(value, np.generic) else value
    whole = isinstance(value, float) and value.is_integer() and float not in (hint, *get_args(hint))
    return int(value) if whole else value


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of the type that a field is annotated with, as far as `_WORDS` knows it."""
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if hint in _WORDS else True


def _in_words(hint: Any) -> str:
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return " or ".join(_WORDS[part] for part in parts)
