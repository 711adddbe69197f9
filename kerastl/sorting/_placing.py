"""An image and its sidecars are brought into a folder, the journal first."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from kerastl._base.text import printable
from kerastl.images._sidecars import Sidecar, sidecars
from kerastl.sorting._journal import Journal, Row
from kerastl.sorting._target_names import TargetNames
from kerastl.sorting._transfer import ACTIONS, FileAction, Staged

log = logging.getLogger("kerastl")

_TRIES = 100  # at names that others take in the meantime


class Placer:
    """Brings images into folders.

    Args:
        journal: Is told of each file before it is touched.
        action: What is done with them.
        dry_run: Whether nothing is done.
    """

    def __init__(self, journal: Journal, action: FileAction, dry_run: bool = False) -> None:
        self._journal = journal
        self._action = action
        self._dry_run = dry_run
        self._names = TargetNames()
        self._number = journal.images
        self._made: set[Path] = set()

    def place(self, image: Path, folder: Path, label: str, score: float) -> tuple[Path, list[Path]]:
        """Bring one image, and its sidecars, into a folder under a name that nothing there has.

        Args:
            image: The file, absolute.
            folder: The folder, which is made if it is not there.
            label: The class, for the journal, as is the score.
            score: Its score.

        Returns:
            Where the image went, and where those sidecars went that could.

        Raises:
            OSError: It cannot be done; the image is where it was.
        """
        if self._action.name == "move" and image.is_symlink():
            raise OSError(errno.EINVAL, "it is a link, which would lead nowhere from another folder: copy or link it")
        group = [(image, image.suffix, self._action)]
        group += [(found.path, found.ending, self._of_sidecar(found)) for found in sidecars(image)]
        endings = [ending for _, ending, _ in group]
        if not self._dry_run:
            self._make(folder)
        self._number += 1
        for _, targets in zip(range(_TRIES), self._names.free(folder, image.stem, endings), strict=False):
            if self._dry_run:
                return targets[0], targets[1:]
            rows = [
                Row(action.name, str(file), self._journal.target(target), label, f"{score:.7g}", "", str(self._number))
                for (file, _, action), target in zip(group, targets, strict=True)
            ]
            try:
                arrived = _Group(self._journal, rows, targets, [action for _, _, action in group]).bring()
            except FileExistsError:
                continue
            return arrived[0], arrived[1:]
        raise OSError(errno.EEXIST, "all names are taken again and again")

    def _of_sidecar(self, sidecar: Sidecar) -> FileAction:
        """What is done with a sidecar: one that others need as well is copied where it would be moved."""
        needed = sidecar.shared or sidecar.path.is_symlink()
        return ACTIONS["copy"] if self._action.name == "move" and needed else self._action

    def _make(self, folder: Path) -> None:
        """Make a folder, and those above it, and note each in the journal."""
        if folder in self._made and folder.is_dir():
            return
        missing = []
        above = folder
        while not os.path.lexists(above):
            missing.append(above)
            above = above.parent
        root = self._journal.folder
        if folder.is_relative_to(root) and not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
            raise OSError(errno.ELOOP, f"{printable(str(folder))} leads out of the folder")
        for path in reversed(missing):
            self._journal.append([Row("folder", target=self._journal.target(path))])
            path.mkdir(exist_ok=True)
        if not folder.is_dir():
            raise OSError(errno.ENOTDIR, f"{printable(str(folder))} is no folder")
        self._made.add(folder)


class _Group:
    """An image and its sidecars on their way.

    Args:
        journal: Where they are noted.
        rows: Their rows, that of the image first.
        targets: Where they go.
        actions: What is done with each.
    """

    def __init__(
        self, journal: Journal, rows: Sequence[Row], targets: Sequence[Path], actions: Sequence[FileAction]
    ) -> None:
        self._journal = journal
        self._rows = list(rows)
        self._targets = targets
        self._actions = actions

    def bring(self) -> list[Path]:
        """Bring them; give where they are, without sidecars that could not be brought."""
        staged: list[Staged | None] = []
        try:
            for row, target, action in zip(self._rows, self._targets, self._actions, strict=True):
                staged.append(None if action.stage is None else action.stage(Path(row.source), target))
            pairs = zip(self._rows, staged, strict=True)
            self._rows = [row if copy is None else row.of_copy(copy.sha256) for row, copy in pairs]
            self._journal.append(self._rows)
            return self._finish([None if copy is None else copy.file for copy in staged])
        finally:
            for copy in staged:
                if copy is not None:
                    copy.file.unlink(missing_ok=True)

    def _finish(self, copies: Sequence[Path | None]) -> list[Path]:
        arrived = []
        for place, (row, target, action) in enumerate(zip(self._rows, self._targets, self._actions, strict=True)):
            try:
                action.finish(copies[place] or Path(row.source), target)
                arrived.append(target)
            except OSError as error:
                if place == 0:
                    self._journal.fail(self._rows)
                    raise
                self._journal.fail([row])
                log.warning("%s: stays there (%s)", printable(row.source), error.strerror or error)
        return arrived
