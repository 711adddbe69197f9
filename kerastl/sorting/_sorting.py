"""Images go, one after the other, into the folders of their classes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from kerastl._base.text import printable
from kerastl._inputs import Expanded
from kerastl.errors import ImageError, KerastlError, UsageError
from kerastl.images._encoded import is_web_address
from kerastl.models._labels import Classification, LabelSet
from kerastl.models._metadata import Metadata
from kerastl.sorting._chosen_labels import label_choice
from kerastl.sorting._folder_names import class_folders
from kerastl.sorting._group import Destination
from kerastl.sorting._journal import FILE_ACTIONS, JOURNAL, Journal, Row, check_unfinished
from kerastl.sorting._placing import Placer
from kerastl.sorting._repair import finish_last_image
from kerastl.sorting._result import SortedImage
from kerastl.sorting._transfer import ACTIONS, ActionName
from kerastl.training._callback import RunCallback
from kerastl.training._lock import locked

if TYPE_CHECKING:
    from kerastl._tta import TTAName

# After these no other image can be written either.
_FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class SortOptions:
    """What `kerastl.sort` is asked for; its arguments of the same names tell more.

    Args:
        to: The folder that gets a folder for each class.
        action: What is done with the files.
        min_score: Below it the model is unsure.
        unsure: The folder of images that it is unsure of; None leaves them where they are.
        reject: Whether images unlike those of the training count as unsure.
        dry_run: Whether nothing is done.
        resume: Whether an interrupted run goes on.
        tta: Test-time augmentation.

    Raises:
        UsageError: One is out of range.
    """

    to: Path
    action: ActionName = "copy"
    min_score: float = 0.0
    unsure: Path | None = None
    reject: bool = False
    dry_run: bool = False
    resume: bool = False
    tta: TTAName | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.action, str) or self.action not in ACTIONS:
            raise UsageError(f"action must be one of {', '.join(ACTIONS)}. Received: {self.action!r}")
        if not isinstance(self.min_score, Real) or not 0 <= self.min_score <= 1:
            raise UsageError(f"min_score must be a number from 0 to 1. Received: {self.min_score!r}")


class SaysLabels(Protocol):
    """What images can be sorted by: a classifier, or whatever answers like one."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def labels(self) -> LabelSet:
        """Its classes."""

    @property
    def metadata(self) -> Metadata:
        """What it tells of itself."""

    def classify(
        self,
        images: Expanded,
        top: int,
        *,
        errors: Literal["return"],
        reject: bool,
        tta: TTAName | None,
    ) -> Iterator[Classification]:
        """Say what images show, in their order."""


class Sorting:
    """Sorts images.

    Args:
        classifier: Says what they show.
        options: What is asked for.
        sources: What the user has named: where that is in the folder, only the folders of classes there are left out.

    Attributes:
        left_out: How many images were left out so far: in the folder itself, named twice, or sorted there before.

    Raises:
        UsageError: The model tells nothing that images could be sorted by, or not by this action.
    """

    def __init__(self, classifier: SaysLabels, options: SortOptions, sources: Iterable[str] = ()) -> None:
        self._classifier = classifier
        self._options = options
        self._to = Path(os.path.abspath(options.to))  # noqa: PTH100 - links stay what they are
        self._unsure = None if options.unsure is None else Path(os.path.abspath(options.unsure))  # noqa: PTH100
        self._seen: set[str] = set()
        self._folders = class_folders(classifier.labels.names, self._reserved())
        self._own = self._left_out_folders(sources)
        self._choice = label_choice(classifier.metadata, ACTIONS[options.action])
        may_be_unsure = bool(options.min_score or options.reject or self._choice.may_be_none)
        if options.unsure is not None and not may_be_unsure:
            raise UsageError("unsure is for images below min_score, or rejected: give min_score or reject with it")
        self.left_out = 0

    def _reserved(self) -> list[str]:
        """What classes must not be called."""
        inside = self._unsure is not None and self._unsure.is_relative_to(self._to)
        return [JOURNAL, *([self._unsure.relative_to(self._to).as_posix()] if inside and self._unsure else [])]

    def _left_out_folders(self, sources: Iterable[str]) -> tuple[str, ...]:
        """The folders that are not sorted, as the paths of what is in them begin."""
        to = Path(os.path.realpath(self._to))
        inside = any(Path(os.path.realpath(source)).is_relative_to(to) for source in sources if source != "-")
        own = [to / folder.parts[0] for folder in self._folders] if inside else [to]
        own += [] if self._unsure is None else [Path(os.path.realpath(self._unsure))]
        return tuple({f"{folder}{os.sep}" for folder in own})

    def run(self, paths: Iterable[Any]) -> Iterator[SortedImage]:
        """Sort images.

        Args:
            paths: Files, or the errors of what cannot be one.

        Yields:
            What became of each, as soon as it has: of one that goes to several folders, once for each.

        Raises:
            KerastlError: The folder cannot be written into, or the journal is broken.
            UsageError: The last run was interrupted and this one does not resume it.
        """
        options = self._options
        made = False
        with ExitStack() as stack:
            if not options.dry_run:
                made = not self._to.exists()
                self._to.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(self._to, RunCallback()))
            journal = Journal(self._to)
            check_unfinished(journal, options.resume, self._classifier.name, options.action)
            if not options.dry_run:
                if options.resume:
                    finish_last_image(journal)
                journal.append(self._beginning(made))
            yield from self._sorted(paths, journal)
            if not options.dry_run:
                if journal.tells_nothing:  # a folder in which nothing was done stays as it was
                    journal.file.unlink()
                else:
                    journal.append([Row("end")])
        if made and journal.tells_nothing:
            with suppress(OSError):
                self._to.rmdir()

    def _beginning(self, made: bool) -> list[Row]:
        start = Row("start", label=self._classifier.name, score=f"{self._options.min_score:g}")
        return [start, Row("folder", target=".")] if made else [start]

    def _sorted(self, paths: Iterable[Any], journal: Journal) -> Iterator[SortedImage]:
        options = self._options
        for row in journal.open_rows().values():
            # What was moved is gone, unless another file has come in its place.
            if row.action in FILE_ACTIONS:
                self._seen.add(canonical(str(journal.path(row))))
                if row.action != "move" or not os.path.lexists(row.source):
                    self._seen.add(row.source)
        placer = Placer(journal, ACTIONS[options.action], options.dry_run)
        wanted = Expanded(self._wanted(paths), urls=True)
        for answer in self._classifier.classify(wanted, 1, errors="return", reject=options.reject, tta=options.tta):
            yield from self._placed(answer, placer)

    def _wanted(self, paths: Iterable[Any]) -> Iterator[Any]:
        """The files that are to be sorted."""
        for path in paths:
            if not isinstance(path, str):
                yield path
            elif is_web_address(path):
                yield ImageError(path, "a web address cannot be sorted: download the image first")
            elif (place := canonical(path)) in self._seen or place.startswith(self._own):
                self.left_out += 1
            else:
                self._seen.add(place)
                yield path

    def _placed(self, answer: Classification, placer: Placer) -> Iterator[SortedImage]:
        """Place an image; where it goes to several folders, what became of it in each."""
        path, dry = answer.path or "", self._options.dry_run
        if answer.error is not None:
            yield SortedImage(path, error=answer.error, dry_run=dry)
            return
        found, unsure = self._destinations(answer)
        if not found:
            best = next(iter(answer.predictions), None)
            label, score = (None, None) if best is None else (best.label, best.score)
            yield SortedImage(path, label, score, unsure=True, dry_run=dry)
            return
        try:
            places = placer.place(Path(canonical(path)), found)
        except OSError as error:
            if error.errno in _FATAL:
                raise KerastlError(
                    f"{printable(str(self._options.to))}: {error.strerror}; --resume goes on when that is mended"
                ) from error
            yield SortedImage(path, error=f"cannot be sorted ({error.strerror or error})", dry_run=dry)
            return
        for one, place in zip(found, places, strict=True):
            to, *beside = map(self._shown, place)
            yield SortedImage(path, one.label, one.score, to, self._options.action, unsure, tuple(beside), dry_run=dry)

    def _destinations(self, answer: Classification) -> tuple[list[Destination], bool]:
        """Where an image goes, and whether that is because the model is not sure."""
        labels = [] if answer.rejected else self._choice.labels(answer)
        sure = [one for one in labels if one.score >= self._options.min_score]
        if sure:
            return [Destination(self._to / self._folders[one.index], one.label, one.score) for one in sure], False
        if self._unsure is None:
            return [], True
        best = next(iter(answer.predictions), None)
        label, score = ("", 0.0) if best is None else (best.label, best.score)
        return [Destination(self._unsure, label, score)], True

    def _shown(self, path: Path) -> str:
        """A path that begins with the folder as the user has named it."""
        for named, folder in ((self._options.unsure, self._unsure), (self._options.to, self._to)):
            if named is not None and folder is not None and path.is_relative_to(folder):
                return str(named / path.relative_to(folder))
        return str(path)


def canonical(path: str) -> str:
    """The absolute path of a file, its folder without links: the same for each way to name it."""
    folder, name = os.path.split(path)
    return os.path.join(_real_folder(folder or os.curdir), name)  # noqa: PTH118


@lru_cache(maxsize=1024)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)
