"""The report: one HTML file that shows an evaluation, with no network, on any screen.

Each module makes what some parts of the page show as plain values; the templates beside them turn these into HTML and
escape every name. Jinja2 and, for explanations, TensorFlow are imported when a page is made.
"""

from __future__ import annotations

from kerastl.reporting.page import render, write_report

__all__ = ["render", "write_report"]
