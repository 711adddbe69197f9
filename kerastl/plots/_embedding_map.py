"""A map of images by similarity, as points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerastl.errors import UsageError
from kerastl.plots import _style as style
from kerastl.plots._categories import PALETTE, SHAPES, class_styles
from kerastl.plots._style import label, label_style

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_MOST_NAMES = 28  # in the legend; the largest


def embedding_map(
    positions: Any,
    labels: Sequence[str] | None = None,
    mistakes: Sequence[bool] | NDArray[np.bool_] | None = None,
    *,
    title: str = "",
) -> Figure:
    """Draw images as points, those alike near each other.

    Args:
        positions: Shape (n, 2), what `kerastl.embedding_map.arrange` gives.
        labels: Of the images, which give color and shape; empty where one has none. The legend names the 28 largest.
        mistakes: Which are ringed.
        title: Above the points.

    Raises:
        UsageError: There are no points, or the numbers differ.

    Example:
        >>> from kerastl import plots
        >>> figure = plots.embedding_map([[0, 0], [0.1, 0], [1, 1]], ["ant", "ant", "bee"], [False, True, False])
        >>> figure.savefig("map.png")
    """
    import numpy as np

    places = np.asarray(positions, np.float64)
    if places.ndim != 2 or places.shape[1] != 2 or not len(places):
        raise UsageError(f"positions must have the shape (n, 2), at least one. Received: shape={places.shape}")
    for name, values in (("labels", labels), ("mistakes", mistakes)):
        if values is not None and len(values) != len(places):
            raise UsageError(f"{name} must be as many as positions. Received: {len(values)}, {len(places)} positions")
    figure = style.new_figure(8, 6)
    axes = figure.subplots()
    style.tidy(axes, title=label(title, 80), grid=False)
    axes.set(xticks=[], yticks=[], aspect="equal")
    size = float(np.clip(6_000 / len(places), 3, 40))
    _points(axes, places, labels, size)
    if mistakes is not None and np.any(mistakes):
        ringed = places[np.asarray(mistakes, bool)]
        axes.scatter(
            ringed[:, 0],
            ringed[:, 1],
            s=4 * size,
            facecolors="none",
            edgecolors=style.TEXT,
            linewidths=1.2,
            label="mistake",
        )
    if axes.get_legend_handles_labels()[1]:
        names = axes.get_legend_handles_labels()[1]
        prop = label_style("".join(names), style.SMALL)["fontproperties"]
        found = axes.legend(frameon=False, prop=prop, labelcolor=style.TEXT, loc="center left", bbox_to_anchor=(1, 0.5))
        for text in found.get_texts():
            text.set_parse_math(False)
    return figure


def _points(axes: Axes, places: NDArray[np.float64], labels: Sequence[str] | None, size: float) -> None:
    """Draw the points of each class, the largest first, and those without a class in gray."""
    import numpy as np

    texts = np.array([""] * len(places) if labels is None else list(labels))
    names = np.unique(texts[texts != ""])
    codes = np.where(texts == "", -1, np.searchsorted(names, texts))
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    styles = class_styles(places, codes, len(names))
    without = places[codes < 0]
    axes.scatter(without[:, 0], without[:, 1], s=size, c=style.GRAY, linewidths=0)
    for rank, each in enumerate(np.argsort(-counts, kind="stable")):
        own, (color, shape) = places[codes == each], styles[each]
        # Matplotlib leaves names out that begin with an underscore.
        name = label(f"{names[each]} ({counts[each]:,})", 40).replace("_", " _", names[each].startswith("_"))
        axes.scatter(
            own[:, 0], own[:, 1], s=size, c=PALETTE[color], marker=SHAPES[shape], linewidths=0,
            label=name if rank < _MOST_NAMES else None,
        )  # fmt: skip
