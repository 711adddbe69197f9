"""`kerastl explain`: which parts of these images count for a class?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option
from kerastl.cli._registered import registered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL.Image import Image

    from kerastl._classifier import Classifier
    from kerastl.errors import ImageError
    from kerastl.explaining import Explanation
    from kerastl.images import ResizePolicy


@command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=completion.paths)
@options.model
@registered(
    "--method",
    "kerastl.explaining._methods:METHODS",
    described=lambda method: method.description,
    default="gradcam",
)
@option(
    "--label", "-l", metavar="CLASS", help="The class to explain: name or WordNet id.  [default: each image's best]"
)
@option(
    "--output",
    "-o",
    type=click.Path(file_okay=False),
    default="explanations",
    show_default=True,
    metavar="DIR",
    help="The folder to write to.",
)
@options.resize("the model's own")
@options.trust
@options.urls
@option("--bare", is_flag=True, help="Write the colored pixels alone, as large as the network sees them.")
@options.telling
def explain(
    sources: tuple[str, ...],
    model: str | None,
    method: str,
    label: str | None,
    output: str,
    resize: ResizePolicy | None,
    urls: bool,
    trust: bool,
    bare: bool,
) -> int:
    """Show which parts of images count for a class.

    SOURCE is an image, a folder (with all images below it), a pattern in quotes such as '*.jpg', a web address, or -
    for a list of files on standard input. For each image a PNG is written: the image, and beside it the same
    colored where it counts for the class: from violet to yellow for gradcam and idgi; orange, with blue for what
    counts against it, for the others. What the network does not look at is dark there.

    The paths of the PNGs go to standard output, one a line.

    Exit code: 0 all images were explained, 1 some could not be, 2 wrong usage.
    """
    from pathlib import Path

    from kerastl import _progress as progress
    from kerastl._base.files import check_folder
    from kerastl._base.text import printable
    from kerastl._load import load
    from kerastl.cli import _output as out
    from kerastl.cli._images import Images
    from kerastl.cli._overlay_files import OverlayFiles
    from kerastl.errors import ImageError

    check_folder(output, "--output")
    reporter = progress.current()
    classifier = load(model, resize=resize, trust=trust)
    reporter.detail(str(classifier))
    index = None if label is None else classifier.labels.find(label)
    images, files = Images(sources, urls), OverlayFiles(Path(output))
    with out.opened(None) as stream, reporter.stage("explaining images", images.total) as counter:
        for result in _explained(classifier, images.paths, index, method):
            if isinstance(result, ImageError):
                images.note(result.path, result.reason)
            else:
                target = files.write(result, result.overlay() if bare else _illustrated(result, classifier))
                reporter.write(stream, f"{printable(str(target))}\n")
                images.note(result.path, None)
            counter.update(images.count)
    return images.ended("explained")


def _illustrated(result: Explanation, classifier: Classifier) -> Image:
    from kerastl.errors import ImageError
    from kerastl.explaining._explanation import LONG_SIDE
    from kerastl.images import Resize, open_image

    try:
        original = open_image(result.path or "", target=Resize(LONG_SIDE, LONG_SIDE, "pad"))
    except ImageError:  # gone since it was explained
        return result.illustration()
    return result.illustration(original, classifier.metadata.resize)


def _explained(
    classifier: Classifier, paths: Iterable[str | ImageError], index: int | None, method: str
) -> Iterator[Explanation | ImageError]:
    from kerastl.errors import ImageError

    for path in paths:
        if isinstance(path, ImageError):
            yield path
            continue
        try:
            yield classifier.explain(path, index, method)
        except ImageError as error:
            yield error
