"""What a check of a data set finds, as plain values and as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from kerastl._base import display
from kerastl._base.text import printable
from kerastl.data._dataset import SPLITS, Dataset

Severity = Literal["problem", "warning"]


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on: a file, or files that belong together.

    Args:
        paths: Relative to the data set's root.
        detail: What about them, in a few words; may be empty. What concerns a class has no paths.

    Example:
        >>> from kerastl.data import Evidence
        >>> Evidence(("star/star_03.jpg", "square/square_99.jpg"), "the same bytes").paths
        ('star/star_03.jpg', 'square/square_99.jpg')
    """

    paths: tuple[str, ...]
    detail: str = ""

    def __str__(self) -> str:
        if not self.paths:
            return self.detail
        return ", ".join(self.paths) + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Finding:
    """One kind of thing to know about a data set.

    Args:
        kind: A stable name, such as `unreadable`.
        severity: `problem` if training would lose images or learn something wrong, else `warning`.
        message: One line.
        evidence: The files, all of them.

    Example:
        >>> from pathlib import Path
        >>> import kerastl
        >>> size = Path("data/shapes/circle/holiday.jpg").write_text("no image")
        >>> [(finding.kind, finding.severity) for finding in kerastl.check("data/shapes").findings]
        [('unreadable', 'problem')]
    """

    kind: str
    severity: Severity
    message: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, repr=False)
class CheckReport:
    """What `check` found.

    Args:
        dataset: What was checked.
        formats: Images of each file format, the most frequent first.
        modes: Images of each pixel mode, the most frequent first.
        sizes: The smallest, median and largest width, and the same for the height, in pixels.
        findings: Problems first.

    Example:
        >>> import kerastl
        >>> report = kerastl.check("data/shapes")
        >>> report.formats, report.sizes["width"]
        ({'JPEG': 88}, (112, 112, 112))
    """

    dataset: Dataset
    formats: dict[str, int]
    modes: dict[str, int]
    sizes: dict[str, tuple[int, int, int]]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What training would trip over."""
        return tuple(finding for finding in self.findings if finding.severity == "problem")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What one should know."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON takes it; the names in it stay from version to version."""
        parts = {part: self.dataset.counts(part) for part in SPLITS if self.dataset.subset(part)}
        return {
            "root": str(self.dataset.root),
            "layout": self.dataset.layout,
            "images": len(self.dataset.items),
            "classes": {
                name: {"total": total, **{part: counts[name] for part, counts in parts.items()}}
                for name, total in self.dataset.counts().items()
            },
            "formats": self.formats,
            "modes": self.modes,
            "sizes": {
                side: dict(zip(("smallest", "median", "largest"), values, strict=True))
                for side, values in self.sizes.items()
            },
            "ignored_files": list(self.dataset.ignored),
            "ok": not self.problems,
            "findings": [
                {
                    "kind": finding.kind,
                    "severity": finding.severity,
                    "message": finding.message,
                    "evidence": [{"paths": list(e.paths), "detail": e.detail} for e in finding.evidence],
                }
                for finding in self.findings
            ],
        }

    def __repr__(self) -> str:
        found = f"{len(self.problems)} problems, {len(self.warnings)} warnings"
        return f"<CheckReport of {printable(str(self.dataset.root))}: {len(self.dataset.items)} images, {found}>"

    def _repr_html_(self) -> str:
        return _html(self)


# Classes, and pieces of evidence of a finding.
_CLASSES, _EVIDENCE = 20, 3


def _html(report: CheckReport) -> str:
    """Write the classes as a table, and the findings below it."""
    dataset = report.dataset
    parts = [part for part in SPLITS if dataset.subset(part)]
    columns = [dataset.counts(), *(dataset.counts(part) for part in parts)]
    rows: list[tuple[object, ...]] = [
        (name, *(f"{column[name]:,}" for column in columns)) for name in dataset.classes[:_CLASSES]
    ]
    if len(dataset.classes) > _CLASSES:
        rows.append((f"and {len(dataset.classes) - _CLASSES:,} more", *("" for _ in columns)))
    everything = [dataset.items, *(dataset.subset(part) for part in parts)]  # an image may be of several classes
    rows.append((display.bold("all"), *(f"{len(items):,}" for items in everything)))
    return display.table(
        rows,
        caption=f"{dataset.called}: {dataset.layout}",
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
