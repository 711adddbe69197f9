"""`kerastl serve`: models behind HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError


@command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=completion.models)
@option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 opens it to others.")
@option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@option("--workers", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Processes.")
@answer_options.engine()
@option(
    "--api-keys",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="A file with a key in each line, of which a request must bring one.",
)
@option(
    "--cors",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A web origin whose pages may ask, such as https://example.org. May be repeated.",
)
@option("--max-bytes", type=click.IntRange(min=1), default=32 << 20, show_default=True, help="Of a request.")
@option("--max-images", type=click.IntRange(min=1), default=64, show_default=True, help="In a request.")
@option("--max-pixels", type=click.IntRange(min=1), default=64_000_000, show_default=True, help="Of an image.")
@option(
    "--queue", type=click.IntRange(min=1), default=256, show_default=True, metavar="N",
    help="Images that may wait for a model, in each process.",
)  # fmt: skip
@option(
    "--max-connections", type=click.IntRange(min=1), default=512, show_default=True, metavar="N",
    help="That may be open, to each process.",
)  # fmt: skip
@option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Until an answer.",
)
@option(
    "--collect",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Store images that people correct, in a folder for each class, which kerastl finetune takes.",
)
@option(
    "--collect-limit", type=click.IntRange(min=1), default=10_240 << 20, show_default=True, metavar="BYTES",
    help="What that folder may take.",
)  # fmt: skip
@option("--explain/--no-explain", default=True, show_default=True, help="Explain answers where that is asked for.")
@option("--reload/--no-reload", default=True, show_default=True, help="Load models anew when their files change.")
@option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of what is told.")
@options.trust
@options.telling
def serve(models: tuple[str, ...], api_keys: str | None, **settings: Any) -> int:
    """Answer requests over HTTP.

    MODEL is as for `kerastl classify --model`, or NAME=MODEL to say what requests call it.

    Images go to POST /v1/classify; GET /v1/models lists the models, GET /metrics is for Prometheus.

    Exit code: 0 stopped as it was told to, 1 could not serve, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl.serving import ServeSettings
    from kerastl.serving import serve as run

    named = tuple(_named(model) for model in models)
    run(ServeSettings(named, api_keys=_keys(api_keys), verbose=progress.current().level, **settings))
    return 0


def _named(model: str) -> tuple[str, str]:
    """What requests call a model, and where it is."""
    import os

    name, equals, path = model.partition("=")
    if equals and not os.path.exists(model):  # noqa: PTH110 - as for names of models
        return name, path
    if not os.path.exists(model):  # noqa: PTH110 - likewise
        return model, model
    file = Path(model).resolve()
    return file.name if file.is_dir() else file.stem, model


def _keys(file: str | None) -> tuple[str, ...]:
    from kerastl.serving._settings import hash_key

    if file is None:
        return ()
    lines = Path(file).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    keys = tuple(hash_key(line) for line in lines if line.strip() and not line.startswith("#"))
    if not keys:
        raise UsageError(f"{file} holds no API key: write one into each line")
    return keys
