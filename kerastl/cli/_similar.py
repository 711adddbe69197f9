"""`kerastl similar`: the images of an index that are most like others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from kerastl.index import SimilarImages
    from kerastl.inference._open import EngineName


@command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", shell_complete=completion.paths)
@options.db
@answer_options.top(12, "Images to find.")
@option("--exact", is_flag=True, help="Compare all images, also where an index for approximate search is there.")
@option(
    "--page", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write a page with thumbnails to FILE (HTML), which needs no network and no other file.",
)  # fmt: skip
@answer_options.engine()
@options.form("text", "json", "jsonl")
@options.trust
@options.telling
def similar(
    images: tuple[str, ...],
    db: Path,
    top: int,
    exact: bool,
    page: Path | None,
    form: str,
    engine: EngineName,
    trust: bool,
) -> int:
    """Find the images of an index that are most like an image.

    IMAGE is a file, a folder, a pattern in quotes such as '*.jpg', or a web address. One that is in the index already
    is not read, and not among its own answers. `kerastl index` makes the index.

    Each line has the cosine of the two vectors, from -1 to 1, where 1 is the same image; the path; and the label if
    there is one.

    Exit code: 0 all images were searched for, 1 some could not be read, 2 wrong usage.
    """
    from kerastl._base.files import check_target
    from kerastl.cli import _output as out
    from kerastl.cli._images import Images
    from kerastl.errors import ImageError
    from kerastl.index import Index
    from kerastl.index._similar import SimilaritySearch

    if page is not None:
        check_target(page, "--page")
    index = Index(db)
    search = SimilaritySearch(index, lambda: index.embedder(engine, trust), top, exact)
    given, found = Images(images, urls=True), []
    with out.opened(None) as stream:
        for path in given.paths:
            if isinstance(path, ImageError):  # of what is no file
                given.note(path.path, path.reason)
                continue
            try:
                found.append(search.of(path))
            except ImageError as error:
                given.note(path, error.reason)
                continue
            given.note(path, None)
            stream.write(_text(found[-1], form, len(found) - 1, len(images) > 1))
        stream.write(out.ending(form, len(found)))
    if page is not None:
        from kerastl.reporting._contact_sheet import write_contact_sheet

        write_contact_sheet(page, found)
    return given.ended("searched for")


def _text(found: SimilarImages, form: str, number: int, several: bool) -> str:
    from kerastl._base.text import printable
    from kerastl.cli import _output as out

    if form != "text" or not several:
        return out.one(found, form, number)
    return f"{'' if number == 0 else chr(10)}{printable(found.path)}\n{found}\n"
