"""Results as text, JSON, JSON lines or CSV, written as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

from kerastl._base.files import check_target, replacing
from kerastl._base.serialization import csv_line, to_json
from kerastl._base.text import ANY_NAME, printable
from kerastl.cli import _streams as streams
from kerastl.errors import UsageError
from kerastl.models._labels import NONE_GIVEN, Classification
from kerastl.models._sure import SureAnswer
from kerastl.tasks._task import TargetKind

NUMBER_FIELDS = ("name", "value", "low", "high", "coverage")
"""Of a number in CSV."""
FORMATS = ("text", "json", "jsonl", "csv")


@contextmanager
def opened(output: str | None) -> Iterator[TextIO]:
    """Standard output, also as `-`, or a file that appears when it is complete.

    An interruption completes the file too: what was reached is kept.
    """
    if output in (None, "-"):
        with streams.ended_with_their_reader():
            yield sys.stdout
            sys.stdout.flush()
        return
    interrupted: KeyboardInterrupt | None = None
    with (
        replacing(Path(output)) as temporary,
        temporary.open("w", encoding="utf-8", errors=ANY_NAME, newline="") as stream,
    ):
        try:
            yield stream
        except KeyboardInterrupt as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted


def check(output: str | None) -> None:
    """Refuse an output that cannot be written, before anything is done for it."""
    if output not in (None, "-"):
        if _is_no_result(Path(output)):
            raise UsageError(
                f"--output {output}: is there already, and no file of results; did the shell put a pattern's first "
                "match here?"
            )
        check_target(output, "--output")


def _is_no_result(file: Path) -> bool:
    """Whether it is what stands behind `-o` by mistake, as in `-o *.jpg`, and would be lost."""
    from kerastl.images._formats import HEIF_SUFFIXES, IMAGE_SUFFIXES

    return file.suffix.lower() in IMAGE_SUFFIXES | HEIF_SUFFIXES | {".keras"} and file.is_file()


def rendered(
    results: Iterable[Classification],
    form: str,
    reject: bool = False,
    csv_safe: bool = False,
    sure: bool = False,
    kind: TargetKind = "index",
) -> Iterator[tuple[Classification, str]]:
    """Give each result with the text to write for it; JSON needs some after the last.

    Args:
        results: In the order in which they are to be written.
        form: One of `FORMATS`.
        reject: Whether CSV has the columns `ood_score` and `rejected`.
        csv_safe: Whether names in CSV that a spreadsheet would compute get an apostrophe.
        sure: Whether CSV has the columns `sure_label`, `sure_score` and `sure_depth`.
        kind: What the model tells. Of numbers CSV has a row an image with `name`, `value`, `low`, `high` and
            `coverage`; of labels a row a label, and an image without any has a row without.

    Yields:
        The result and its text, which may be empty.
    """
    if form == "csv" and kind == "number":
        return _csv_of_numbers(results, reject, csv_safe)
    if form == "csv":
        return _csv(results, reject, csv_safe, sure, all_there=sure or kind == "indicators")
    if form == "text":
        return _text(results, nothing(kind))
    return {"json": _json, "jsonl": _jsonl}[form](results)


def nothing(kind: TargetKind) -> str:
    """What is said of an image without an answer, by the kind of targets."""
    return NONE_GIVEN if kind == "indicators" else "nothing scores that high"


class Writable(Protocol):
    """What became of one file."""

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for it in JSON."""


def one(result: Writable, form: str, number: int) -> str:
    """The text of one result as `text`, `json` or `jsonl`, where `number` came before it; see `ending`."""
    if form == "text":
        return f"{result}\n"
    text = to_json(result.as_dict(), None)
    return ("[\n" if number == 0 else ",\n") + text if form == "json" else f"{text}\n"


def for_terminal(text: str) -> str:
    """Rows of CSV with their names made harmless: on a terminal nobody reads them back."""
    return "\n".join(map(printable, text.split("\n")))


def ending(form: str, count: int) -> str:
    """What closes the output after `count` results."""
    if form != "json":
        return ""
    return "\n]\n" if count else "[]\n"


def _text(results: Iterable[Classification], nothing: str) -> Iterator[tuple[Classification, str]]:
    for result in results:
        answers = result.answer() or nothing
        yield result, "" if result.error else f"{printable(result.path or '')}: {answers}\n"


def _json(results: Iterable[Classification]) -> Iterator[tuple[Classification, str]]:
    for number, result in enumerate(results):
        yield result, one(result, "json", number)


def _jsonl(results: Iterable[Classification]) -> Iterator[tuple[Classification, str]]:
    for result in results:
        yield result, one(result, "jsonl", 0)


def _csv(
    results: Iterable[Classification], reject: bool, safe: bool, sure: bool, all_there: bool
) -> Iterator[tuple[Classification, str]]:
    more = ["ood_score", "rejected"] if reject else []
    more += ["sure_label", "sure_score", "sure_depth"] if sure else []
    head = csv_line(["path", "rank", "label", "score", "model", *more])
    for result in results:
        judged = [] if result.ood_score is None else [f"{result.ood_score:.7g}", int(bool(result.rejected))]
        judged += [] if result.sure is None else _sure_cells(result.sure)
        rows = [
            [result.path, rank, prediction.label, f"{prediction.score:.7g}", result.model, *judged]
            for rank, prediction in enumerate(result.predictions, start=1)
        ]
        if not rows and all_there and result.error is None:  # whatever --min-score leaves out
            rows = [[result.path, "", "", "", result.model, *judged]]
        yield result, head + "".join(csv_line(row, safe=safe) for row in rows)
        head = ""


def _csv_of_numbers(
    results: Iterable[Classification], reject: bool, safe: bool
) -> Iterator[tuple[Classification, str]]:
    head = csv_line(["path", *NUMBER_FIELDS, "model", *(["ood_score", "rejected"] if reject else [])])
    for result in results:
        judged = [] if result.ood_score is None else [f"{result.ood_score:.7g}", int(bool(result.rejected))]
        cells = [] if result.number is None else [result.number.as_dict()[name] for name in NUMBER_FIELDS]
        row = [result.path, *("" if cell is None else cell for cell in cells), result.model, *judged]
        yield result, head + (csv_line(row, safe=safe) if cells else "")
        head = ""


def _sure_cells(sure: SureAnswer) -> list[str | int]:
    """Label, score and depth, the first two empty where nothing is sure."""
    return [sure.label or "", "" if sure.score is None else f"{sure.score:.7g}", sure.depth]
