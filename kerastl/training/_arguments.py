"""What the functions that train are given, in the form in which it is stored; what is somewhere else's is told so."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from kerastl._base.arguments import written
from kerastl.errors import UsageError
from kerastl.models._default import DEFAULT_MODEL
from kerastl.models._registry import BACKBONES


def check_data_first(data: Any, model: Any) -> None:
    """Raise `UsageError` where the network was given in place of the data."""
    if isinstance(data, str) and data in BACKBONES and not os.path.exists(data):  # noqa: PTH110
        raise UsageError(f"the data comes first and the model second. Received: data={data!r}, model={model!r}")


def model_name(model: Any, data: Any) -> str:
    """The name of the network to start from; None is the default one.

    Raises:
        UsageError: It is no name; or `data` is one, since the data comes first.
    """
    check_data_first(data, model)
    if model is None:
        return DEFAULT_MODEL
    if not isinstance(model, str) or (model not in BACKBONES and os.path.exists(model)):  # noqa: PTH110
        raise UsageError(
            "model must be a name that `kerastl models` lists; weights of your own are given as weights=... "
            f"Received: {model!r}"
        )
    return model


def wished(model: Any) -> Collection[str]:
    """The names of the arguments that the running call asks for; a model that is None asks for nothing."""
    return written() - {"model"} if model is None else written()
