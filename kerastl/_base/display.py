"""Tables for notebooks, all in one style.

No color of text or background is set, so that they read on light pages and on dark ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from kerastl._base.text import message

# Seen on white and on black alike.
_BAR = "#4c78a8"
_ALIGN = {"l": "left", "r": "right"}


class Markup(str):
    """HTML that stands as it is; every other text is escaped."""

    __slots__ = ()


def text(value: object) -> str:
    """Escape a value for HTML; what is not printable becomes visible, line ends and bytes that are no text, too.

    Args:
        value: `Markup` stays as it is; of anything else `str` is taken.
    """
    if isinstance(value, Markup):
        return value
    return escape(message(str(value)))


def bar(fraction: float) -> Markup:
    """A bar for a fraction between 0 and 1, ten letters wide where it is 1."""
    width = 10 * min(max(fraction, 0.0), 1.0)
    return Markup(
        "<div style='width:10em'>"
        f"<div style='background:{_BAR};height:0.8em;min-width:1px;width:{width:.2f}em'></div></div>"
    )


def bold(value: object) -> Markup:
    """A text that stands out."""
    return Markup(f"<b>{text(value)}</b>")


def table(
    rows: Iterable[Sequence[object]],
    *,
    caption: object = "",
    heads: Sequence[object] = (),
    align: str = "",
    notes: Iterable[object] = (),
) -> str:
    """Write a table as HTML.

    Args:
        rows: Their cells; all are escaped but `Markup`.
        caption: What stands above it.
        heads: The columns' names; none for a table without.
        align: `l` or `r` for each column; columns without are on the left.
        notes: Lines below the table.
    """
    parts = ["<table>"]
    if caption:
        parts.append(f"<caption style='text-align:left;white-space:nowrap'>{text(caption)}</caption>")
    if heads:
        parts.append(f"<thead><tr>{''.join(_cells('th', heads, align))}</tr></thead>")
    parts.append("<tbody>")
    parts += [f"<tr>{''.join(_cells('td', row, align))}</tr>" for row in rows]
    parts.append("</tbody></table>")
    parts += [f"<div style='margin:0.2em 0'>{text(note)}</div>" for note in notes]
    return "".join(parts)


def _cells(tag: str, cells: Sequence[object], align: str) -> Iterable[str]:
    for column, cell in enumerate(cells):
        side = _ALIGN[align[column]] if column < len(align) else "left"
        yield f"<{tag} style='text-align:{side}'>{text(cell)}</{tag}>"


def facts(pairs: Iterable[tuple[object, object]], *, caption: object = "", notes: Iterable[object] = ()) -> str:
    """Write names and values as a table of two columns.

    Args:
        pairs: The names and their values.
        caption: As for `table`.
        notes: As for `table`.
    """
    return table(([bold(name), value] for name, value in pairs), caption=caption, notes=notes)
