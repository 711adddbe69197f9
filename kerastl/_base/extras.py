"""Packages that are optional: what to install where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from kerastl.errors import KerastlError


def missing(extra: str, *modules: str) -> str | None:
    """Say what must be installed for something, in a sentence without a full stop; None if it is all there.

    Args:
        extra: The extra of kerastl that brings the modules.
        modules: Names of top-level modules, which are not imported.
    """
    absent = [module for module in modules if find_spec(module) is None]
    if not absent:
        return None
    return f"{', '.join(absent)} not installed: pip install 'kerastl[{extra}]'"


class MissingExtraError(KerastlError):
    """An optional package is not installed."""


def require(purpose: str, extra: str, *modules: str) -> None:
    """Raise `MissingExtraError` unless all modules of an extra are there.

    Args:
        purpose: What needs them, as the beginning of the message: "a server".
        extra: See `missing`.
        modules: See `missing`.
    """
    if (reason := missing(extra, *modules)) is not None:
        raise MissingExtraError(f"{purpose} needs packages that are not there: {reason}")
