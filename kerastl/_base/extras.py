"""Packages that are optional: what to install where one is missing."""

from __future__ import annotations

import sys
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
    return f"{', '.join(absent)} not installed: pip install '{_distribution()}[{extra}]'"


def _distribution() -> str:
    """What this was installed as: both bring the same package, and one in place of the other would bring TensorFlow."""
    from importlib.metadata import PackageNotFoundError, distribution

    for name in ("kerastl", "kerastl-runtime"):
        try:
            return distribution(name).name
        except PackageNotFoundError:
            continue
    return "kerastl"


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


# What `kerastl` brings and `kerastl-runtime` does not: the module, and the package that it comes with.
_BEYOND_RUNTIME = {
    "h5py": "h5py",
    "jinja2": "jinja2",
    "keras": "keras",
    "matplotlib": "matplotlib",
    "rich": "rich",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
    "threadpoolctl": "threadpoolctl",
}
_KERAS = ("keras", "tensorflow")


def told(error: ModuleNotFoundError) -> str | None:
    """Say what must be installed where an import failed; None where it is no package of kerastl's."""
    name = (error.name or "").partition(".")[0]
    if name in _KERAS:
        return (
            "this needs Keras and TensorFlow, which are not installed; without them kerastl runs exported models, such "
            "as --model model.onnx: pip install kerastl, in an environment of its own"
        )
    if (package := _BEYOND_RUNTIME.get(name)) is None:
        return None
    return f"this needs {package}, which is not installed: pip install {package}"


def require_module(name: str) -> None:
    """Raise `MissingExtraError` unless a module is there that not every install brings; it is not imported."""
    if name not in sys.modules and find_spec(name) is None:
        raise MissingExtraError(told(ModuleNotFoundError(name=name)) or f"{name} is not installed: pip install {name}")
