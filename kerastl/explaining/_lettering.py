"""Text on images: any class name, in a font that has its letters or else as escapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base.text import printable

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_ELLIPSIS = "..."
# Fonts of the system that have many letters are named like that; so many files are looked into.
_LARGE_FONTS = ("cjk", "notosans", "unifont", "unicode", "msyh", "simsun", "pingfang", "hiragino", "gothic", "nanum")
_MOST_FILES = 30


@dataclass(frozen=True)
class Line:
    """A line of text and how large it is drawn.

    Args:
        text: Of any letters; what means something to a terminal is escaped.
        size: Height of the letters in pixels.
        color: Of the letters.
        ending: What follows the text, whole however long that is.
    """

    text: str
    size: int
    color: str
    ending: str = ""

    @property
    def height(self) -> int:
        """What the line takes, in pixels."""
        return round(1.35 * self.size)

    def draw(self, canvas: ImageDraw, place: tuple[int, int], width: int) -> None:
        """Write the line; what does not fit into `width` pixels is left out, with an ellipsis."""
        x = float(place[0])
        text = _shortened(self.text, self.size, width - _length(self.ending, self.size))
        for font, part in (*_fonts(text, self.size), *_fonts(self.ending, self.size)):
            canvas.text((x, place[1]), part, self.color, font=font)
            x += font.getlength(part)


def _shortened(text: str, size: int, width: float) -> str:
    text = printable(text)
    if _length(text, size) <= width:
        return text
    kept = len(text)
    while kept and _length(text[:kept].rstrip() + _ELLIPSIS, size) > width:
        # Long texts are cut by the fraction that is too much; the last letters one by one.
        kept = min(kept - 1, int(kept * 1.1 * width / _length(text[:kept], size)))
    return text[:kept].rstrip() + _ELLIPSIS


def _length(text: str, size: int) -> float:
    return sum(font.getlength(part) for font, part in _fonts(text, size))


def _fonts(text: str, size: int) -> Iterator[tuple[FreeTypeFont, str]]:
    """Cut a text into parts with a font that has their letters; letters that none has are escaped."""
    base = base_font()
    for file, letters in groupby(text, key=lambda letter: _font_with(letter) or ""):
        part = "".join(letters)
        if not file:
            part = part.encode("unicode_escape").decode("ascii")
        yield _font(file or base, size), part


@lru_cache
def _font(file: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(file, size)


def base_font() -> str:
    """DejaVu Sans, which comes with matplotlib."""
    import matplotlib

    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))


@lru_cache(maxsize=1024)
def _font_with(letter: str) -> str | None:
    """A font file that has a letter."""
    if ord(letter) in _letters(base_font()):
        return base_font()
    return next((file for file in system_fonts() if ord(letter) in _letters(file)), None)


@lru_cache
def _letters(file: str) -> frozenset[int]:
    """The letters of a font that can be drawn at any size; none of others."""
    from matplotlib.ft2font import FT2Font

    try:
        _font(file, 10)
        return frozenset(FT2Font(file).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


@lru_cache(maxsize=1)
def system_fonts() -> tuple[str, ...]:
    """Fonts of this machine, those with many letters first."""
    from matplotlib.font_manager import findSystemFonts

    def order(file: str) -> tuple[bool, str]:
        name = Path(file).name.casefold()
        return not any(part in name for part in _LARGE_FONTS), name

    return tuple(sorted(findSystemFonts(), key=order)[:_MOST_FILES])
