"""The report: one HTML file that shows an evaluation, with no network, on any screen.

Each module makes what one part of the page shows as plain values; the templates beside them turn these into HTML and
escape every name. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastl.reporting.page import render as render
    from kerastl.reporting.page import write_report as write_report

_HOMES = {"render": "page", "write_report": "page"}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
