"""An image with its sidecars, on their way to one folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.text import printable
from kerastl.sorting._journal import Journal, Row
from kerastl.sorting._transfer import FileAction, Staged

log = logging.getLogger("kerastl")


@dataclass(frozen=True)
class Destination:
    """Where an image is to go.

    Args:
        folder: The folder, absolute.
        label: The class that sends it there.
        score: The class's score.
    """

    folder: Path
    label: str
    score: float


@dataclass(frozen=True)
class Member:
    """An image, or a sidecar of it.

    Args:
        path: Where it is.
        ending: What comes after the image's stem.
        action: What is done with it.
    """

    path: Path
    ending: str
    action: FileAction


class Group:
    """An image and its sidecars.

    Args:
        members: The image first.
        destination: Where they are to go.
        names: Free names for them there, and others if those are not free after all.
        number: That of the image, in the journal.

    Attributes:
        rows: What the journal says of them.
        arrived: Where they are; empty before.
    """

    def __init__(
        self, members: Sequence[Member], destination: Destination, names: Iterator[list[Path]], number: str
    ) -> None:
        self._members = members
        self._destination = destination
        self._names = names
        self._number = number
        self._targets: list[Path] = []
        self._staged: list[Staged | None] = []
        self.rows: list[Row] = []
        self.arrived: list[Path] = []

    def next_targets(self) -> list[Path]:
        """The next names that seem to be free."""
        return next(self._names)

    def stage(self, journal: Journal) -> None:
        """Prepare what takes long, and the rows."""
        self._targets, self._staged = self.next_targets(), []
        for member, target in zip(self._members, self._targets, strict=True):
            stage = member.action.stage
            self._staged.append(None if stage is None else stage(member.path, target))
        label, score = self._destination.label, f"{self._destination.score:.7g}"
        self.rows = [
            Row(
                member.action.name,
                str(member.path),
                journal.target(target),
                label,
                score,
                "" if copy is None else copy.sha256,
                self._number,
            )
            for member, target, copy in zip(self._members, self._targets, self._staged, strict=True)
        ]

    def finish(self, journal: Journal) -> None:
        """Do what the rows say. That the image's name has been taken meanwhile is noted: others are to be tried.

        Raises:
            OSError: The image cannot be brought.
        """
        for place, (member, target, copy) in enumerate(zip(self._members, self._targets, self._staged, strict=True)):
            try:
                member.action.finish(member.path if copy is None else copy.file, target)
                self.arrived.append(target)
            except OSError as error:
                if place == 0:
                    journal.fail(self.rows)
                    if isinstance(error, FileExistsError):
                        self.discard()
                        return
                    raise
                journal.fail([self.rows[place]])
                log.warning("%s: stays there (%s)", printable(str(member.path)), error.strerror or error)

    def discard(self) -> None:
        """Remove prepared copies that did not become files."""
        for copy in self._staged:
            if copy is not None:
                copy.file.unlink(missing_ok=True)
