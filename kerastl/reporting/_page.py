"""The page as a whole: gather what it shows, render it, write it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from kerastl._base.arguments import keywords
from kerastl._base.files import write_text
from kerastl._progress import ProgressCallback, Verbose, shown, stage
from kerastl._version import __version__
from kerastl.data import Dataset, Item
from kerastl.data._findings import CheckReport
from kerastl.errors import UsageError
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.reporting import _confident_errors as confident_errors
from kerastl.reporting import _summary as summary
from kerastl.reporting import _tables as tables
from kerastl.reporting._exports import exports
from kerastl.reporting._sections import TASK_SECTIONS, Section, TaskSections
from kerastl.reporting._templates import environment
from kerastl.reporting._training import training

MISTAKES = 12
# Of larger data sets only the evaluated images are checked: the others would take longer than all the rest.
MOST_CHECKED = 20_000


@keywords()
def write_report(
    evaluation: BaseEvaluation,
    path: str | os.PathLike[str],
    *,
    mistakes: int = MISTAKES,
    check: bool = True,
    progress: ProgressCallback | None = None,
    verbose: Verbose = "auto",
) -> None:
    """Write an evaluation as one HTML file that needs nothing else: no network, no scripts, no other files.

    The same evaluation gives the same bytes.

    Args:
        evaluation: What `kerastl.evaluate` gave.
        path: The file; replaced whole.
        mistakes: How many of the most confident errors are shown, each with an explanation, which needs TensorFlow.
        check: Whether to look for problems of the data as `kerastl check` does, which reads its images once more.
        progress: Called with what is being done, how many are done, and how many there are.
        verbose: What is shown while it works, as for `kerastl.evaluate`.

    Raises:
        UsageError: `mistakes` is negative, or the file's folder does not exist.
        OSError: The file cannot be written.

    Example:
        >>> import kerastl
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> evaluation = kerastl.evaluate("kerastl_mini", images)
        >>> kerastl.write_report(evaluation, "report.html", mistakes=0)
        >>> from pathlib import Path
        >>> Path("report.html").read_text()[:15]
        '<!DOCTYPE html>'
    """
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} to write the report to. Received: path={os.fspath(path)!r}")
    with shown(verbose), stage("writing the report") as counter:

        def told(what: str, done: int, total: int | None) -> None:
            counter.what = f"report: {what}"
            counter.update(done, total)
            if progress is not None:
                progress(what, done, total)

        write_text(path, render(evaluation, mistakes=mistakes, check=check, progress=told))


def render(
    evaluation: BaseEvaluation,
    *,
    mistakes: int = MISTAKES,
    check: bool = True,
    progress: ProgressCallback | None = None,
) -> str:
    """Make the page; arguments as for `write_report`.

    Returns:
        HTML that can be written as UTF-8, whatever bytes the names of files hold.

    Example:
        >>> import kerastl
        >>> from kerastl.reporting import render
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> render(kerastl.evaluate("kerastl_mini", images), mistakes=0, check=False)[:15]
        '<!DOCTYPE html>'
    """
    if mistakes < 0:
        raise UsageError(f"mistakes must be 0 or more. Received: mistakes={mistakes}")
    report = _checked(evaluation, progress) if check else None
    return environment().get_template("report.html").render(_values(evaluation, mistakes, report, progress))


def _values(
    evaluation: BaseEvaluation, most: int, report: CheckReport | None, progress: ProgressCallback | None
) -> dict[str, Any]:
    explained = None if progress is None else partial(progress, "explaining mistakes with TensorFlow")
    task = TASK_SECTIONS[evaluation.task]
    robust = getattr(evaluation, "robustness", None)
    values = {
        "version": __version__,
        "evaluation": evaluation,
        "facts": summary.facts(evaluation),
        "reading": summary.reading(evaluation),
        "tiles": summary.tiles(evaluation),
        "corruptions": [] if robust is None else tables.corruptions(robust),
        "training": None if evaluation.classifier is None else training(evaluation.classifier),
        "exports": None if evaluation.classifier is None else exports(evaluation.classifier),
        "wrong": task.wrong,
        "mistakes": confident_errors.worst(evaluation, most, explained) if most else [],
        "report": report,
        "problems": [] if report is None else tables.problems(report),
        "most": tables,
        **task.values(evaluation),
    }
    return {**values, "sections": _sections(task, values)}


def _sections(task: TaskSections, values: Mapping[str, Any]) -> list[Section]:
    """The parts of the page below the figures, in their order; those that have nothing to show are left out."""
    shown = (
        (Section("tree", "Tree", "tree.html"), values.get("tree")),
        (Section("corruptions", "Corruptions", "corruptions.html"), values["corruptions"]),
        (Section("rejection", "Rejection", "rejection.html"), values["evaluation"].rejection),
        (Section("training", "Training", "training.html"), values["training"]),
        (Section("exports", "Exports", "exports.html"), values["exports"]),
        (Section("mistakes", "Mistakes", "mistakes.html"), True),
        (Section("problems", "Data", "problems.html"), values["report"]),
    )
    return [
        Section("left-out", "Left out", "left_out.html"),
        *task.sections,
        *(section for section, there in shown if there),
    ]


def _checked(evaluation: BaseEvaluation, progress: ProgressCallback | None) -> CheckReport | None:
    from kerastl.data import inspect
    from kerastl.data._check import check

    dataset = evaluation.dataset
    if dataset is None:
        return None
    if len(dataset.items) > MOST_CHECKED:
        used = {*evaluation.paths, *evaluation.failed}
        items = tuple(item for item in dataset.items if item.path in used)
        dataset = replace(dataset, items=items, classes=_classes(dataset, items))
    told = None if progress is None else lambda _, done, total: progress("checking the images", done, total)
    return check(dataset, inspection=inspect(dataset, progress=told), for_training=False)


def _classes(dataset: Dataset, items: Sequence[Item]) -> tuple[str, ...]:
    """Those that some image has, in their order; the one name of a number stays."""
    there = {name for item in items for name in dataset.class_names(item)}
    return tuple(name for name in dataset.classes if name in there) or dataset.classes
