"""The command line: the only place that prints or exits.

Commands are imported when they are called, and what they need when they run: `kerastl --help` and a warm
`kerastl classify` never import TensorFlow.
"""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module

import click

from kerastl._version import __version__
from kerastl.errors import KerastlError

# Command: module, and the line that `kerastl --help` shows for it, since reading it there would import the module.
COMMANDS: dict[str, tuple[str, str]] = {
    "classify": ("kerastl.cli.classify", "Say what is in pictures."),
    "explain": ("kerastl.cli.explain", "Show which parts of pictures speak for a class."),
    "check": ("kerastl.cli.check", "Look for what spoils training in a labelled folder."),
    "pretrain": ("kerastl.cli.pretrain", "Train a network on pictures without labels."),
    "finetune": ("kerastl.cli.finetune", "Turn a folder of labelled pictures into a classifier."),
    "evaluate": ("kerastl.cli.evaluate", "Hold a model against labelled pictures."),
    "calibrate": ("kerastl.cli.calibrate", "Fit how far to trust a model's scores, and store it with the model."),
    "recipes": ("kerastl.cli.recipes", "List the recipes for fine-tuning, or print one as JSON to edit."),
    "lr-find": ("kerastl.cli.lr_find", "Find a learning rate for a folder of pictures."),
    "models": ("kerastl.cli.models", "List the networks that kerastl knows."),
    "download": ("kerastl.cli.download", "Fetch published weights ahead of time."),
    "cache": ("kerastl.cli.cache", "Show or clear the cache of compiled networks."),
}

INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports a command when it is called."""

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
            close = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kerastl")
def group() -> None:
    """Transfer learning on Keras: what is in this picture, and which of my own classes is it?"""


def run(arguments: list[str]) -> int:
    """Run a command.

    Args:
        arguments: What follows `kerastl`.

    Returns:
        The exit code: 0 done, 1 something could not be done, 2 wrong usage, 130 interrupted.
    """
    _log_to_stderr()
    try:
        # Not `group.main`, which has its own mind about interruptions and closed pipes.
        with group.make_context("kerastl", arguments) as context:
            return group.invoke(context) or 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KerastlError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`): no error, and nothing left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:
        if os.environ.get("KERASTL_TRACEBACK"):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return _fail(f"unexpected error: {reason} (KERASTL_TRACEBACK=1 shows where)", 1)


def _fail(message: str, code: int) -> int:
    click.echo(f"kerastl: {message}", err=True)
    return code


def _log_to_stderr() -> None:
    log = logging.getLogger("kerastl")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("kerastl: %(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
