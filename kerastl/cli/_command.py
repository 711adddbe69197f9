"""Commands whose options may have earlier names, and stand in groups in `--help`."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_GONE_IN = "0.3"
# Columns of help.
_WIDEST, _NARROWEST = 80, 30

log = logging.getLogger("kerastl")


class Option(click.Option):
    """An option that knows its earlier names.

    Args:
        names: As for `click.Option`.
        old: Its names in earlier versions, which are taken, with a note, and not shown.
        group: The heading under which `--help` shows it.
        **attributes: As for `click.Option`.
    """

    def __init__(self, names: Sequence[str], *, old: Sequence[str] = (), group: str = "", **attributes: Any) -> None:
        super().__init__(names, **attributes)
        self.old = tuple(old)
        self.group = group


class Formatter(click.HelpFormatter):
    """Help that fits on terminals of 32 columns and more; click's needs 50."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(indent_increment, width or max(min(columns, max_width or _WIDEST) - 2, _NARROWEST))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean, and leave two thirds of a narrow terminal to the meanings."""
        super().write_dl(rows, min(col_max, max(self.width // 3, _NARROWEST // 3)), col_spacing)


class Context(click.Context):
    """A context that writes help with `Formatter`."""

    formatter_class = Formatter


class Command(click.Command):
    """A command that takes earlier names of its options, and shows the others in groups."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say of each earlier name what it is called now, and read it as that."""
        now = list(_renamed(args, self.old_names(), self._takes_value()))
        if not ctx.resilient_parsing:  # the shell asks for completion, and nobody reads notes
            for before, after in dict.fromkeys(pair for pair in zip(args, now, strict=True) if pair[0] != pair[1]):
                old, new = (word.partition("=")[0] if word[:2] == "--" else word[:2] for word in (before, after))
                log.warning("%s is called %s now; the old name goes in %s", old, new, _GONE_IN)
        return super().parse_args(ctx, now)

    def old_names(self) -> dict[str, str]:
        """Each earlier name of an option, and what it is called now."""
        options = (param for param in self.params if isinstance(param, Option))
        return {
            old: next(name for name in option.opts if name.startswith("--") == old.startswith("--"))
            for option in options
            for old in option.old
        }

    def _takes_value(self) -> set[str]:
        options = (param for param in self.params if isinstance(param, click.Option) and not param.is_flag)
        return {name for option in options for name in (*option.opts, *getattr(option, "old", ()))}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those without a group first."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)) is not None:
                groups.setdefault(getattr(param, "group", ""), []).append(record)
        for group in sorted(groups, key=lambda group: group != ""):
            with formatter.section(group or "Options"):
                formatter.write_dl(groups[group])


def _renamed(args: Sequence[str], old_names: dict[str, str], takes_value: set[str]) -> Iterator[str]:
    """The arguments with options by the names they have now; values of options stay what they are."""
    words = iter(args)
    for word in words:
        if word == "--":
            yield word
            yield from words
            return
        name, equals, value = word.partition("=")
        if not word.startswith("--") and word[:2] in old_names:  # -bVALUE
            yield old_names[word[:2]] + word[2:]
        else:
            yield old_names.get(name, name) + equals + value
        if not equals and name in takes_value:
            yield from (value for _, value in zip(range(1), words, strict=False))


def command(name: str | None = None) -> Callable[[Callable[..., Any]], Command]:
    """A function as a `Command`, as `click.command` does it."""
    return click.command(name, cls=Command)


def option(*names: str, old: Sequence[str] = (), group: str = "", **attributes: Any) -> Callable[[F], F]:
    """Give a function an `Option`, as `click.option` does it."""
    return click.option(*names, cls=Option, old=old, group=group, **attributes)
