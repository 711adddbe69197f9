"""Results as text, JSON, JSON lines or CSV, written as they come."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kerastl.errors import UsageError
from kerastl.files import replacing
from kerastl.labels import Classification
from kerastl.text import printable

FORMATS = ("text", "json", "jsonl", "csv")


@contextmanager
def opened(output: str | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears when it is complete.

    An interruption completes the file too: what was reached is kept.
    """
    if output is None:
        # Names of files need not be UTF-8: their bytes go out as they came in.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        yield sys.stdout
        sys.stdout.flush()
        return
    if not Path(output).absolute().parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {Path(output).absolute().parent}")
    interrupted: KeyboardInterrupt | None = None
    with (
        replacing(Path(output)) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        try:
            yield stream
        except KeyboardInterrupt as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted


def rendered(
    results: Iterable[Classification], form: str, reject: bool = False
) -> Iterator[tuple[Classification, str]]:
    """Give each result with the text to write for it; JSON needs some after the last.

    Args:
        results: In the order in which they are to be written.
        form: One of `FORMATS`.
        reject: Whether CSV has the columns `novelty` and `rejected`.

    Yields:
        The result and its text, which may be empty.
    """
    if form == "csv":
        return _csv(results, reject)
    return {"text": _text, "json": _json, "jsonl": _jsonl}[form](results)


def ending(form: str, count: int) -> str:
    """What closes the output after `count` results."""
    if form != "json":
        return ""
    return "\n]\n" if count else "[]\n"


def _text(results: Iterable[Classification]) -> Iterator[tuple[Classification, str]]:
    for result in results:
        answers = ", ".join(map(str, result.predictions)) or "nothing scores that high"
        if result.rejected:
            answers = f"none of these (closest: {answers})"
        yield result, "" if result.error else f"{printable(result.path or '')}: {answers}\n"


def _json(results: Iterable[Classification]) -> Iterator[tuple[Classification, str]]:
    for number, result in enumerate(results):
        yield result, ("[\n" if number == 0 else ",\n") + json.dumps(result.as_dict())


def _jsonl(results: Iterable[Classification]) -> Iterator[tuple[Classification, str]]:
    for result in results:
        yield result, json.dumps(result.as_dict()) + "\n"


def _csv(results: Iterable[Classification], reject: bool) -> Iterator[tuple[Classification, str]]:
    import csv
    import io

    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(["path", "rank", "label", "score", "model", *(["novelty", "rejected"] if reject else [])])
    for result in results:
        judged = [] if result.novelty is None else [f"{result.novelty:.7g}", int(bool(result.rejected))]
        for rank, prediction in enumerate(result.predictions, start=1):
            writer.writerow([result.path, rank, prediction.label, f"{prediction.score:.7g}", result.model, *judged])
        yield result, line.getvalue()
        line.seek(0)
        line.truncate()
