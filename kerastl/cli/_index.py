"""`kerastl index`: the vectors of many images in a database, kept up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.index import Added, Index

_SHOWN = 5  # paths of images that are gone


@command()
@click.argument("sources", nargs=-1, metavar="SOURCE...", shell_complete=completion.paths)
@options.db
@options.model
@option(
    "--labels", metavar="DATA", shell_complete=completion.paths,
    help="A folder with a folder a class, or a table, as for finetune: its images get these labels and splits.",
)  # fmt: skip
@option("--prune", is_flag=True, help="Remove images whose files are gone; without it they are told.")
@option(
    "--root", type=click.Path(file_okay=False), metavar="DIR",
    help="The folder that paths are kept relative to; where it has moved, the new one.  [default: the folder that all "
    "sources lie in]",
)  # fmt: skip
@option(
    "--features", type=click.Choice(["last", "deep"]),
    help="last is what the last layer decides by. deep is means and deviations of several layers, which know more of "
    "texture and parts.  [default: last, or those of the index]",
)  # fmt: skip
@option(
    "--dtype", type=click.Choice(["float32", "float16"]),
    help="float16 takes half the room.  [default: float32, or that of the index]",
)  # fmt: skip
@options.resize("the model's own, crop for published weights")
@answer_options.engine()
@option("--info", is_flag=True, help="Say what is in the index, and do nothing else.")
@options.form("text", "json")
@options.urls
@options.trust
@options.telling
def index(
    sources: tuple[str, ...], db: Path, form: str, info: bool, urls: bool, labels: str | None, prune: bool, **given: Any
) -> int:
    """Make an index of images for search, or bring one up to date.

    SOURCE is an image, a folder (with all images below it), a pattern in quotes such as '*.jpg', an archive (.tar,
    .tar.gz, .zip, .parquet), an address (https://, s3://, gs://, az://, hdfs://), or - for a list of files on standard
    input. The index has each image's path, a hash of its content, its vector, its label
    if there is one, and what the model says. `kerastl similar` searches it.

    Without --model, an index stays with its own. Called again, it reads what is new or has changed: not images whose
    size and time are known, nor those that were moved or renamed. An interrupted call has kept what it wrote. From
    50,000 images on, an index for approximate search is built, and it is measured and told how many of the nearest that
    finds.

    Exit code: 0 done, 1 some images could not be read, 2 wrong usage.
    """
    from kerastl._base.serialization import to_json
    from kerastl.index import Index

    if info:
        if sources or labels or prune:
            raise UsageError("--info says what is in the index, and takes no images, no --labels and no --prune")
        click.echo(to_json(_facts(Index(db))) if form == "json" else _described(Index(db)))
        return 0
    return _add(sources, db, form, urls, {"labels": labels, "prune": prune}, given)


def _add(
    sources: tuple[str, ...], db: Path, form: str, urls: bool, wanted: dict[str, Any], given: dict[str, Any]
) -> int:
    from kerastl import _progress as progress
    from kerastl._base.serialization import to_json
    from kerastl.cli._images import Images
    from kerastl.embedding import EmbeddedImage
    from kerastl.index._build import add_images, opened

    opening = {name: given.pop(name) for name in ("model", "root", "engine", "trust")}
    found, embedder = opened(db, sources, **opening, **given)
    reporter = progress.current()
    images = Images(sources, urls, stored=True)
    with reporter.stage("images", images.total) as counter:

        def note(image: EmbeddedImage) -> None:
            images.note(image.path, image.error)
            counter.update(images.count)

        added = add_images(found, images.paths if sources else (), embedder, note=note, **wanted)
    if form == "json":
        click.echo(to_json(added.as_dict()))
    else:
        click.echo(f"{added}; {len(found):,} images in the index")
        _tell_missing(added)
    return images.ended("indexed")


def _tell_missing(added: Added) -> None:
    from kerastl import _progress as progress
    from kerastl._base.text import listed

    if added.missing:
        count = len(added.missing)
        gone = "1 file is" if count == 1 else f"{count:,} files are"
        progress.current().say(f"kerastl: {gone} gone: {listed(added.missing, _SHOWN)}; --prune removes them")


def _facts(index: Index) -> dict[str, Any]:
    from dataclasses import asdict

    counts: dict[str, Any] = {}
    for name in ("label", "split"):
        pairs = index.rows([name])[name].value_counts().to_pylist()
        counts[f"{name}s"] = {pair["values"]: pair["counts"] for pair in pairs if pair["values"] is not None}
    counts["labels"] = dict(sorted(counts["labels"].items()))
    return {"images": len(index), "bytes": index.table.bytes_on_disk(), **asdict(index.facts), **counts}


def _described(index: Index) -> str:
    from kerastl._base.text import brief, message

    facts, known = index.facts, _facts(index)
    labeled = sum(known["labels"].values())
    lines = [
        f"{len(index):,} images below {facts.root}",
        f"{labeled:,} labeled, {len(known['labels']):,} labels" if labeled else "no labels",
        f"vectors of {brief(facts.model)}: {facts.dimension:,} numbers, {facts.dtype}, {facts.features}",
        f"{known['bytes'] / 1e6:,.1f} MB",
    ]
    if splits := known["splits"]:
        lines.insert(2, ", ".join(f"{splits[name]:,} {brief(name)}" for name in sorted(splits)))
    if (built := facts.approximate) is not None:
        lines.append(
            f"approximate search: {built.kind} of {built.rows:,} images, {built.probes} of {built.partitions} parts; "
            f"found {100 * built.recall:.1f} % of the 10 nearest"
        )
    else:
        lines.append("exact search: all images are compared")
    return "\n".join(map(message, lines))
