"""Names of classes and files in figures: on one line, short, and in letters that some font here has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

_FIRST = "DejaVu Sans"  # comes with matplotlib
# What systems have for other scripts; those that are installed are used.
_OTHERS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR", "Source Han Sans",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "IPAexGothic", "TakaoPGothic", "NanumGothic",
    "PingFang SC", "Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic",
    "Meiryo", "MS Gothic", "SimHei", "Malgun Gothic", "Arial Unicode MS", "Noto Sans Arabic", "Noto Sans Hebrew",
    "Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans Bengali", "Noto Sans Tamil", "Nirmala UI", "Leelawadee UI",
    "Noto Emoji", "Segoe UI Emoji", "Symbola", "Noto Sans Symbols 2", "Noto Sans Symbols", "FreeSans", "Unifont",
)  # fmt: skip


def label(text: str, most: int) -> str:
    """Write a name for a figure; letters that no font here has are escaped, since a figure would show boxes.

    Args:
        text: The name.
        most: Letters to which it is shortened.
    """
    short = printable(shortened(text, most))
    if short.isascii():
        return short
    known = _letters()
    return shortened("".join(sign if ord(sign) in known else _escaped(sign) for sign in short), most)


def label_style(text: str, size: float) -> dict[str, Any]:
    """How matplotlib is to write a name: as it stands and not as a formula, in fonts that have its letters.

    Args:
        text: What `label` gave; several of them together for the ticks of an axis.
        size: In points.
    """
    return {"parse_math": False, "fontproperties": _font(not text.isascii(), size)}


def _font(any_script: bool, size: float) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=list(_families()) if any_script else [_FIRST], size=size)


@cache
def _families() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return (_FIRST, *(name for name in _OTHERS if name in installed))


@cache
def _letters() -> frozenset[int]:
    """The code points of all letters that `_families` have."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    found: set[int] = set()
    for family in _families():
        found.update(get_font(findfont(FontProperties(family=[family]))).get_charmap())
    return frozenset(found)


def _escaped(sign: str) -> str:
    # Joiners and marks that only change how emoji look.
    return "" if sign in "\u200c\u200d\ufe0e\ufe0f" else sign.encode("unicode_escape").decode("ascii")
