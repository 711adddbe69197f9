"""The keyword arguments of public functions: which were written, and what the old names are called now."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from kerastl.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")

_WRITTEN: ContextVar[frozenset[str]] = ContextVar("_WRITTEN", default=frozenset())


def keywords(renamed: Mapping[str, str] | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Refuse unknown keyword arguments in one line, and note which arguments a call names, for `written`.

    Args:
        renamed: Names of earlier versions, and what they are called now.
    """
    renamed = dict(renamed or {})

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        names = tuple(inspect.signature(function).parameters)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            for name in kwargs:
                if name not in names:
                    raise UsageError(_unknown(function.__name__, name, names, renamed))
            token = _WRITTEN.set(frozenset(names[: len(args)]) | frozenset(kwargs))
            try:
                return function(*args, **kwargs)
            finally:
                _WRITTEN.reset(token)

        return called

    return decorate


def written() -> frozenset[str]:
    """The names of the arguments that the running call of a `keywords` function was given.

    A run that goes on takes what was asked for; a default asks for nothing.
    """
    return _WRITTEN.get()


def _unknown(function: str, name: str, names: tuple[str, ...], renamed: Mapping[str, str]) -> str:
    if name in renamed:
        return f"{function}: {name}= is called {renamed[name]}= now"
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    return f"{function}: there is no argument {name}; {hint}"
