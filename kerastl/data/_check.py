"""Say what is wrong with a labeled folder before anybody trains on it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from kerastl._base.arguments import keywords
from kerastl._progress import ProgressCallback, Verbose, shown, stage
from kerastl.data._dataset import Dataset
from kerastl.data._findings import CheckReport, Evidence, Finding, Severity
from kerastl.data._inspection import Inspection, inspect
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.label_format import label_format
from kerastl.data._refusals import Refusal
from kerastl.data._scan import scan_as
from kerastl.data._split import divide
from kerastl.data._tree import left_out_summary, vanished_classes
from kerastl.tasks._task import TASKS

FEW_IMAGES = 20
"""A class with fewer readable images to train on is called small."""
IMBALANCE = 3.0
"""The largest class may have this many times the images of the smallest before that is said."""
SMALL_SIDE = 32
"""Images with a shorter side of fewer pixels are called odd."""
LONG_ASPECT = 4.0
"""Images whose longer side is more than this many times the shorter are called odd."""
RARE_FRACTION = 0.02
"""A file format with at most this fraction of the images, or with one image, is called rare."""
LEFT_OUT_FRACTION = 0.05
"""More files than this that look like images and are left out, as a fraction of both, are a problem."""
_NAMED = 5  # classes of one group of copies
ORDINARY_MODES = frozenset({"RGB", "L", "P", "1"})


@keywords({"val_fraction": "validation_split", "to_train": "for_training"})
def check(
    data: Any,
    *,
    inspection: Inspection | None = None,
    validation_split: float = 0.2,
    group_by: str | None = None,
    split_strategy: str = "stratified",
    seed: int = 0,
    for_training: bool = True,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
    verbose: Verbose = "auto",
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    task: str | None = None,
    label_separator: str | None = None,
    order: Sequence[str] | None = None,
    target: str | None = None,
) -> CheckReport:
    """Look for what spoils training: see `kerastl check --help`.

    Args:
        data: A folder or table of labeled images, what `scan` made of one, or what else it takes.
        inspection: What `inspect` found; made here if None, which reads every file.
        validation_split: As for `split`, whose refusals are problems here.
        group_by: As for `split`.
        split_strategy: As for `split`.
        seed: As for `split`.
        for_training: Whether the images are to be trained on: else nothing is said of classes that are too small.
        workers: Threads that read; None takes one a processor.
        progress: Called with what is being done, how many images are done, and their number.
        verbose: What is shown while it works, as for `kerastl.evaluate`.
        images: The folder that a table's paths start at, or whose images it names. This and the next three as for
            `kerastl.data.scan`.
        path_column: The table's column of paths, names or ids of images.
        label_column: Its column of labels.
        split_column: Its column of train, val and test.
        classes: Of nested folders, which are the classes, as for `kerastl.data.scan`.
        task: What the labels are: `classification`, `multilabel`, `ordinal` or `regression`; None finds it in the data,
            see `kerastl.data.scan`.
        label_separator: What stands between the labels in a cell of a table; None finds it.
        order: Of classes that have one, as for `scan`; so is the next.
        target: The table's column with the number to tell.

    Returns:
        The report. Nothing is raised for what is wrong with the images.

    Raises:
        DataError: There are no labeled images.
        UsageError: As for `split`.

    Example:
        >>> import kerastl
        >>> report = kerastl.check("data/shapes")
        >>> len(report.dataset.items), report.findings
        (88, ())
    """
    labels = label_format(task, label_separator, order, target)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    with shown(verbose):
        with stage("looking for images"):
            dataset = scan_as(data, columns)
        inspection = inspection or _inspected(dataset, workers, progress)
        with stage("comparing images"):
            refused: Sequence[Refusal] = ()
            if for_training:
                _, refused = divide(
                    dataset,
                    validation_split=validation_split,
                    seed=seed,
                    group_by=group_by,
                    split_strategy=split_strategy,
                    inspection=inspection,
                )
            return _report(dataset, inspection, [*map(_as_finding, refused)], for_training=for_training)


def _inspected(dataset: Dataset, workers: int | None, progress: ProgressCallback | None) -> Inspection:
    with stage("reading images", len(dataset.items)) as counter:

        def told(what: str, done: int, total: int | None) -> None:
            counter.update(done)
            if progress is not None:
                progress(what, done, total)

        return inspect(dataset, workers=workers, progress=told)


def _report(dataset: Dataset, inspection: Inspection, found: list[Finding], *, for_training: bool) -> CheckReport:
    """Add what the images show to what was found of the split."""
    import numpy as np

    known = inspection.sizes[(inspection.sizes > 0).all(axis=1)]
    sizes = {
        side: (int(column.min()), int(np.median(column)), int(column.max()))
        for side, column in zip(("width", "height"), known.T, strict=True)
        if len(column)
    }
    found = [finding for look in _LOOKS for finding in look(dataset, inspection)] + found
    if for_training:
        found.extend(_class_sizes(dataset, inspection))
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
    """Groups of the same image, by what makes them bad: another class, another part, or neither."""
    labels = {item.path: item.label for item in dataset.items}
    parts = {item.path: item.split or "" for item in dataset.items}
    for near, groups in ((False, inspection.exact_groups), (True, inspection.near_groups)):
        sorted_out: dict[str, list[Evidence]] = {"classes": [], "splits": [], "": []}
        for group in groups:
            classes, splits = (sorted({names[path] for path in group}) for names in (labels, parts))
            kind = "classes" if len(classes) > 1 else "splits" if len(splits) > 1 else ""
            names = {"classes": classes, "splits": splits, "": classes}[kind]
            more = [f"{len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
            detail = " and ".join(names[:_NAMED] + more)
            sorted_out[kind].append(Evidence(group, detail))
        for kind, evidence in sorted_out.items():
            if evidence:
                yield _copies_finding(kind, near, tuple(evidence))


def _copies_finding(kind: str, near: bool, evidence: tuple[Evidence, ...]) -> Finding:
    what = "nearly the same image" if near else "the same image"
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


def _left_out(dataset: Dataset, _: Inspection) -> Iterator[Finding]:
    """Files that look like images: a problem if a class vanishes with them, or many do."""
    if dataset.left_out:
        many = len(dataset.left_out) > LEFT_OUT_FRACTION * (len(dataset.left_out) + len(dataset.items))
        severity: Severity = "problem" if many or vanished_classes(dataset) else "warning"
        evidence = tuple(Evidence((one.path,), one.what.replace(" (", ": ").rstrip(")")) for one in dataset.left_out)
        yield Finding("left_out", severity, left_out_summary(dataset), evidence)


def _as_finding(refusal: Refusal) -> Finding:
    """What `split` refuses, and fine-tuning with it."""
    evidence = tuple(Evidence((), f"'{name}': {what}") for name, what in refusal.classes.items())
    return Finding(refusal.kind, "problem", refusal.message, evidence)


def _class_sizes(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    readable = dataset.without(inspection.unreadable)
    counts = readable.counts("train" if dataset.is_split else None)
    if not counts:
        return
    fewest = 1 if dataset.is_split else 2  # below that it is refused
    small = {name: count for name, count in counts.items() if fewest <= count < FEW_IMAGES}
    if small:
        evidence = tuple(Evidence((), f"'{name}': {_readable_images(count)}") for name, count in small.items())
        message = f"{len(small):,} classes have fewer than {FEW_IMAGES} readable images to learn from"
        if len(small) == 1:
            ((name, count),) = small.items()
            message = f"class '{name}' has only {_readable_images(count)} to learn from"
        yield Finding("small_class", "warning", message, evidence)
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    weighable = TASKS[dataset.task].kind == "index"
    if weighable and counts[least] and counts[most] >= IMBALANCE * counts[least]:
        ratio = counts[most] / counts[least]
        message = f"'{most}' has {ratio:.1f} times the images of '{least}': think of --class-weights balanced"
        yield Finding("imbalance", "warning", message)


def _readable_images(count: int) -> str:
    return f"{count} readable image{'' if count == 1 else 's'}"


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
    # Phones write several images into one JPEG, and still call it .jpg.
    return {"MPO": "JPEG", "CUR": "ICO"}.get(kind, kind)


def _rare_formats(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    """One GIF among a thousand JPEGs is often a web page's "image not found"."""
    counts = _counted(inspection.formats)
    most = max(1, RARE_FRACTION * len(inspection.paths))
    rare = {kind for kind, count in counts.items() if count <= most and count < max(counts.values())}
    evidence = tuple(
        Evidence((path,), kind) for path, kind in zip(inspection.paths, inspection.formats, strict=True) if kind in rare
    )
    if evidence:
        yield _finding("rare_format", "warning", evidence, "a format that is rare here; look at what it shows", "of ")


def _blank(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    from kerastl.data._duplicates import MIN_CONTRAST, contrast

    evidence = tuple(
        Evidence((path,))
        for path, spread in zip(inspection.paths, contrast(inspection.thumbnails).tolist(), strict=True)
        if spread < MIN_CONTRAST and path not in inspection.unreadable
    )
    if evidence:
        yield _finding("blank", "warning", evidence, "nearly of one color")


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


def _white_level(dataset: Dataset, inspection: Inspection) -> Iterator[Finding]:
    """How bright 16-bit files are is not written in them."""
    from kerastl.images._depth import white_of

    learned = dataset.subset("train") if dataset.is_split else dataset.items
    white = inspection.white_level(learned)
    dark = inspection.too_dark(white)
    if dark:
        rule = f"nearly black where {white:,} is white, as for others of 16 bits; save all at one bit depth"
        yield _finding("too_dark", "warning", tuple(Evidence((path,)) for path in dark), rule)
    if white is None or white == white_of(16):
        return
    evidence = tuple(
        Evidence((path,), f"{bits} bits{', white is cut off' if white_of(bits) > white else ''}")
        for path, bits in zip(inspection.paths, inspection.bits, strict=False)
        if bits
    )
    what = f"{len(evidence)} images are 16-bit files" if len(evidence) > 1 else "1 image is a 16-bit file"
    message = f"{what} with {white.bit_length()} significant bits: white is taken as {white}"
    yield Finding("white_level", "warning", message, evidence)


def _finding(kind: str, severity: Severity, evidence: tuple[Evidence, ...], rule: str, link: str = "") -> Finding:
    count, one = len(evidence), len(evidence) == 1
    verb = "" if rule.startswith("cannot") else "is " if one else "are "
    message = f"{count} image{'' if one else 's'} {verb}{link}{rule}".replace("{them}", "it" if one else "them")
    return Finding(kind, severity, message, evidence)


_LOOKS: tuple[Callable[[Dataset, Inspection], Iterator[Finding]], ...] = (
    _unreadable,
    _left_out,
    _copies,
    _misnamed,
    _rare_formats,
    _blank,
    _odd_sizes,
    _odd_modes,
    _white_level,
)
