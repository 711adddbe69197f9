"""JSON as kerastl writes it: any parser takes it, whatever names and numbers are in it."""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(value: Any, indent: int | None = 1, *, letters: bool = False) -> str:
    """Write a value as JSON.

    Args:
        value: Mappings with text as keys, lists, tuples, text, numbers, truth values and None. NaN and infinity, which
            JSON does not have, become null.
        indent: As for `json.dumps`.
        letters: Whether letters stay as they are, for people to read; else all is ASCII. Where a name has bytes that
            are no text, all is ASCII anyway.
    """
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=not letters, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), indent=indent, ensure_ascii=not letters, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return dumps(value, indent)
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
