"""An evaluation on the terminal: the figures, then what the task asks for, then what to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kerastl._base.text import brief, percent
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION

if TYPE_CHECKING:
    from rich.console import Console

    from kerastl.evaluation import BaseEvaluation, Evaluation, MultilabelEvaluation, RegressionEvaluation

# So that the answer fits on a screen; JSON and the report have everything.
_CLASSES, _ROWS = 20, 5
# Letters of a line with a figure and its interval.
_FIGURE = 46


def show(result: BaseEvaluation) -> None:
    """Print an evaluation."""
    from kerastl.cli._console import console, line

    out = console()
    for text in str(result).splitlines():
        # Where a figure and its interval do not fit beside each other, the interval goes below.
        for part in text.split("  (") if out.width < _FIGURE else [text]:
            line(out, part if text.startswith(part) else f"  ({part}")
    _TASKS[result.task](out, result)
    _list(out, "rejection", [] if result.rejection is None else [str(result.rejection)])
    _list(out, "notes", _notes(result))


def _list(out: Console, title: str, lines: Iterator[str] | list[str]) -> None:
    from kerastl.cli._console import line

    for number, text in enumerate(lines):
        if number == 0:
            out.print(f"\n{title}")
        line(out, f"  {text}")


def _table(out: Console, heads: list[str], rows: list[list[str]], spare: list[str], more: str = "") -> None:
    from kerastl.cli._console import line, table

    out.print()
    table(out, heads, rows[:_CLASSES], spare=spare)
    if len(rows) > _CLASSES:
        line(out, f"... {len(rows) - _CLASSES} {more}")


def _of_classes(out: Console, result: Evaluation) -> None:
    # The worst classes are what one looks for where there are too many to show.
    scores = sorted(result.classes, key=lambda scores: scores.f1) if len(result.classes) > _CLASSES else result.classes
    rows = [
        [one.label, *(percent(value) for value in (one.precision, one.recall, one.f1)), f"{one.support:,}"]
        for one in scores
    ]
    heads = ["class", "precision", "recall", "F1", "images"]
    _table(out, heads, rows, ["precision", "recall", "images"], "classes with a better F1")
    _list(out, "most confused", _confusions(result))
    _list(out, "most confident errors", _mistakes(result))
    _list(out, "along the tree of classes", [] if result.tree is None else result.tree.lines())
    _list(out, "accuracy under corruptions, from weak to strong", _robustness(result))


def _confusions(result: Evaluation) -> Iterator[str]:
    for pair in result.confused[:_ROWS]:
        label, predicted = brief(pair.label), brief(pair.predicted)
        yield f"{label} taken for {predicted}: {pair.count}, {percent(pair.fraction)} of {label}"


def _mistakes(result: Evaluation) -> Iterator[str]:
    for answer in result.mistakes(_ROWS):
        yield f"{answer.path}: {answer.predictions[0]}, but is {answer.label} ({percent(answer.label_score)})"


def _robustness(result: Evaluation) -> Iterator[str]:
    if result.robustness is not None:
        for name, row in result.robustness.accuracy.items():
            yield f"{name:10}  " + "  ".join(f"{percent(accuracy):>7}" for accuracy in row)
        yield f"{'mean':10}  {percent(result.robustness.mean):>7}, and {percent(result.robustness.clean)} as they are"


def _of_labels(out: Console, result: MultilabelEvaluation) -> None:
    many = len(result.classes) > _CLASSES
    scores = sorted(result.classes, key=lambda scores: scores.average_precision) if many else result.classes
    rows = [
        [
            one.label,
            *(percent(value) for value in (one.average_precision, one.precision, one.recall, one.f1)),
            percent(one.threshold),
            f"{one.support:,}",
        ]
        for one in scores
    ]
    heads = ["label", "AP", "precision", "recall", "F1", "from", "images"]
    if rows:
        _table(out, heads, rows, ["from", "precision", "recall", "images"], "labels with a better AP")
    _list(out, "labels together", _pairs(result))
    _list(out, "most confident errors", _label_mistakes(result))


def _pairs(result: MultilabelEvaluation) -> Iterator[str]:
    for pair in result.pairs[:_ROWS]:
        if pair.true != pair.given:
            yield f"{brief(pair.labels[0])} and {brief(pair.labels[1])}: on {pair.true:,}, given to {pair.given:,}"


def _label_mistakes(result: MultilabelEvaluation) -> Iterator[str]:
    for mistake in result.mistakes(_ROWS):
        what = "which it has" if mistake.missed else "which it has not"
        yield f"{mistake.path}: {brief(mistake.label)} {percent(mistake.score)}, {what}"


def _of_numbers(out: Console, result: RegressionEvaluation) -> None:
    show = result.number
    rows = [
        [f"{show(part.low)} to {show(part.high)}", show(part.mean_absolute_error), show(part.bias), f"{part.count:,}"]
        for part in result.by_quantile
    ]
    _table(out, [brief(result.target), "mean error", "bias", "images"], rows, ["bias", "images"])
    _list(out, "largest errors", _number_mistakes(result))


def _number_mistakes(result: RegressionEvaluation) -> Iterator[str]:
    for answer in result.mistakes(_ROWS):
        yield f"{answer.path}: {result.number(answer.predicted)}, but is {result.number(answer.truth)}"


_TASKS: Mapping[str, Callable[[Console, Any], None]] = {
    CLASSIFICATION: _of_classes,
    ORDINAL: _of_classes,
    MULTILABEL: _of_labels,
    REGRESSION: _of_numbers,
}
"""What each task shows between the figures and the notes."""


def _notes(result: BaseEvaluation) -> Iterator[str]:
    yield from result.notes
    yield from result.more_notes()
    words = result.words
    for name, count in list(result.unknown.items())[:_ROWS]:
        why = (result.matching.unknown.get(name) if result.matching else "") or f"the model has no such {words.one}"
        yield f"{name}: {why}; {count} image{'s'[: count > 1]} {words.unknown}"
    if len(result.unknown) > _ROWS:
        yield f"... {len(result.unknown) - _ROWS} more {words.many} that the model does not have"
    if missing := result.missing:
        few = ", ".join(missing[:_ROWS]) + (", ..." if len(missing) > _ROWS else "")
        yield f"no images of {len(missing)} of the model's {len(result.labels)} {words.many}: {few}"
    for path, reason in list(result.failed.items())[:_ROWS]:
        yield f"{path}: {reason}"
    if len(result.failed) > _ROWS:
        yield f"... {len(result.failed) - _ROWS} more images that cannot be read"
