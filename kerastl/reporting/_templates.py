"""The templates of pages, and how they show names, numbers and fractions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kerastl._base.text import brief, percent, printable, shortened

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

# Letters of a name or a path.
_LONGEST = 1_000


@cache
def environment() -> Environment:
    """What renders the templates beside this module: names are text in them, whatever they hold."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kerastl.reporting"),
        autoescape=True,  # names of classes and files may hold anything
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["brief"] = brief
    environment.filters["nobreak"] = _nobreak
    environment.filters["percent"] = lambda fraction: _nobreak(percent(fraction))
    environment.filters["plural"] = _plural
    environment.filters["soft"] = _soft
    return environment


@cache
def page_environment(package: str) -> Environment:
    """What renders the templates of another package, whose pages show names as they are: they are text, too."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: Any) -> Any:
    """What is not printable is escaped; what a template made is left as it is."""
    from markupsafe import Markup

    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _nobreak(text: str) -> Markup:
    """Escaped text in which numbers and their per cent signs stay on one line."""
    from markupsafe import Markup, escape

    return escape(_shown(text)).replace(" %", Markup("&nbsp;%"))


def _soft(text: str) -> Markup:
    """Escaped text, shortened if it fills a page, that may go on in the next line after `_` and `/`."""
    from markupsafe import Markup, escape

    return escape(_shown(shortened(text, _LONGEST))).replace("_", Markup("_<wbr>")).replace("/", Markup("/<wbr>"))


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
