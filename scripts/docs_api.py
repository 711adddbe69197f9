"""The pages of the API reference: one a public package, with every name of its `__all__`.

mkdocstrings fills them from the docstrings; `scripts/docs_hook.py` puts them into the site.
"""

from __future__ import annotations

from importlib import import_module

PACKAGES = (
    "kerastl",
    "kerastl.images",
    "kerastl.data",
    "kerastl.finetuning",
    "kerastl.pretraining",
    "kerastl.evaluation",
    "kerastl.explaining",
    "kerastl.plots",
    "kerastl.reporting",
)


def names(package: str) -> list[str]:
    """What a package says is public."""
    return [name for name in import_module(package).__all__ if name != "__version__"]


def address(package: str) -> str:
    """Where a package's page stands below `docs/`."""
    return f"reference/api/{package}.md"


def page(package: str) -> str:
    """A package's page, for mkdocstrings to fill."""
    listed = "".join(f"\n        - {name}" for name in names(package))
    return f"::: {package}\n    options:\n      members:{listed or ' []'}\n"
