"""`kerastl models`: the catalog."""

from __future__ import annotations

import click

from kerastl._base import json_text
from kerastl.cli import _options as options


@click.command()
@options.form("text", "json")
def models(form: str) -> None:
    """List the networks that kerastl knows.

    Top-1 is the published fraction of right answers on ImageNet's validation images; `cached` says whether the
    weights are on this machine. Those of kerastl_mini are shipped with kerastl; it knows 200 of the 1,000 classes.
    """
    from kerastl.models import _labels as labels
    from kerastl.models import _registry as catalog
    from kerastl.models import _weights as weights

    rows = [catalog.get(name) for name in catalog.names()]
    if form == "json":
        objects = [
            {
                "name": row.name,
                "input_size": row.input_size,
                "parameters": row.parameters,
                "megabytes": row.megabytes,
                "top1": row.top1,
                "top5": row.top5,
                "source": row.source,
                "stages": [stage.name for stage in row.stages],
                "cached": weights.cached(row) is not None,
                "shipped": row.shipped,
                "classes": len(labels.published(row.classes)),
            }
            for row in rows
        ]
        click.echo(json_text.dumps(objects))
        return
    from kerastl.cli._console import console, table

    shown = [
        [
            row.name,
            str(row.input_size),
            f"{row.parameters / 1e6:.1f} M",
            f"{row.megabytes:.0f}",
            *("" if accuracy is None else f"{accuracy:.1f} %" for accuracy in (row.top1, row.top5)),
            "shipped" if row.shipped else "yes" if weights.cached(row) is not None else "",
        ]
        for row in rows
    ]
    headings = ["name", "pixels", "parameters", "MB", "top-1", "top-5", "cached"]
    table(console(), headings, shown, spare=["top-5", "parameters", "pixels", "MB", "cached"])
