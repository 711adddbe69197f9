"""The page that says which networks of the catalog pass in which export formats."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from kerastl.exporting import ExportFormat

# The largest relative difference that passes. One activation that is left out moves answers by 0.002 to 2, channels in
# the wrong order by more than 1. Weights that are rounded move them by 0.005 to 0.01 in float16, and by 0.1 to 0.2 in 8
# bits.
BOUNDS = {"float32": 0.001, "float16": 0.05, "integers": 0.5}

_INTRODUCTION = """\
# Networks in export formats

Written by `scripts/export_table.py`, which exports each network of the [catalog](networks.md) to each format, runs what
was written and compares it with Keras. To take a model of your own elsewhere, see
[export](../guides/export.md); each export is compared with Keras again, on your images.

**What is measured.** Weights are random, since published ones are large to fetch; so the best class is a toss-up, and
probabilities are compared. Weights are drawn so that every layer matters: kernels as by He et al., scales around 1,
normalizations with the statistics of the images. What is compared are the logarithms of the probabilities less their
mean over the classes, which are the inputs of the softmax but for a constant. The figure is the root mean square of the
difference to Keras, divided by that of how much the images differ: a network that answers as Keras does has 0, one that
does not look at its images 1 or more.

**What passes.** Up to {float32} in float32, {float16} in float16, {integers} in 8-bit integers. Integers here say that
the format can hold the network and computes it; how often a trained network gives the same answer is measured at each
export, and less than 97 % is refused.

Each cell has the difference and the megabytes on disk. "not run" means that nobody tried, and is no pass.
"""


def precision(export_format: ExportFormat) -> str:
    """A key of `BOUNDS`."""
    if export_format.quantized:
        return "integers"
    return "float16" if export_format.name.endswith("-fp16") else "float32"


def passes(row: Mapping[str, Any], export_format: ExportFormat) -> bool:
    """Whether a network was exported and answers as Keras does."""
    return "difference" in row and row["difference"] <= BOUNDS[precision(export_format)]


def page(
    known: Mapping[tuple[str, str], Mapping[str, Any]], backbones: Sequence[str], formats: Sequence[ExportFormat]
) -> str:
    """The whole page.

    Args:
        known: What was tried, by network and format.
        backbones: Names in the order of the rows.
        formats: In the order of the columns.
    """
    shown = [each for each in formats if any(name == each.name for _, name in known)]
    notes: list[str] = []
    rows = []
    for backbone in backbones:
        cells = [_cell(known.get((backbone, each.name)), each, notes) for each in shown]
        rows.append(f"| `{backbone}` | {' | '.join(cells)} |")
    head = [f"| network | {' | '.join(each.name for each in shown)} |", f"| --- |{' ---: |' * len(shown)}"]
    introduction = _INTRODUCTION.format(**BOUNDS)
    parts = [introduction, "\n".join([*head, *rows]), *_reasons(notes), _versions(known), _again()]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _cell(row: Mapping[str, Any] | None, export_format: ExportFormat, notes: list[str]) -> str:
    if row is None:
        return "not run"
    if passes(row, export_format):
        return f"{row['difference']:.2g}, {row['megabytes']:.3g} MB"
    reason = row.get("reason") or f"differs by {row.get('difference')}, more than {BOUNDS[precision(export_format)]}"
    if reason not in notes:
        notes.append(reason)
    return f"**fails** ({notes.index(reason) + 1})"


def _reasons(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    return ["Why some fail:", "\n".join(textwrap.fill(f"{n}. {note}", 120) for n, note in enumerate(notes, 1))]


def _versions(known: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    found: dict[str, list[str]] = {}
    for row in known.values():
        for package, version in row.get("versions", {}).items():
            if version not in found.setdefault(package, []):
                found[package].append(version)
    listed = ", ".join(f"{package} {' and '.join(versions)}" for package, versions in found.items())
    return textwrap.fill(f"Measured with {listed}.", 120) if listed else ""


def _again() -> str:
    return """\
To try some again, or on another machine:

```bash
python scripts/export_table.py --backbones mobilenet_v2,resnet50 --formats onnx,openvino --again
```
"""
