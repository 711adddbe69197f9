"""`kerastl learning-curve`: what would more labeled images bring?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl._base.text import message
from kerastl.cli import _answer_options as answer_options
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from kerastl.evaluation import LearningCurve


@command("learning-curve")
@click.argument("data", metavar="DATA_DIR", shell_complete=completion.paths)
@options.model
@option(
    "--add", type=click.IntRange(min=1), default=200, show_default=True, metavar="N",
    help="More images that are asked about.",
)  # fmt: skip
@option(
    "--more-of", multiple=True, metavar="CLASS",
    help="The class that gets them; can be given again.  [default: the two with the most wrong answers]",
)  # fmt: skip
@option(
    "--repeats", type=click.IntRange(min=2), default=5, show_default=True, metavar="N", help="Draws of each size."
)  # fmt: skip
@option(
    "--features", type=click.Choice(["deep", "last"]),
    help="What heads read: several layers, as recipe probe has them, or the last one, which is faster.  [default: "
    "deep; last for more than 1,000 images]",
)  # fmt: skip
@option(
    "--figure", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write the curve as an image: .png, .svg or .pdf.",
)  # fmt: skip
@options.form("text", "json")
@options.table_columns
@answer_options.engine()
@options.seed()
@options.trust
@options.telling
def learning_curve(data: str, form: str, figure: Path | None, **given: Any) -> int:
    """Tell what more labeled images would bring.

    DATA_DIR is a labeled folder or a table as for `kerastl check`. Heads are solved on growing parts of its images,
    each drawn several times, and judged by images that they do not know. A power law through these points says what
    more images of all classes, and of those with most wrong answers, would bring; intervals are 95 %.

    It is about a head on a network as it is (recipe probe). Training more of the network can be better than that.

    Exit code: 0 done, 1 the images cannot be used, 2 wrong usage.
    """
    from kerastl._base.extras import require_module
    from kerastl._base.files import check_target
    from kerastl.errors import UsageError
    from kerastl.evaluation import learning_curve as measure

    if figure is not None:
        require_module("matplotlib")
        if figure.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise UsageError(f"--figure {figure}: its name must end in .png, .svg or .pdf")
        check_target(figure, "--figure")
    curve = measure(data, **given)
    if figure is not None:
        _draw(curve, figure)
    click.echo(to_json(curve.as_dict()) if form == "json" else "\n".join(map(message, str(curve).splitlines())))
    return 0


def _draw(curve: LearningCurve, file: Path) -> None:
    from kerastl import plots
    from kerastl._base.files import replacing

    points, predictions = (
        [(one.images, one.accuracy, one.low, one.high) for one in found] for found in (curve.points, curve.predictions)
    )
    with replacing(file) as temporary:
        plots.learning_curve(points, predictions, curve.law).savefig(temporary, format=file.suffix[1:].lower())
