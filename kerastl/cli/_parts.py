"""Results in a folder of parts: the options of commands that write them, and how they tell of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kerastl.cli._command import option
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl._classifier import Classifier
    from kerastl.cli._images import Images
    from kerastl.models._labels import Classification
    from kerastl.results._target import PartsTarget
    from kerastl.results._writing import PartsFolder

C = TypeVar("C", bound=Callable[..., Any])
PART_FORMATS = ("parquet", "csv", "jsonl")
PARTS = "Results in parts"


def in_parts(command: C) -> C:
    """`--part-size` and `--shard`."""
    command = option(
        "--shard", group=PARTS, metavar="I/N",
        help="Do the I-th of N shards of the images, from 1/N to N/N, on as many machines or processes, into one "
        "folder. A hash of its name says which one an image is in.",
    )(command)  # fmt: skip
    return option(
        "--part-size", group=PARTS, type=click.IntRange(min=1), metavar="N", help="Images a part.  [default: 4096]"
    )(command)


def target(
    output: str | None, form: str | None, part_size: int | None, shard: str | None, always: bool = False
) -> PartsTarget | None:
    """Where results in parts go; None where they are not asked for.

    Args:
        output: What was given as `--output`, and so are the others.
        form: Likewise.
        part_size: Likewise.
        shard: Likewise.
        always: Whether the format alone asks for parts.
    """
    from kerastl.results._target import parts_target

    is_folder = output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir())
    if not (is_folder or always or form == "parquet" or part_size is not None or shard is not None):
        return None
    if form not in PART_FORMATS:
        raise UsageError(
            f"results in parts, in the folder --output, need --format {', '.join(PART_FORMATS[:2])} or jsonl"
        )
    if output in (None, "-"):
        raise UsageError(f"--format {form} in parts needs --output DIR, the folder that they go into")
    assert output is not None  # noqa: S101 - as was just asked
    return parts_target(output, form, part_size, shard)


def classification_parts(
    classifier: Classifier, sources: Sequence[str], target: PartsTarget, options: dict[str, Any]
) -> PartsFolder[Classification]:
    """Open a folder of parts for classifications; `options` are those they depend on, by their flags."""
    from kerastl.results._classifications import classification_layout
    from kerastl.results._manifest import asked
    from kerastl.results._writing import PartsFolder
    from kerastl.tasks._task import TASKS

    question = asked(
        sources,
        command="classify",
        model=classifier.name,
        identity=classifier.identity,
        engine=classifier.engine,
        options=options,
        format=target.format,
        part_size=target.part_size,
    )
    layout = classification_layout(
        TASKS[classifier.metadata.task].kind,
        classifier.name,
        classifier.identity,
        reject=options["reject"],
        sure=options["sure"] is not None,
        csv_safe=options["csv-safe"],
    )
    return PartsFolder(target, question, layout)


def written(
    folder: PartsFolder[Any], images: Images, answer: Callable[[Iterable[Any]], Iterator[Any]], what: str
) -> int:
    """Answer images into a folder; how many were not is told as of all that are in it, and gives the exit code."""
    from kerastl import _progress as progress

    reporter = progress.current()
    images.went_before(folder.rows, folder.failed)
    with reporter.stage("images", images.total) as counter:

        def note(row: Any) -> None:
            images.note(row.path, row.error)
            counter.update(images.count)

        folder.write(images.paths, answer, note)
    code = images.ended(what)
    reporter.say(f"kerastl: {folder.path}: {folder.rows:,} images in {folder.parts:,} part{'s'[: folder.parts != 1]}")
    return code
