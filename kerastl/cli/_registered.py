"""Options whose values are names in a registry: choices, help and completion come from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from kerastl._base.registry import resolve_reference
from kerastl.cli._command import Option
from kerastl.errors import UnknownNameError

if TYPE_CHECKING:
    from kerastl._base.registry import Registry


_NARROW = 25  # letters of a short list


class RegisteredName(click.ParamType):
    """A name in a registry, which is imported when it is needed.

    Help shows what comes with kerastl; what other packages add is looked up where a name is none of those, and when
    the shell completes one.

    Args:
        registry: `"module:ATTRIBUTE"`.
        *more: Words that are taken besides, such as `auto`.
    """

    name = "name"

    def __init__(self, registry: str, *more: str) -> None:
        self._reference = registry
        self._more = more

    @property
    def registry(self) -> Registry[Any]:
        """The registry itself."""
        return resolve_reference(self._reference)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The names in brackets, as click shows choices, where they fit beside the option; help tells of each."""
        names = f"[{'|'.join((*self._more, *self.registry.bundled))}]"
        return names if len(names) <= _NARROW else "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse a name that there is not, with close ones."""
        if value not in self._more and value not in self.registry:
            try:
                self.registry[value]
            except UnknownNameError as error:
                self.fail(str(error), param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """All names that begin so."""
        return [CompletionItem(name) for name in (*self._more, *self.registry.names()) if name.startswith(incomplete)]


class _DescribedOption(Option):
    """An option whose help goes on with a line of the registry for each bundled name."""

    described: Callable[[Any], str]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        assert isinstance(self.type, RegisteredName)  # noqa: S101 - `registered` makes it so
        registry = self.type.registry
        lines = "; ".join(f"`{name}`: {self.described(registry[name])}" for name in registry.bundled)
        plain, self.help = self.help, f"{self.help or ''} {lines}.".strip()
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = plain


def registered(
    flag: str, registry: str, *more: str, described: Callable[[Any], str], **attributes: Any
) -> Callable[[Any], Any]:
    """An option that takes a name in a registry.

    Args:
        flag: Its name.
        registry: `"module:ATTRIBUTE"`.
        *more: Words that are taken besides.
        described: Tells of an entry what help says behind its name.
        **attributes: As for `kerastl.cli._command.option`.
    """
    option = type("_Option", (_DescribedOption,), {"described": staticmethod(described)})
    return click.option(flag, cls=option, type=RegisteredName(registry, *more), show_default=True, **attributes)
