"""Names that came from outside, written so that they stay on their line and mean nothing to a terminal.

Every output that people read renders the names of files, classes and models here.
"""

from __future__ import annotations

# Joiners inside emoji and Persian words; they move nothing and hide nothing.
_HARMLESS = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """Write a text on one line: control characters, marks of direction and bytes that are no text are escaped."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in _HARMLESS else _escaped(letter) for letter in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no text, as `os.fsdecode` keeps it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
