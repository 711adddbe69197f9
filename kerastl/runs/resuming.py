"""A run that goes on does so with the settings it began with."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any, TypeVar

from kerastl.errors import UsageError

S = TypeVar("S")


def resumed(asked: S, stored: dict[str, Any], changeable: Collection[str]) -> S:
    """The settings of a run that goes on.

    Args:
        asked: Settings, a dataclass; what equals its default counts as not said.
        stored: Those that the run began with, as `dataclasses.asdict` gave them.
        changeable: Names of fields that may change on the way.

    Raises:
        UsageError: An argument was given that says something else.
    """
    values = dict(stored)
    for field in dataclasses.fields(asked):  # type: ignore[arg-type]
        given = getattr(asked, field.name)
        if field.name in changeable and given != field.default:
            values[field.name] = given
        elif given not in (field.default, stored[field.name]):
            raise UsageError(
                f"the run was begun with {field.name}={stored[field.name]!r} and cannot go on with {given!r}"
            )
    return type(asked)(**values)
