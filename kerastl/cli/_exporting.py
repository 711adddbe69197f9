"""`kerastl export`: a model for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl.cli import _completion as completion
from kerastl.cli import _options as options
from kerastl.cli._command import command, option

if TYPE_CHECKING:
    from kerastl.exporting import ExportFormat


def _list(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    """Show the formats and leave."""
    if not asked or context.resilient_parsing:
        return
    from kerastl.exporting import EXPORT_FORMATS

    formatter = context.make_formatter()
    formatter.write_dl([(each.name, _described(each)) for each in EXPORT_FORMATS.usable()])
    click.echo(formatter.getvalue(), nl=False)
    context.exit()


def _described(export_format: ExportFormat) -> str:
    """What a format is for, its file, and what is missing."""
    text = f"{export_format.filename}: {export_format.description}"
    return text if (lacking := export_format.unavailable()) is None else f"{text} (not here: {lacking})"


def _formats(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the last of several names."""
    from click.shell_completion import CompletionItem

    from kerastl.exporting._format_registry import EXPORT_FORMATS

    before, comma, begun = incomplete.rpartition(",")
    return [CompletionItem(f"{before}{comma}{name}") for name in EXPORT_FORMATS.names() if name.startswith(begun)]


@command()
@click.argument("model", metavar="MODEL", shell_complete=completion.models)
@option(
    "--to", required=True, metavar="FORMAT,...", shell_complete=_formats,
    help="What to write; all is what can be written here. --list shows the formats.",
)  # fmt: skip
@option(
    "--output", "-o", metavar="DIR", type=click.Path(),
    help="Where to.  [default: export in a run folder, else a folder here that is called after the model]",
)  # fmt: skip
@option(
    "--prove", metavar="DATA", shell_complete=completion.paths,
    help="Images that answers are compared on; labeled ones tell the accuracy too.  [default: built-in images]",
)  # fmt: skip
@option(
    "--calibrate", metavar="DATA", shell_complete=completion.paths,
    help="At least 40 images like those to come, which formats in 8-bit integers are fitted to.  "
    "[default: some of --prove]",
)  # fmt: skip
@option("--with-resize", is_flag=True, help="Take images of any size, in formats that can resize them.")
@option(
    "--min-agreement", type=click.FloatRange(0, 1), metavar="P",
    help="Fraction of the images that must get the same answer as from Keras.  [default: 0.995; 0.97 in integers]",
)  # fmt: skip
@option(
    "--web-runtime", metavar="DIR", type=click.Path(),
    help="A folder with onnxruntime-web for the page of web, where there is no npm to fetch it.",
)  # fmt: skip
@option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list,
    help="Show the formats, and what is not installed for them.",
)  # fmt: skip
@options.form("text", "json")
@options.trust
@options.telling
def export(form: str, **arguments: Any) -> int:
    """Write a model for other programs: phones, browsers, servers.

    MODEL is a network of `kerastl models`, the run folder of a model you fine-tuned, or a .keras file. Every format
    takes raw RGB pixels 0-255 and gives calibrated probabilities; labels are inside. Beside the files stand labels.txt
    and examples that use them, proof.json and a model card.

    Each file is compared with the Keras model, and what answers differently is not written. What kerastl exported to
    DIR before is replaced, other files never.

    Exit code: 0 all formats were written, 1 some could not be, 2 wrong usage.
    """
    from kerastl.cli._proof_text import show
    from kerastl.exporting import export as write

    result = write(**arguments)
    if form == "json":
        click.echo(to_json(result.as_dict()))
    else:
        show(result)
    return 1 if result.failed else 0
