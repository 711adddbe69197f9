"""Examples beside exports: some lines, in the language that uses the file, that read an image and tell its class."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from kerastl.exporting._format import ExportFormat
from kerastl.exporting._output_folder import OutputFolder
from kerastl.exporting._source import ExportSource
from kerastl.images import Resize
from kerastl.training._readme import escaped

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATE = ".j2"
"""What the names of templates end with, behind the name of what they become."""


def write_examples(formats: Sequence[ExportFormat], source: ExportSource, folder: OutputFolder) -> None:
    """Write the examples of formats; of several that share one, it uses the file of the first.

    Args:
        formats: What was written.
        source: The model. Examples read images, so that there are none for a model that takes other things.
        folder: Where they are written.
    """
    if not isinstance(source.metadata.reader, Resize):
        return
    first = {template: each for each in reversed(formats) for template in each.examples}
    for template, each in first.items():
        folder.write_beside(template.removesuffix(TEMPLATE), rendered(template, each, source))


def rendered(template: str, export_format: ExportFormat, source: ExportSource) -> str:
    """An example.

    Args:
        template: A file of `exporting/templates`. It knows `file`, the name of what was exported; `resize`, a
            `kerastl.images.Resize`; `task`; `labels`, how many there are; and `with_resize`. None of them holds a text
            that people chose, so that nothing must be escaped.
        export_format: What it uses.
        source: The model.
    """
    return (
        environment()
        .get_template(template)
        .render(
            file=export_format.filename,
            resize=source.metadata.resize,
            task=source.metadata.task,
            labels=len(source.metadata.labels),
            with_resize=source.with_resize,
        )
    )


@cache
def environment() -> Environment:
    """Where the templates are rendered."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("kerastl.exporting"),
        autoescape=False,  # noqa: S701 - programs and Markdown, not pages
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["escaped"] = escaped  # for Markdown
    return made
