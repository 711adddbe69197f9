"""What is wrong with a command's arguments, in one line that says what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

# What people write who know other tools, by command and option, and what to write here.
_INSTEAD: dict[tuple[str, str], str] = {
    ("evaluate", "--model"): "The model is the first argument: kerastl evaluate MODEL DATA.",
    ("evaluate", "--output"): "--report DIR writes a report and tables.",
    ("calibrate", "--model"): "The model is the first argument: kerastl calibrate RUN_DIR DATA.",
    ("calibrate", "--output"): "The result is stored with the model.",
    ("export", "--model"): "The model is the first argument: kerastl export MODEL --to FORMAT.",
    ("classify", "--backbone"): "The network is --model, a name or a run folder.",
    ("explain", "--backbone"): "The network is --model, a name or a run folder.",
    ("classify", "--weights"): "A network of your own is --model, a run folder or a .keras file.",
    ("classify", "--threshold"): "Classes below a score are left out by --min-score.",
    (
        "finetune",
        "--weight-decay",
    ): "Weight decay stands in the recipe: kerastl recipes gradual --format json.",
    ("finetune", "--data"): "The folder of images is an argument: kerastl finetune DATA_DIR --output RUN_DIR.",
}
# Other names for the same thing.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "--lr": ("--learning-rate",),
    "--out": ("--output",),
    "--image-size": ("--input-size",),
    "--img-size": ("--input-size",),
    "--imgsz": ("--input-size",),
    "--val-split": ("--validation-split",),
    "--topk": ("--top",),
    "--top-k": ("--top",),
    "--arch": ("--model",),
    "--network": ("--model",),
    "--run": ("--model",),
    "--class": ("--label",),
    "--target": ("--label",),
    "--force": ("--overwrite",),
    "--json": ("--format json",),
    "--jsonl": ("--format jsonl",),
    "--csv": ("--format csv",),
    "--data-dir": ("--data",),
}
# click's words, and plain ones.
_PLAIN = {"is not a valid integer range": "is no whole number", "is not a valid float range": "is no number"}
_PLAIN |= {"is not a valid integer": "is no whole number", "is not a valid float": "is no number"}
# What the names in capitals stand for.
_MEANINGS = {
    "SOURCE...": "an image, a folder, a pattern in quotes, or - for a list of files",
    "DATA_DIR": "a folder or table of labeled images",
    "DATA": "a folder or table of labeled images",
    "IMAGE_DIR": "a folder of images",
    "RUN_DIR": "the folder that `kerastl finetune --output` wrote",
    "MODEL": "a run folder, a .keras file, or a name that `kerastl models` lists",
    "NAME...": "names that `kerastl models` lists",
    "--output": "where to write",
    "--to": "names that kerastl export --list shows, with commas",
}


def said(error: click.ClickException, commands: Callable[[], Iterator[tuple[str, click.Command]]]) -> str:
    """Say what is wrong in one line.

    Args:
        error: What click raised.
        commands: Gives all commands with their names; asked only for an option that is not there.
    """
    context = getattr(error, "ctx", None)
    message = error.format_message().strip()
    for words, plain in _PLAIN.items():
        message = message.replace(words, plain)
    if isinstance(error, click.NoSuchOption):
        message = f"No such option {error.option_name}. {_option(error.option_name, context, commands)}".strip()
    elif isinstance(error, click.MissingParameter):
        message = _missing(error, message)
    if context is None:
        return message
    message = message.rstrip(".")
    command = context.command_path.removeprefix("kerastl").strip()
    return f"{command}: {message}" if command else message


def help_line(error: click.ClickException) -> str:
    """Where to read on."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'kerastl'} --help shows what there is"


def _missing(error: click.MissingParameter, message: str) -> str:
    name = error.param.make_metavar(error.ctx) if isinstance(error.param, click.Argument) and error.ctx else ""
    if isinstance(error.param, click.Option):
        name = max(error.param.opts, key=len)
        meaning = "a new or empty folder for the run" if error.param.metavar == "RUN_DIR" else _MEANINGS.get(name)
        return f"Missing option {name} {error.param.metavar or ''}".strip() + (f": {meaning}" if meaning else "")
    return message.rstrip(".") + (f": {_MEANINGS[name]}" if name in _MEANINGS else "")


def _option(
    option: str, context: click.Context | None, commands: Callable[[], Iterator[tuple[str, click.Command]]]
) -> str:
    """What to write instead of an option that there is not; empty where nothing comes to mind."""
    from difflib import get_close_matches

    if context is None:
        return ""
    own = set(_options(context.command))
    command = context.command.name or ""
    wanted = [option, *_SYNONYMS.get(option, ())]
    for name in wanted:
        if name.split()[0] in own:
            return f"Did you mean {name}?"
        if (command, name) in _INSTEAD:
            return _INSTEAD[command, name]
    long = [name for name in own if name.startswith("--") and name != "--help"]
    begun = [name for name in long if name.startswith(option)] if len(option) > 3 else []
    if close := begun or get_close_matches(option, long, n=2, cutoff=0.75):
        return f"Did you mean {' or '.join(sorted(close))}?"
    others = [name for name, other in commands() if option in _options(other)]
    return f"It is an option of kerastl {', '.join(others)}." if others else ""


def _options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield from parameter.opts
            yield from parameter.secondary_opts
    yield "--help"
