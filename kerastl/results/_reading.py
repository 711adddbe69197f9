"""A folder of results read as one: whether all shards are there and complete, and their rows together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastl._base.extras import require
from kerastl._base.files import folder_path, open_regular
from kerastl.errors import KerastlError, UsageError
from kerastl.results._formats import RESULT_FORMATS
from kerastl.results._manifest import MANIFEST, Manifest, Part, Question, read_manifest
from kerastl.results._target import file_names


@dataclass(frozen=True)
class ShardState:
    """What is there of a shard.

    Args:
        index: Which, from 1.
        parts: Files that are done.
        rows: Images in them.
        failed: Those that could not be answered.
        complete: Whether these are all.

    Example:
        >>> from kerastl.results import ShardState
        >>> ShardState(3, parts=2, rows=8192, failed=1, complete=False).complete
        False
    """

    index: int
    parts: int = 0
    rows: int = 0
    failed: int = 0
    complete: bool = False


class Results:
    """The results in a folder, which `open_results` opens.

    Args:
        folder: The folder.
        manifests: Of the shards that have begun; there is at least one.

    Attributes:
        folder: The folder.
        command: What was asked, `classify` or `embed`.
        model: The model's name.
        format: Of the files: `parquet`, `csv` or `jsonl`.

    Example:
        >>> import kerastl
        >>> from kerastl.results import open_results
        >>> kerastl.embed("data/candle.jpg", "vectors", model="kerastl_mini", format="jsonl").count
        1
        >>> results = open_results("vectors")
        >>> results.complete, results.rows, len(results.files)
        (True, 1, 1)
        >>> [row["path"] for row in results]
        ['data/candle.jpg']
    """

    def __init__(self, folder: Path, manifests: list[Manifest]) -> None:
        self.folder = folder
        self._manifests = sorted(manifests, key=lambda each: each.shard.index)
        asked: Question = self._manifests[0].asked
        self.command, self.model, self.format = asked.command, asked.model, asked.format

    @property
    def shards(self) -> list[ShardState]:
        """What is there of each shard, also of those that have not begun."""
        begun = {
            each.shard.index: ShardState(
                each.shard.index, len(each.parts), each.rows, each.failed, each.complete and not self._damage(each)
            )
            for each in self._manifests
        }
        return [begun.get(index, ShardState(index)) for index in range(1, self._manifests[0].shard.count + 1)]

    @property
    def complete(self) -> bool:
        """Whether every shard is complete, and all of its files are there."""
        return all(shard.complete for shard in self.shards)

    @property
    def rows(self) -> int:
        """Images that are done."""
        return sum(each.rows for each in self._manifests)

    @property
    def failed(self) -> int:
        """Those that could not be answered."""
        return sum(each.failed for each in self._manifests)

    @property
    def files(self) -> list[Path]:
        """The files that are done, by shard; other programs may read these."""
        return [self.folder / part.file for each in self._manifests for part in each.parts]

    @property
    def damaged(self) -> list[Path]:
        """Files that are missing, or have another size than when they were written."""
        return [self.folder / part.file for each in self._manifests for part in self._damage(each)]

    def _damage(self, manifest: Manifest) -> list[Part]:
        return [part for part in manifest.parts if not self._is_there(part)]

    def _is_there(self, part: Part) -> bool:
        try:
            return os.lstat(self.folder / part.file).st_size == part.bytes
        except OSError:
            return False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every row that is done, by shard, as an object; one that failed has its reason under `error`.

        Values of CSV are text.

        Raises:
            KerastlError: A file cannot be read.
        """
        form = RESULT_FORMATS[self.format]  # type: ignore[index]
        require(f"the format {self.format}", "search", *form.modules)
        for file in self.files:
            try:
                with open_regular(file) as stream:
                    yield from form.read(stream)
            except (OSError, ValueError) as error:
                reason = (isinstance(error, OSError) and error.strerror) or error
                raise KerastlError(f"{file}: cannot be read as {form.description} ({reason})") from None

    def failures(self) -> Iterator[tuple[str, str]]:
        """Path and reason of each image that could not be answered."""
        return ((str(row.get("path")), str(row["error"])) for row in self if row.get("error"))


def open_results(folder: str | os.PathLike[str]) -> Results:
    """Open the results that `kerastl classify` or `embed` has written into a folder, in one or several shards.

    Args:
        folder: The folder. It may come from anywhere.

    Raises:
        UsageError: There are no results in it.
        KerastlError: A manifest is broken, or shards belong to different questions.

    Example:
        >>> import kerastl
        >>> from kerastl.results import open_results
        >>> for shard in ("1/2", "2/2"):
        ...     _ = kerastl.embed("data/shapes", "halves", model="kerastl_mini", format="jsonl", shard=shard)
        >>> results = open_results("halves")
        >>> results.complete, results.rows, len(results.shards)
        (True, 88, 2)
    """
    path = folder_path(folder, "folder")
    found = [read_manifest(path / name) for name in file_names(path) if MANIFEST.fullmatch(name)]
    manifests = [each for each in found if each is not None]
    if not manifests:
        raise UsageError(f"{path}: holds no results: give a folder that classify or embed wrote with --format")
    first = manifests[0]
    for each in manifests[1:]:
        if each.shard.count != first.shard.count:
            raise KerastlError(
                f"{path}: holds shards of {first.shard.count} and of {each.shard.count}, of different work"
            )
        if (difference := first.asked.unlike(each.asked, across_shards=True)) is not None:
            raise KerastlError(f"{path}: holds the results of different questions: {difference}")
    return Results(path, manifests)
