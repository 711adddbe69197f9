"""`kerastl map`: images laid out by similarity, on a page."""

from __future__ import annotations

from typing import Any

import click

from kerastl._base.text import message
from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option


@command()
@click.argument("data", required=False, metavar="[DATA]", shell_complete=completion.paths)
@option("--db", type=click.Path(), metavar="DIR", help="The folder of the index, instead of DATA.")
@option(
    "--output", "-o", type=click.Path(), default="map.html", show_default=True, metavar="FILE",
    help=".html for the page; .png, .svg or .pdf for a figure of points.",
)  # fmt: skip
@options.model
@option(
    "--layout", type=click.Choice(["auto", "umap", "tsne", "pca"]), default="auto", show_default=True, metavar="NAME",
    help="umap, tsne or pca. auto is umap where umap-learn is installed, else t-SNE.",
)  # fmt: skip
@option(
    "--limit", type=click.IntRange(1, 20_000), default=5_000, show_default=True, metavar="N",
    help="Images at most; of more, a sample is shown.",
)  # fmt: skip
@options.seed()
@option(
    "--features", type=click.Choice(["last", "deep"]), default="last", show_default=True,
    help="Of DATA: last is what the last layer decides by, deep is of several layers.",
)  # fmt: skip
@options.resize("the model's own, crop for published weights")
@answer_options.engine()
@options.trust
@options.telling
def map(data: str | None, output: str, **more: Any) -> int:  # noqa: A001 - the command's name
    """Lay images out by similarity, on a page to look around in.

    DATA is a labeled folder, a table of labels, or a folder or pattern of images without labels; --model says what is
    alike and answers. Or --db names an index, which knows all that already.

    The page is one file without a network: thumbnails to zoom and pan, colors by label, mistakes outlined, a search,
    and a larger image where one is clicked. Images that cannot be read are named. Nothing is changed in the images.

    Exit code: 0 all images are shown, 1 some could not be read, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl.embedding_map._map_images import counted
    from kerastl.embedding_map._write import write_map

    written = write_map(data, output, **more)
    reporter = progress.current()
    for path, reason in written.failed.items():
        reporter.complain(f"kerastl: {path}: {reason}")
    for note in written.notes:
        reporter.say(f"kerastl: {note}")
    wrong = "" if written.mistakes is None else f", {written.mistakes:,} of them mistakes"
    click.echo(message(f"{written.output}: {counted(written.count)}{wrong}"))
    return 1 if written.failed else 0
