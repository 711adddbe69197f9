"""The report: one HTML file that shows an evaluation, with no network, on any screen.

Each module makes what some parts of the page show as plain values; the templates beside them turn these into HTML and
escape every name. Jinja2 and, for explanations, TensorFlow are imported when a page is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.reporting._page import render as render
    from kerastl.reporting._page import write_report as write_report

_MODULES = {
    "render": "kerastl.reporting._page",
    "write_report": "kerastl.reporting._page",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
