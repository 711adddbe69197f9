"""Names that came from outside, written so that they stay on their line and mean nothing to what shows them.

Every output renders the names of files, classes and models here: `printable`, `message` and `brief` for people,
`unformula` for spreadsheets, `ANY_NAME` for files and streams.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress

# Joiners inside emoji and Persian words, and the wide space of Japanese; they move nothing and hide nothing.
_HARMLESS = frozenset("\u200c\u200d\u3000")
# What file systems take. What is longer is nothing that anybody wants to read.
_LONGEST_NAME, _LONGEST_LINE = 255, 4096

# Signs that begin a formula, narrow or wide. Blanks before them may be dropped by the reader.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")

# How files and streams encode what UTF-8 has no place for; see `_any_name`.
ANY_NAME = "kerastl.any_name"


def printable(text: str) -> str:
    """Write a text on one line: control characters, marks of direction and bytes that are no text are escaped."""
    if text.isprintable():
        return text
    with suppress(UnicodeError):  # names are bytes to Python where the locale has no letters, though they are text
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return "".join(letter if letter.isprintable() or letter in _HARMLESS else _escaped(letter) for letter in text)


def as_unicode(text: str) -> str:
    """A text without halves of surrogate pairs, which JSON and codecs can write though no text can hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def message(text: str) -> str:
    """`printable`, of no more than a few thousand letters: a line for people."""
    return printable(shortened(text, _LONGEST_LINE))


def brief(text: str) -> str:
    """`printable`, of no more letters than a file's name has: how a class or a model is called in a line or a table."""
    return printable(shortened(text, _LONGEST_NAME))


def shortened(text: str, most: int) -> str:
    """Leave out the middle of a text that has more than `most` letters, and say so; others stay as they are."""
    if len(text) <= most:
        return text
    gap = "…" if most < 60 else f"… ({len(text):,} letters) …"
    end = (most - len(gap)) // 3
    return text[: most - len(gap) - end] + gap + text[len(text) - end :]


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction for people: `0.9213` is `92.1 %`."""
    return f"{100 * fraction:.{digits}f} %"


def measured(value: float) -> str:
    """A number in its own unit for people, with four digits: `0.3338`, `12,346`, or `3.338e+29`."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def unformula(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would compute, such as `=1+1` or `@x`; numbers stay."""
    if not isinstance(cell, str) or not _FORMULA.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text, as `os.fsdecode` keeps it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _any_name(error: UnicodeError) -> tuple[str | bytes, int]:
    """Let the bytes of a file's name out as they came in, and escape all else that has no encoding.

    Half of a surrogate pair, as JSON can hold it, has no bytes; `surrogateescape` alone fails there.
    """
    if not isinstance(error, UnicodeEncodeError):
        return codecs.lookup_error("surrogateescape")(error)
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return _escaped(character), error.start + 1


codecs.register_error(ANY_NAME, _any_name)


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence, in quotes, the first few of them."""
    shown = ", ".join(f"'{printable(name)}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
