"""The pages of the API reference: one a public package, with every name of its `__all__`.

mkdocstrings fills them from the docstrings; `scripts/docs_hook.py` puts them into the site.
"""

from __future__ import annotations

from importlib import import_module

import kerastl

PACKAGES = ("kerastl", *(f"kerastl.{name}" for name in sorted(kerastl._PACKAGES)))


def names(package: str) -> list[str]:
    """What a package says is public, but for packages, which have pages of their own."""
    listed = import_module(package).__all__
    return [name for name in listed if not name.startswith("_") and f"{package}.{name}" not in PACKAGES]


def address(package: str) -> str:
    """Where a package's page stands below `docs/`."""
    return f"reference/api/{package}.md"


def page(package: str) -> str:
    """A package's page, for mkdocstrings to fill."""
    listed = "".join(f"\n        - {name}" for name in names(package))
    return f"::: {package}\n    options:\n      members:{listed or ' []'}\n"
