"""The command reference as Markdown, from the commands themselves.

    python scripts/docs_commands.py > commands.md

`scripts/docs_hook.py` puts it into the documentation site.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import click

from kerastl.cli import group

_INTRODUCTION = """\
# Commands

Written from the commands' own `--help`. Options that several commands share mean the same everywhere; what they are
called in Python is the same name with underscores.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *(_section(context) for context in contexts())])


def contexts() -> Iterator[click.Context]:
    """Each command as if it were called, `kerastl` itself first."""
    top = click.Context(group, info_name="kerastl", **group.context_settings)
    yield top
    for name in group.list_commands(top):
        command = group.get_command(top, name)
        if command is not None and not command.hidden:
            yield click.Context(command, info_name=name, parent=top, **command.context_settings)


def options(context: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Names and help of the options that `--help` shows, by the headings that it shows them under."""
    groups: dict[str, list[tuple[str, str]]] = {"": []}
    for option in context.command.get_params(context):
        record = option.get_help_record(context)
        if isinstance(option, click.Option) and record is not None:
            groups.setdefault(getattr(option, "group", ""), []).append(record)
    return groups


def _section(context: click.Context) -> str:
    usage = " ".join(context.command.get_usage(context).split()).removeprefix("Usage: ")
    parts = [f"## {context.command_path}", "", "```text", usage, "```", ""]
    for paragraph in inspect.cleandoc(context.command.help or "").split("\n\n"):
        parts += [_prose(paragraph), ""]
    for heading, records in options(context).items():
        parts += [f"| {heading or 'option'} | what it does |", "| --- | --- |"]
        parts += [*(f"| `{names}` | {_prose(text)} |" for names, text in records), ""]
    if isinstance(context.command, click.Group):
        parts += ["| command | what it is for |", "| --- | --- |"]
        parts += [f"| [`{each.info_name}`](#{_anchor(each)}) | {_line(each)} |" for each in contexts() if each.parent]
    return "\n".join([*parts, ""])


def _anchor(context: click.Context) -> str:
    """The anchor that Python-Markdown gives to a command's heading."""
    return context.command_path.replace(" ", "-")


def _line(context: click.Context) -> str:
    return _prose(context.command.get_short_help_str(limit=200))


def _prose(text: str) -> str:
    """Help as one line of Markdown: what stands outside of backticks is text."""
    spans = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(span if span.startswith("`") else _escaped(span) for span in spans)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_\[\]|#])", r"\\\1", text).replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    sys.stdout.write(reference())
