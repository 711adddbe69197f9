"""How all figures look, and how names stand in them. Set on each figure: nobody's matplotlib settings change."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

# From the palette of Okabe and Ito, which stays apart with every kind of color blindness.
BLUE = "#0072B2"
ORANGE = "#D55E00"
GRAY = "#6B6B6B"
LIGHT = "#DDDDDD"
TEXT = "#222222"

DPI = 120
SMALL, NORMAL, LARGE = 8.0, 9.5, 11.0


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure.

    Args:
        width: In inches.
        height: In inches.
    """
    return _figure_class()(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")


@cache
def _figure_class() -> type[Figure]:
    from matplotlib.figure import Figure

    class SelfShowingFigure(Figure):
        """A figure that notebooks show; plain ones are shown only after pyplot was imported."""

        def _repr_png_(self) -> bytes:
            import io

            stream = io.BytesIO()
            self.savefig(stream, format="png")
            return stream.getvalue()

    return SelfShowingFigure


def tidy(axes: Axes, *, title: str = "", x: str = "", y: str = "", grid: bool = True) -> None:
    """Give axes the look of all figures: two thin lines, a pale grid behind the data, gray numbers."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(GRAY)
    axes.tick_params(labelsize=SMALL, colors=GRAY, length=3)
    axes.set_xlabel(x, fontsize=NORMAL, color=TEXT)
    axes.set_ylabel(y, fontsize=NORMAL, color=TEXT)
    axes.set_title(title, fontsize=LARGE, color=TEXT, loc="left")
    if grid:
        axes.grid(True, color=LIGHT, linewidth=0.6)
        axes.set_axisbelow(True)


def legend(axes: Axes, **options: Any) -> None:
    """Add a legend without a box."""
    axes.legend(frameon=False, fontsize=SMALL, labelcolor=TEXT, **options)


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
