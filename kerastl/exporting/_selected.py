"""Which formats are exported to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kerastl import _progress as progress
from kerastl.errors import KerastlError, ModelError, UsageError
from kerastl.exporting._format import ExportFormat
from kerastl.exporting._format_registry import EXPORT_FORMATS
from kerastl.exporting._source import ExportSource

ALL = "all"
"""Stands for every format that can be written."""


def selected(to: str | Sequence[str]) -> tuple[list[ExportFormat], bool]:
    """The formats that names mean, each once, in the order in which they are given; and whether `all` meant them.

    Args:
        to: Names in a list, or in one text with commas; or `all`.

    Raises:
        UsageError: There is no format of that name, or none is named.
    """
    names = to.split(",") if isinstance(to, str) else list(to) if isinstance(to, Iterable) else [to]
    if not all(isinstance(name, str) for name in names):
        raise UsageError(f"to must be names of export formats. Received: {to!r}")
    names = [name.strip() for name in names if name.strip()]
    if ALL in names:
        return list(EXPORT_FORMATS.usable()), True
    if not names:
        raise UsageError(f"to names no export format; there are {', '.join(EXPORT_FORMATS.names())}, and all")
    return [EXPORT_FORMATS[name] for name in dict.fromkeys(names)], False


def check_selected(
    formats: Sequence[ExportFormat], source: ExportSource, everything: bool
) -> tuple[list[ExportFormat], dict[str, KerastlError]]:
    """Part the formats that can be written here from those that cannot.

    Args:
        formats: What was asked for.
        source: The model.
        everything: Whether all formats were asked for, so that what cannot be written is left out, which is told.

    Returns:
        The formats, and errors by the names of others.

    Raises:
        UsageError: A format was asked for by name, and what it needs was not given.
    """
    found: list[ExportFormat] = []
    lacking: dict[str, KerastlError] = {}
    for each in formats:
        try:
            _check(each, source)
            found.append(each)
        except UsageError as error:
            if not everything:
                raise
            lacking[each.name] = error
        except KerastlError as error:
            lacking[each.name] = error
    if everything and found:
        for name, reason in lacking.items():
            progress.current().say(f"{name} is left out: {reason}")
        lacking = {}
    return found, lacking


def _check(export_format: ExportFormat, source: ExportSource) -> None:
    if (reason := export_format.unavailable()) is not None:
        raise ModelError(reason)
    if export_format.quantized:
        source.check_calibrating()
    if source.with_resize and not export_format.resizes:
        raise UsageError(
            f"{export_format.name} takes images of the network's size only, so that resizing stays outside"
        )
    export_format.check_source(source)
