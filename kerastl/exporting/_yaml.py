"""Plain values as YAML, for the head of a model card."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerastl._base.text import message


def to_yaml(value: Mapping[str, Any]) -> str:
    """Write a mapping in block style; YAML 1.1 and 1.2 read the same from it.

    Args:
        value: Keys are plain words. Texts stand in double quotes, with what cannot be printed made visible; numbers
            have no exponent, which YAML 1.1 would take for a text. Values that are None or empty are left out.
    """
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, inner in value.items():
        if inner is None or inner in ({}, []):
            continue
        if isinstance(inner, Mapping):
            lines += [f"{key}:", *(f"  {line}" for line in _mapping(inner))]
        elif isinstance(inner, (list, tuple)):
            lines += [f"{key}:", *_sequence(inner)]
        else:
            lines.append(f"{key}: {_scalar(inner)}")
    return lines


def _sequence(values: Sequence[Any]) -> list[str]:
    lines = []
    for value in values:
        first, *more = _mapping(value) if isinstance(value, Mapping) else [_scalar(value)]
        lines += [f"- {first}", *(f"  {line}" for line in more)]
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(message(value), ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0") + "0" * value.is_integer() if math.isfinite(value) else '"unknown"'
    return json.dumps(value)
