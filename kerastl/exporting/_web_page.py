"""The HTML of the page in a browser."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl._version import __version__
from kerastl.exporting._card import UNKNOWN
from kerastl.exporting._web_runtime import SCRIPT, VERSION
from kerastl.models._metadata import Metadata
from kerastl.tasks._task import TASKS
from kerastl.tasks._words import WORDS

if TYPE_CHECKING:
    from jinja2 import Environment

SCRIPTS = (
    "container.js",
    "resizing.js",
    "jpeg.js",
    "color.js",
    "reading.js",
    "network.js",
    "answers.js",
    "bars.js",
    "page.js",
)
"""In the order in which they are loaded: each may use those before it."""
STATIC = ("style.css", *SCRIPTS, "runtime/LICENSE.txt")
"""Files of `templates/web` that are copied as they are."""


def page(metadata: Metadata) -> str:
    """Make `index.html`.

    Args:
        metadata: The model's. Names in it may hold anything: all of them are escaped.
    """
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            name=printable(metadata.name),
            lead=_lead(metadata),
            facts=_facts(metadata),
            words=WORDS[metadata.task],
            scripts=(f"runtime/{SCRIPT.name}", "model.js", *SCRIPTS),
            version=__version__,
            runtime=VERSION,
        )
    )


def _lead(metadata: Metadata) -> str:
    names = metadata.labels.names
    leads = {
        "index": f"It tells which of {len(names):,} classes an image shows.",
        "indicators": f"It tells which of {len(names):,} labels an image has.",
        "number": f"It tells a number of an image: {printable(names[0])}.",
    }
    return leads[TASKS[metadata.task].kind]


def _facts(metadata: Metadata) -> list[tuple[str, Any]]:
    made_from = printable(metadata.made_from)
    return [
        *([] if made_from == UNKNOWN else [("Made from", made_from)]),
        ("Reads", metadata.reader.describe()),
        ("Exported by", f"kerastl {__version__}"),
    ]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("kerastl.exporting", "templates/web"),
        autoescape=True,  # names may hold anything
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
