"""The command line: the only place that prints or exits.

Commands are imported when they are called, and what they need when they run: `kerastl --help` and a warm
`kerastl classify` never import TensorFlow. What only commands, or failures, need is not imported for `--help` either.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import click

from kerastl._base.text import message
from kerastl._version import __version__
from kerastl.cli import _streams as streams
from kerastl.cli._command import Context
from kerastl.errors import KerastlError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Command: module, and the line that `kerastl --help` shows for it, since reading it there would import the module.
COMMANDS: dict[str, tuple[str, str]] = {
    "classify": ("kerastl.cli._classify", "Say what is in images."),
    "sort": ("kerastl.cli._sort", "Sort images into a folder for each class."),
    "embed": ("kerastl.cli._embed", "Write a vector of each image: near each other where images are alike."),
    "index": ("kerastl.cli._index", "Make an index of images for search, or bring one up to date."),
    "similar": ("kerastl.cli._similar", "Find the images of an index that are most like an image."),
    "duplicates": ("kerastl.cli._duplicates", "Find the copies among the images of an index."),
    "cluster": ("kerastl.cli._cluster", "Find groups of images that belong together, without labels."),
    "recommend": ("kerastl.cli._recommend", "Recommend images of an index by some that are liked."),
    "map": ("kerastl.cli._map", "Lay images out by similarity, on a page to look around in."),
    "results": ("kerastl.cli._results", "Say whether results in parts are complete, or print them."),
    "explain": ("kerastl.cli._explain", "Show which parts of images count for a class."),
    "check": ("kerastl.cli._check", "Look for what spoils training in a labeled folder."),
    "pretrain": ("kerastl.cli._pretrain", "Train a network on images without labels."),
    "finetune": ("kerastl.cli._finetune", "Turn a folder of labeled images into a classifier."),
    "add-class": ("kerastl.cli._head_changes", "Teach a model further images and classes, without its old images."),
    "relabel": ("kerastl.cli._head_changes", "Give images that a model has learnt another class."),
    "forget": ("kerastl.cli._head_changes", "Take images out of what a model has learnt."),
    "history": ("kerastl.cli._head_changes", "Say what a model has learnt and forgotten since it was fine-tuned."),
    "review": ("kerastl.cli._review", "Find labels that look wrong, odd images, and what to label next."),
    "evaluate": ("kerastl.cli._evaluate", "Compare a model with labeled images."),
    "calibrate": ("kerastl.cli._calibrate", "Fit how far to trust a model's scores, and store it with the model."),
    "export": ("kerastl.cli._exporting", "Write a model for other programs: phones, browsers, servers."),
    "serve": ("kerastl.cli._serve", "Answer requests over HTTP."),
    "recipes": ("kerastl.cli._recipes", "List the recipes for fine-tuning, or say what one will do, phase by phase."),
    "learning-curve": ("kerastl.cli._learning_curve", "Tell what more labeled images would bring."),
    "lr-find": ("kerastl.cli._lr_find", "Find a learning rate for a folder of images."),
    "models": ("kerastl.cli._models", "List the networks that kerastl knows."),
    "download": ("kerastl.cli._download", "Fetch published weights ahead of time."),
    "cache": ("kerastl.cli._cache", "Show or clear the cache of compiled networks."),
}

INTERRUPTED = 130
_COMPLETE = "_KERASTL_COMPLETE"  # how a shell asks


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports a command when it is called."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        return getattr(import_module(COMMANDS[cmd_name][0]), cmd_name.replace("-", "_"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name close matches of a command that does not exist."""
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0].lower(), COMMANDS, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]}. {hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name without importing one."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        found = [(name, line) for name, (_, line) in COMMANDS.items() if name.startswith(incomplete)]
        return [CompletionItem(name, help=line) for name, line in found]

    def commands_with_names(self) -> Iterator[tuple[str, click.Command]]:
        """Import all commands."""
        for name in COMMANDS:
            yield name, getattr(import_module(COMMANDS[name][0]), name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='Completion by the Tab key: put `eval "$(_KERASTL_COMPLETE=bash_source kerastl)"` into ~/.bashrc; '
    "zsh_source and fish_source are for the other shells.",
)
@click.version_option(__version__, prog_name="kerastl")
def group() -> None:
    """Transfer learning on Keras: what is in this image, and which of my own classes is it?"""


def run(arguments: list[str]) -> int:
    """Run a command.

    Args:
        arguments: What follows `kerastl`.

    Returns:
        The exit code: 0 done, 1 something could not be done, 2 wrong usage, 130 interrupted.
    """
    streams.settle()
    _log_to_stderr()
    try:
        if os.environ.get(_COMPLETE):
            from kerastl.cli import _completion as completion

            return completion.complete(group, _COMPLETE)
        if any(word == "" or (word.startswith("--") and word.endswith("=")) for word in arguments):
            raise UsageError("an argument is empty; is a variable of the shell not set?")
        # Not `group.main`, which has its own mind about interruptions and closed pipes.
        with group.make_context("kerastl", arguments) as context:
            code = group.invoke(context) or 0
        sys.stdout.flush()
    except Exception as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    return code


def _failed(error: Exception) -> int:
    """Say in one line what went wrong, and give the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        from kerastl.cli import _usage as usage

        wrong = usage.said(error, group.commands_with_names)
        return _fail(f"{wrong} ({usage.help_line(error)})", error.exit_code)
    if isinstance(error, KerastlError):
        return _fail(str(error), error.exit_code)
    if isinstance(error, click.Abort) or _was_interrupted(error):
        return _fail("interrupted", INTERRUPTED)
    if isinstance(error, BrokenPipeError) and error.filename in (None, streams.OUTPUT):
        return 0  # whoever read our output has had enough (`| head`)
    if os.environ.get("KERASTL_TRACEBACK"):
        raise error
    if isinstance(error, ModuleNotFoundError) and (lacking := _lacking(error)) is not None:
        return _fail(lacking, 1)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return _fail(f"{os.fspath(error.filename)}: {error.strerror[:1].lower()}{error.strerror[1:]}", 1)
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return _fail(f"unexpected error: {reason} (KERASTL_TRACEBACK=1 shows where)", 1)


def _lacking(error: ModuleNotFoundError) -> str | None:
    from kerastl._base import extras

    return extras.told(error)


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an error came of Ctrl-C: libraries that are being imported make errors of their own of it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"kerastl: {message(text)}\n")
    sys.stderr.flush()
    return code


class _OneLine(logging.Formatter):
    """A message on one line, whatever names it holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a message for people."""
        return f"kerastl: {message(record.getMessage())}"


class _ToReporter(logging.Handler):
    """Hands the log to whoever tells what is done, above the bars; warnings are told to quiet people, too."""

    def emit(self, record: logging.LogRecord) -> None:
        from kerastl import _progress as progress

        reporter = progress.chosen() or progress.Reporter(1)
        tell = reporter.complain if record.levelno >= logging.WARNING else reporter.say
        tell(self.format(record))


def _log_to_stderr() -> None:
    log = logging.getLogger("kerastl")
    handler = _ToReporter()
    handler.setFormatter(_OneLine())
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
