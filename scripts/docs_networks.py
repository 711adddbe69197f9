"""The page of all networks that kerastl knows by name, from the catalog itself."""

from __future__ import annotations

import kerastl

_INTRODUCTION = """\
# Networks

Written from the catalog, which `kerastl models` lists as well. Any of these is a `--model`; any other Keras model is
[given as it is](../guides/own-model.md). Top-1 and top-5 are the published fractions of right answers on ImageNet's
validation images. A [recipe](../guides/recipes.md) names the stages, from the head down.

| name | pixels | parameters | MB | top-1 | top-5 | stages |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
"""


def page() -> str:
    """The whole page."""
    rows = []
    for network in kerastl.list_models():
        scores = ["" if score is None else f"{score:.1f} %" for score in (network.top1, network.top5)]
        parameters = "" if network.parameters is None else f"{network.parameters / 1e6:.1f} M"
        size = "" if network.megabytes is None else f"{network.megabytes:.0f}"
        stages = ", ".join(f"`{stage.name}`" for stage in network.stages)
        cells = (f"`{network.name}`", network.input_size, parameters, size, *scores, stages)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return _INTRODUCTION + "\n".join(rows) + "\n"
