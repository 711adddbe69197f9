"""What a run was asked for: checked, stored with the run, and what it goes on with."""

from __future__ import annotations

import dataclasses
import difflib
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

    @classmethod
    def of(cls: type[S], **values: Any) -> S:
        """The settings that somebody names.

        Raises:
            UsageError: There is no such setting, or a value breaks a rule.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
                raise UsageError(f"there is no argument {name}; {hint}")
        return cls(**values)

    def __post_init__(self) -> None:
        for rule, holds in self.rules().items():
            if not holds:
                name = rule.split(" ", 1)[0]
                raise UsageError(f"{rule}. Received: {name}={getattr(self, name)!r}")

    def rules(self) -> Mapping[str, bool]:
        """What must hold, as a sentence that begins with the field's name, and whether it does."""
        return {}

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return dataclasses.asdict(self)

    def resumed(self: S, stored: Mapping[str, Any], said: Collection[str] | None = None) -> S:
        """The settings of a run that goes on: those it began with.

        Args:
            stored: Those, as `as_dict` gave them.
            said: Names of the arguments that were given; None takes those that differ from their default.

        Raises:
            UsageError: An argument was given that says something else.
        """
        values = dict(stored)
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            if given == field.default if said is None else field.name not in said:
                continue
            if field.name in self.changeable:
                values[field.name] = given
            elif given != stored[field.name]:
                raise UsageError(
                    f"the run was begun with {field.name}={stored[field.name]!r} and cannot go on with {given!r}"
                )
        return type(self)(**values)
