"""What a run was asked for: checked, stored with the run, and what it goes on with."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from kerastl.errors import UsageError

S = TypeVar("S", bound="RunSettings")

DEFAULT_CACHE_LIMIT = 8 * 10**9


@dataclass(frozen=True)
class RunSettings:
    """The arguments of a run; each kind of run adds its own.

    `changeable` names the fields that may change when a run goes on.
    """

    changeable: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
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
            elif given != stored[field.name]:
                raise UsageError(
                    f"the run was begun with {field.name}={stored[field.name]!r} and cannot go on with {given!r}"
                )
        return type(self)(**values)
