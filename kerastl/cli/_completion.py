"""Completion of commands, options and names by the shell, with what is imported in no time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, shell_complete

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete(group: click.Group, variable: str) -> int:
    """Answer the shell, which asks through a variable of the environment; give the exit code."""
    try:
        return shell_complete(group, {}, "kerastl", variable, os.environ[variable])
    except Exception:  # what is wrong with a line is said when it is run, and not in the midst of typing it
        return 1


def _begun(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def networks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the catalog."""
    from kerastl.models._registry import BACKBONES

    return _begun(BACKBONES.names(), incomplete)


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the catalog, or files and folders where none fits."""
    return networks(context, parameter, incomplete) or [CompletionItem(incomplete, type="file")]


def recipes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The recipes that have a name, or files where none fits."""
    from kerastl.finetuning._recipe_registry import RECIPES

    return _begun(RECIPES.names(), incomplete) or [CompletionItem(incomplete, type="file")]


def one_of(*words: str, files: bool = False) -> Complete:
    """Some words, or files where none fits and `files` are an answer, too."""

    def complete_word(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = _begun(words, incomplete)
        return found if found or not files else [CompletionItem(incomplete, type="file")]

    return complete_word


def paths(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders."""
    return [CompletionItem(incomplete, type="file")]
