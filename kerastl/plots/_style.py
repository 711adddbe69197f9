"""How all figures look. Set on each figure, so that nobody's own matplotlib settings change."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    """Give axes the house's look: two thin lines, a pale grid behind the data, gray numbers."""
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
