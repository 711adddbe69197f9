"""Names of a package that are imported when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any


def lazy_names(
    package: str, modules: Mapping[str, str], packages: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make what a package's `__init__` needs to import its public names on first use (PEP 562).

    Args:
        package: Its `__name__`.
        modules: Public name to the module that defines it.
        packages: Its own packages that are public.

    Returns:
        Its `__getattr__`, its `__dir__` and its `__all__`.
    """
    public = sorted({*modules, *packages})

    def get(name: str) -> Any:
        from importlib import import_module

        if name in packages:
            return import_module(f"{package}.{name}")
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: list(public), public
