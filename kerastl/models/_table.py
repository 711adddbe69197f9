"""The catalog as a table that notebooks show."""

from __future__ import annotations

from kerastl._base import display
from kerastl._base.text import percent
from kerastl.models._registry import BACKBONES, Backbone

HEADS = ("name", "pixels", "parameters", "MB", "top-1", "top-5", "cached")


class Models(tuple[Backbone, ...]):
    """Rows of the catalog: a tuple, which notebooks show as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Models {', '.join(row.name for row in self)}>"

    def _repr_html_(self) -> str:
        return display.table(map(cells, self), heads=HEADS, align="lrrrrrl")


def list_models(containing: str = "") -> Models:
    """The networks of the catalog, family by family, smaller before larger.

    Args:
        containing: Only those whose name holds this text; all by default.

    Example:
        >>> import kerastl
        >>> [model.name for model in kerastl.list_models("resnet50")]
        ['resnet50', 'resnet50_v2']
        >>> kerastl.list_models("kerastl_mini")[0].input_size
        32
    """
    return Models(row for row in BACKBONES.usable() if containing in row.name)


def cells(row: Backbone) -> list[str]:
    """What tables say of a network, in the order of `HEADS`; empty where nobody knows."""
    from kerastl.models import _weights as weights  # which imports the catalog

    scores = ["" if score is None else percent(score / 100) for score in (row.top1, row.top5)]
    size = ["", ""] if row.parameters is None else [f"{row.parameters / 1e6:.1f} M", f"{row.megabytes:.0f}"]
    here = "bundled" if row.bundled else "yes" if weights.cached(row, row.has_weights()) else ""
    return [row.name, str(row.input_size), *size, *scores, here]
