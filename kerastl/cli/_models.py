"""`kerastl models`: the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kerastl._base.serialization import to_json
from kerastl.cli import _options as options
from kerastl.cli._command import command

if TYPE_CHECKING:
    from kerastl.models import Backbone


@command()
@options.form("text", "json")
def models(form: str) -> None:
    """List the networks that kerastl knows.

    Top-1 is the published fraction of right answers on ImageNet's validation images; `cached` says whether the
    weights are on this machine. Those of kerastl_mini come with kerastl; it knows 200 of the 1,000 classes.
    """
    from kerastl.models._registry import BACKBONES
    from kerastl.models._table import HEADS, cells

    rows = list(BACKBONES.usable())
    if form == "json":
        click.echo(to_json([_described(row) for row in rows]))
        return
    from kerastl.cli._console import console, table

    table(console(), HEADS, [cells(row) for row in rows], spare=["top-5", "parameters", "pixels", "MB", "cached"])


def _described(row: Backbone) -> dict[str, Any]:
    from kerastl.models import _weights as weights

    labels = row.label_set()
    return {
        "name": row.name,
        "input_size": row.input_size,
        "parameters": row.parameters,
        "megabytes": row.megabytes,
        "top1": row.top1,
        "top5": row.top5,
        "source": row.source,
        "license": row.license or None,
        "stages": [stage.name for stage in row.stages],
        "cached": weights.cached(row, row.has_weights()) is not None,
        "bundled": row.bundled,
        "classes": None if labels is None else len(labels),
    }
