"""A folder of results in parts: what is done is never done again, and what was half done leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Generic

from kerastl import _progress as progress
from kerastl._base.record_file import key_of
from kerastl._inputs import Expanded, name_of
from kerastl.errors import KerastlError, UsageError
from kerastl.results._columns import R, RowLayout
from kerastl.results._done import DoneImages
from kerastl.results._formats import RESULT_FORMATS
from kerastl.results._manifest import MANIFEST, Manifest, Part, Question, done_name, manifest_name, read_manifest
from kerastl.results._target import PartsTarget, file_names


class PartsFolder(Generic[R]):
    """A shard's parts in a folder. Several shards may write beside each other, each in a process of its own.

    A part is written whole; then the hashes of its images' names follow in a file, and then the manifest tells of it.
    Where a process is killed between any of these, the next finds the last manifest, and does the part again.

    Args:
        target: The folder, which is made if it is not there, and which part of the images is answered here.
        asked: The question.
        layout: How results are written.

    Raises:
        UsageError: The folder has the results of another question, or another process is at this shard.
        KerastlError: What is in the folder is damaged.
        OSError: The folder cannot be written.
    """

    def __init__(self, target: PartsTarget, asked: Question, layout: RowLayout[R]) -> None:
        folder, shard = target.folder, target.shard
        self._folder = folder
        self._layout = layout
        self._shard = shard
        self._form = RESULT_FORMATS[asked.format]  # type: ignore[index]
        folder.mkdir(parents=True, exist_ok=True)
        self._check_others(asked)
        self._manifest = self._found(asked)
        self._done = DoneImages(folder / done_name(shard), self._manifest.rows)
        try:
            # Again: before the file was locked, another process may have written further parts.
            if self._found(asked) != self._manifest:
                raise UsageError(f"{folder}: another process is at this shard")
            self._begin()
        except BaseException:
            self.close()
            raise

    def _check_others(self, asked: Question) -> None:
        for name in filter(MANIFEST.fullmatch, file_names(self._folder)):
            other = read_manifest(self._folder / name)
            if other is None or other.shard == self._shard:
                continue
            if other.shard.count != self._shard.count:
                raise UsageError(
                    f"{self._folder}: is divided into {other.shard.count} shards, not {self._shard.count}: take "
                    "another folder"
                )
            self._refuse(asked.unlike(other.asked, across_shards=True))

    def _refuse(self, difference: str | None) -> None:
        if difference is not None:
            raise UsageError(
                f"{self._folder}: holds the results of another question: {difference}; take another folder"
            )

    def _found(self, asked: Question) -> Manifest:
        found = read_manifest(self._folder / manifest_name(self._shard))
        if found is None:
            manifest = Manifest(asked, self._shard)
            if (self._folder / manifest.next_file()).exists():
                raise KerastlError(f"{self._folder / manifest_name(self._shard)}: is missing: take another folder")
            return manifest
        self._refuse(asked.unlike(found.asked))
        return found

    def _begin(self) -> None:
        for part in self._manifest.parts:
            check_part(self._folder, part)
        if self._manifest.parts:
            progress.current().say(f"kerastl: {self._folder}: goes on after {self.rows:,} images that are done")
        else:
            self._manifest.write(self._folder)
        # Of a part that the manifest does not tell of, a killed process was at the end; it is done again.
        (self._folder / self._manifest.next_file()).unlink(missing_ok=True)

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder

    @property
    def parts(self) -> int:
        """How many are done."""
        return len(self._manifest.parts)

    @property
    def rows(self) -> int:
        """Images that are done."""
        return self._manifest.rows

    @property
    def failed(self) -> int:
        """Those among them that could not be answered."""
        return self._manifest.failed

    def write(
        self,
        images: Expanded,
        answer: Callable[[Iterable[Any]], Iterator[R]],
        note: Callable[[R], None],
    ) -> None:
        """Answer all images that are in this shard and not done.

        Each part is answered by itself, so that images go through the network in the same groups when the work is
        begun anew after any of them, and get the same numbers to the last bit.

        Args:
            images: All of them, in the same order each time. What is done, or in another shard, is not read.
            answer: From images to as many results, in their order.
            note: Hears of each result.
        """
        pending = iter(images.choosing(self._is_wanted))
        for first in pending:
            self._write_part(chain((first,), islice(pending, self._manifest.asked.part_size - 1)), answer, note)
        if not self._manifest.complete:
            self._manifest = replace(self._manifest, complete=True)
            self._manifest.write(self._folder)

    def _is_wanted(self, name: str) -> bool:
        return self._shard.has(name) and not self._done.take(name)

    def _write_part(self, images: Iterable[Any], answer: Callable[..., Iterator[R]], note: Callable[[R], None]) -> None:
        keys: list[bytes] = []
        rows = failed = 0

        def given() -> Iterator[Any]:
            for image in images:
                keys.append(key_of(name_of(image)))
                yield image

        def noted() -> Iterator[R]:
            nonlocal rows, failed
            for row in answer(given()):
                rows, failed = rows + 1, failed + (row.error is not None)
                note(row)
                yield row

        file = self._folder / self._manifest.next_file()
        self._form.write(file, noted(), self._layout)
        if rows != len(keys):
            raise AssertionError(f"{len(keys)} images have {rows} results")
        self._done.add(keys)
        self._manifest = self._manifest.with_part(Part(file.name, rows, failed, file.stat().st_size))
        self._manifest.write(self._folder)

    def close(self) -> None:
        """Let others have the shard."""
        self._done.close()

    def __enter__(self) -> PartsFolder[R]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_part(folder: Path, part: Part) -> None:
    """Raise `KerastlError` unless a part is there in its size."""
    file = folder / part.file
    try:
        size = file.lstat().st_size
    except OSError as error:
        raise KerastlError(f"{file}: is missing though it was done ({error.strerror}): take another folder") from None
    if size != part.bytes:
        raise KerastlError(
            f"{file}: has {size:,} bytes, not {part.bytes:,} as when it was written: take another folder"
        )
