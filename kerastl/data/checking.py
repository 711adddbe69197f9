"""Say what is wrong with a labelled folder before anybody trains on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from kerastl.data.dataset import SPLITS, Dataset
from kerastl.data.inspection import Inspection, inspect
from kerastl.data.layouts.columns import TableOptions
from kerastl.data.scanning import scan
from kerastl.text import printable

if TYPE_CHECKING:
    from typing_extensions import Unpack

FEW_PICTURES = 20
"""A class with fewer readable pictures to train on is called small."""
IMBALANCE = 3.0
"""The largest class may have this many times the pictures of the smallest before that is said."""
SMALL_SIDE = 32
"""Pictures with a shorter side of fewer pixels are called odd."""
LONG_ASPECT = 4.0
"""Pictures whose longer side is more than this many times the shorter are called odd."""
RARE_SHARE = 0.02
"""A file format with at most this share of the pictures, or with one picture, is called rare."""
ORDINARY_MODES = frozenset({"RGB", "L", "P", "1"})
Severity = Literal["problem", "warning"]


@dataclass(frozen=True)
class Evidence:
    """What a finding rests on: a file, or files that belong together.

    Args:
        paths: Relative to the data set's root.
        detail: What about them, in a few words; may be empty.
    """

    paths: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True)
class Finding:
    """One kind of thing to know about a data set.

    Args:
        kind: A stable name, such as `unreadable`.
        severity: `problem` if training would lose pictures or learn something wrong, else `warning`.
        message: One line.
        evidence: The files, all of them.
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
        formats: Pictures of each file format, the most frequent first.
        modes: Pictures of each pixel mode, the most frequent first.
        sizes: The smallest, median and largest width, and the same for the height, in pixels.
        findings: Problems first.
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
        parts = [part for part in SPLITS if self.dataset.part(part)]
        return {
            "root": str(self.dataset.root),
            "layout": self.dataset.layout,
            "pictures": len(self.dataset.items),
            "classes": {
                name: {"total": total, **{part: self.dataset.counts(part)[name] for part in parts}}
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
        return f"<CheckReport of {printable(str(self.dataset.root))}: {len(self.dataset.items)} pictures, {found}>"

    def _repr_html_(self) -> str:
        from kerastl.data import check_table

        return check_table.html(self)


def check(data: Any, *, inspection: Inspection | None = None, **columns: Unpack[TableOptions]) -> CheckReport:
    """Look for what spoils training: see `kerastl check --help`.

    Args:
        data: A folder or table of labelled pictures, what `scan` made of one, or what else it takes.
        inspection: What `inspect` found; made here if None, which reads every file.
        **columns: How a table is to be read: see `scan`.

    Returns:
        The report. Nothing is raised for what is wrong with the pictures.

    Raises:
        DataError: There are no labelled pictures.
    """
    import numpy as np

    dataset = scan(data, **columns)
    inspection = inspection or inspect(dataset)
    known = inspection.sizes[(inspection.sizes > 0).all(axis=1)]
    sizes = {
        side: (int(column.min()), int(np.median(column)), int(column.max()))
        for side, column in zip(("width", "height"), known.T, strict=True)
        if len(column)
    }
    found = [finding for look in _LOOKS for finding in look(dataset, inspection)]
    found.extend(Finding("layout", "warning", warning) for warning in dataset.warnings)
    return CheckReport(
        dataset,
        formats=_counted(inspection.formats),
        modes=_counted(inspection.modes),
        sizes=sizes,
        findings=tuple(sorted(found, key=lambda finding: finding.severity)),
    )


def _counted(values: Sequence[str]) -> dict[str, int]:
    counts = Counter(value for value in values if value)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _unreadable(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    if inspection.unreadable:
        evidence = tuple(Evidence((path,), why) for path, why in sorted(inspection.unreadable.items()))
        yield _finding("unreadable", "problem", evidence, "cannot be read; training leaves {them} out")


def _copies(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    """Groups of the same picture, by what makes them bad: another class, another part, or neither."""
    labels = {item.path: item.label for item in dataset.items}
    parts = {item.path: item.split or "" for item in dataset.items}
    for near, groups in ((False, inspection.exact_groups), (True, inspection.near_groups)):
        sorted_out: dict[str, list[Evidence]] = {"classes": [], "splits": [], "": []}
        for group in groups:
            classes, splits = (sorted({names[path] for path in group}) for names in (labels, parts))
            kind = "classes" if len(classes) > 1 else "splits" if len(splits) > 1 else ""
            detail = " and ".join({"classes": classes, "splits": splits, "": classes}[kind])
            sorted_out[kind].append(Evidence(group, detail))
        for kind, evidence in sorted_out.items():
            if evidence:
                yield _copies_finding(kind, near, tuple(evidence))


def _copies_finding(kind: str, near: bool, evidence: tuple[Evidence, ...]) -> Finding:
    what = "nearly the same picture" if near else "the same picture"
    where = {"classes": " in several classes", "splits": " in several splits", "": ""}[kind]
    advice = {
        ("classes", False): "; one label is wrong",
        ("classes", True): "; look whether the labels are right",
        ("splits", False): "; training leaves out those in train",
        ("splits", True): "; they flatter the validation",
        ("", False): "; a split keeps them on one side",
        ("", True): "; a split keeps them on one side",
    }[kind, near]
    groups = f"{len(evidence)} group{'' if len(evidence) == 1 else 's'} of {what}{where}{advice}"
    name = ("near_duplicates" if near else "duplicates") + (f"_across_{kind}" if kind else "")
    return Finding(name, "problem" if kind and not near else "warning", groups, evidence)


def _class_sizes(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    readable = dataset.without(inspection.unreadable)
    counts = readable.counts("train" if dataset.is_split else None)
    for name, count in counts.items():
        if count < 2 and not (dataset.is_split and count):
            what = "1 readable picture" if count else "no readable picture"
            message = f"class '{name}' has {what}: too few to learn and to validate"
            yield Finding("class_too_small", "problem", message)
        elif count < FEW_PICTURES:
            what = f"{count} readable picture{'' if count == 1 else 's'}"
            message = f"class '{name}' has only {what} to learn from"
            yield Finding("small_class", "warning", message)
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[least] and counts[most] >= IMBALANCE * counts[least]:
        ratio = counts[most] / counts[least]
        message = f"'{most}' has {ratio:.1f} times the pictures of '{least}': think of --class-weights balanced"
        yield Finding("imbalance", "warning", message)


def _misnamed(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    from PIL import Image

    Image.init()
    known = {suffix: _family(kind) for suffix, kind in Image.registered_extensions().items()}
    evidence = tuple(
        Evidence((path,), f"is {kind}")
        for path, kind in zip(inspection.paths, inspection.formats, strict=True)
        if kind and known.get(PurePosixPath(path).suffix.lower(), _family(kind)) != _family(kind)
    )
    if evidence:
        yield _finding("misnamed", "warning", evidence, "another format than the name says; read all the same", "of ")


def _family(kind: str) -> str:
    # Phones write several pictures into one JPEG, and still call it .jpg.
    return {"MPO": "JPEG", "CUR": "ICO"}.get(kind, kind)


def _rare_formats(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    """One GIF among a thousand JPEGs is often a web page's "picture not found"."""
    counts = _counted(inspection.formats)
    most = max(1, RARE_SHARE * len(inspection.paths))
    rare = {kind for kind, count in counts.items() if count <= most and count < max(counts.values())}
    evidence = tuple(
        Evidence((path,), kind) for path, kind in zip(inspection.paths, inspection.formats, strict=True) if kind in rare
    )
    if evidence:
        yield _finding("rare_format", "warning", evidence, "a format that is rare here; look at what it shows", "of ")


def _blank(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    from kerastl.data.duplicates import MIN_CONTRAST, contrast

    evidence = tuple(
        Evidence((path,))
        for path, spread in zip(inspection.paths, contrast(inspection.looks).tolist(), strict=True)
        if spread < MIN_CONTRAST and path not in inspection.unreadable
    )
    if evidence:
        yield _finding("blank", "warning", evidence, "nearly of one colour")


def _odd_sizes(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    evidence = []
    for path, (width, height) in zip(inspection.paths, inspection.sizes.tolist(), strict=True):
        short, long = sorted((width, height))
        if short and (short < SMALL_SIDE or long > LONG_ASPECT * short):
            evidence.append(Evidence((path,), f"{width} x {height}"))
    if evidence:
        rule = f"below {SMALL_SIDE} pixels or longer than {LONG_ASPECT:.0f} to 1"
        yield _finding("odd_size", "warning", tuple(evidence), rule)


def _odd_modes(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    evidence = tuple(
        Evidence((path,), mode)
        for path, mode in zip(inspection.paths, inspection.modes, strict=True)
        if mode and mode not in ORDINARY_MODES and path not in inspection.unreadable
    )
    if evidence:
        kinds = ", ".join(sorted({one.detail for one in evidence}))
        rule = f"of an unusual mode ({kinds}), converted to RGB, transparency over white"
        yield _finding("odd_mode", "warning", evidence, rule)


def _finding(kind: str, severity: Severity, evidence: tuple[Evidence, ...], rule: str, link: str = "") -> Finding:
    count, one = len(evidence), len(evidence) == 1
    verb = "" if rule.startswith("cannot") else "is " if one else "are "
    message = f"{count} picture{'' if one else 's'} {verb}{link}{rule}".replace("{them}", "it" if one else "them")
    return Finding(kind, severity, message, evidence)


_LOOKS: tuple[Callable[[Dataset, Inspection], Iterator[Finding]], ...] = (
    _unreadable,
    _copies,
    _class_sizes,
    _misnamed,
    _rare_formats,
    _blank,
    _odd_sizes,
    _odd_modes,
)
