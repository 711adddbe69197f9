"""The report of a check as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator

from kerastl._base import display
from kerastl.data._dataset import SPLITS
from kerastl.data._findings import CheckReport

# Classes, and pieces of evidence of a finding.
_CLASSES, _EVIDENCE = 20, 3


def html(report: CheckReport) -> str:
    """Write the classes as a table, and the findings below it."""
    dataset = report.dataset
    parts = [part for part in SPLITS if dataset.part(part)]
    columns = [dataset.counts(), *(dataset.counts(part) for part in parts)]
    rows: list[tuple[object, ...]] = [
        (name, *(f"{column[name]:,}" for column in columns)) for name in dataset.classes[:_CLASSES]
    ]
    if len(dataset.classes) > _CLASSES:
        rows.append((f"and {len(dataset.classes) - _CLASSES:,} more", *("" for _ in columns)))
    rows.append((display.bold("all"), *(f"{sum(column.values()):,}" for column in columns)))
    return display.table(
        rows,
        caption=f"{dataset.root}: {dataset.layout}",
        heads=("class", "images", *parts),
        align="l" + "r" * len(columns),
        notes=_remarks(report),
    )


def _remarks(report: CheckReport) -> Iterator[str]:
    """Formats and sizes in a line, then the findings, each with its first files."""
    sizes = (f"{side} {low:,} to {high:,} pixels" for side, (low, _, high) in report.sizes.items())
    yield ", ".join((*(f"{count:,} {name}" for name, count in report.formats.items()), *sizes))
    for finding in report.findings:
        files = [", ".join(one.paths) or one.detail for one in finding.evidence[:_EVIDENCE]]
        files += ["..."] if len(finding.evidence) > _EVIDENCE else []
        shown = f" ({'; '.join(files)})" if files else ""
        yield f"{'✗' if finding.severity == 'problem' else '!'} {finding.message}{shown}"
    if not report.findings:
        yield "✓ nothing to complain about"
