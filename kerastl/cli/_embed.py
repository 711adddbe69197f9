"""`kerastl embed`: a vector of each image, for search and for other programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.cli._parts import PART_FORMATS, PARTS, in_parts

if TYPE_CHECKING:
    from kerastl.cli._images import Images
    from kerastl.embedding import EmbeddedImage, Embedder


@command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=completion.paths)
@options.model
@option(
    "--output", "-o", type=click.Path(), metavar="FILE|DIR",
    help="Write to FILE: .parquet, .npy (with a table of the images beside it), .csv or .jsonl. Without it, JSON lines "
    "go to standard output.",
)  # fmt: skip
@option(
    "--format", "form", group=PARTS, type=click.Choice(PART_FORMATS),
    help="Write parts of this format into the folder DIR.",
)  # fmt: skip
@in_parts
@option(
    "--features", type=click.Choice(["last", "deep"]), default="last", show_default=True,
    help="last is what the last layer decides by. deep is means and deviations of several layers, which know more of "
    "texture and parts.",
)  # fmt: skip
@option(
    "--dtype", type=click.Choice(["float32", "float16"]), default="float32", show_default=True,
    help="float16 takes half the room.",
)  # fmt: skip
@options.resize("the model's own, crop for published weights")
@answer_options.engine()
@options.urls
@options.trust
@options.telling
def embed(
    sources: tuple[str, ...],
    output: str | None,
    form: str | None,
    part_size: int | None,
    shard: str | None,
    urls: bool,
    **loading: Any,
) -> int:
    """Write a vector of each image: near each other where images are alike.

    SOURCE is an image, a folder (with all images below it), a pattern in quotes such as '*.jpg', an archive (.tar,
    .tar.gz, .zip, .parquet), an address (https://, s3://, gs://, az://, hdfs://), or - for a list of files on standard
    input. Vectors have length 1, so that the product of two is their cosine.

    Beside FILE lies FILE.part until all is done. Where the command was interrupted, the same command goes on with it
    and writes the same FILE. Images that cannot be read are named and left out.

    With --format, DIR gets a part for every few thousand images, with a row an image, also for one that cannot be read,
    and a manifest of what is done. The same command goes on after the last part; `kerastl results` reads them together.

    Exit code: 0 all images were embedded, 1 some could not be, 2 wrong usage.
    """
    from kerastl import _progress as progress
    from kerastl.cli import _parts as parts
    from kerastl.cli._images import Images
    from kerastl.embedding import load_embedder
    from kerastl.embedding._embed import check_output, write_embeddings
    from kerastl.embedding._parts import vector_parts

    target = parts.target(output, form, part_size, shard, always=form is not None)
    if target is None and output not in (None, "-"):
        check_output(Path(output))
    embedder = load_embedder(**loading)
    reporter = progress.current()
    reporter.detail(str(embedder.classifier))
    part_of_work = None if target is None else target.shard
    images = Images(sources, urls, complains=target is None, shard=part_of_work, stored=True)
    if target is not None:
        with vector_parts(embedder, sources, target) as (folder, answer):
            return parts.written(folder, images, answer, "embedded")
    with reporter.stage("images", images.total) as counter:

        def note(row: EmbeddedImage) -> None:
            images.note(row.path, row.error)
            counter.update(images.count)

        if output in (None, "-"):
            _print(embedder, images, note)
        else:
            write_embeddings(embedder, images.paths, Path(output), note)
    return images.ended("embedded")


def _print(embedder: Embedder, images: Images, note: Any) -> None:
    from kerastl import _progress as progress
    from kerastl._base.serialization import to_json
    from kerastl.cli import _output as out
    from kerastl.embedding._formats import vector_object

    rows: Iterable[EmbeddedImage] = embedder.stream(images.paths)
    with out.opened(None) as stream:
        for row in rows:
            note(row)
            if row.vector is not None:
                progress.current().write(stream, f"{to_json(vector_object(row), None)}\n")
