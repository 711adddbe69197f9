"""A member of a model file that holds a JSON object: its config, its metadata."""

from __future__ import annotations

import json
from typing import Any

from kerastl.errors import ModelError


def parsed(text: bytes, name: str) -> dict[str, Any]:
    """Read it.

    Args:
        text: JSON, UTF-8.
        name: What messages call it.

    Raises:
        ModelError: It is no JSON object, or is nested too deep.
    """
    try:
        values = json.loads(text)
    except RecursionError:
        raise ModelError(f"{name} is nested too deep") from None
    except ValueError as error:
        raise ModelError(f"{name} is no JSON ({error})") from None
    if not isinstance(values, dict):
        raise ModelError(f"{name} is no JSON object")
    return values
