"""Classifications as rows of results: a row an image, whatever the model tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastl.results._columns import Column, RowLayout

if TYPE_CHECKING:
    from kerastl.models._labels import Classification
    from kerastl.tasks._task import TargetKind

_CLASSES = (Column("label", "text"), Column("score", "number"), Column("predictions", "predictions"))
_NUMBERS = (
    Column("name", "text"),
    *(Column(name, "number") for name in ("value", "low", "high", "coverage")),
)
_REJECTION = (Column("ood_score", "number"), Column("rejected", "flag"))
_SURE = (Column("sure_label", "text"), Column("sure_score", "number"), Column("sure_depth", "integer"))


def classification_layout(
    kind: TargetKind, model: str, identity: str, *, reject: bool = False, sure: bool = False, csv_safe: bool = False
) -> RowLayout[Classification]:
    """How classifications are written: the best class, all that were asked for in a list, and any error.

    Args:
        kind: What the model tells: classes, labels, or a number.
        model: Its name.
        identity: What its numbers depend on.
        reject: Whether rejection was asked for.
        sure: Whether the class that is sure was.
        csv_safe: As for `RowLayout`.
    """
    columns = (
        Column("path", "text"),
        *(_NUMBERS if kind == "number" else _CLASSES),
        *(_REJECTION if reject else ()),
        *(_SURE if sure else ()),
        Column("error", "text"),
    )

    def cells(result: Classification) -> list[Any]:
        values = _values(result)
        return [values.get(column.name) for column in columns]

    return RowLayout(columns, cells, lambda result: result.as_dict(), {"model": model, "identity": identity}, csv_safe)


def _values(result: Classification) -> dict[str, Any]:
    """By column; the numbers are those that stand in JSON, of seven digits."""
    found = result.as_dict()
    if "predictions" in found:
        best = found["predictions"][0] if found["predictions"] else {}
        found |= {"label": best.get("label"), "score": best.get("score")}
    if "sure" in found:
        found |= {f"sure_{name}": found["sure"][name] for name in ("label", "score", "depth")}
    return found
