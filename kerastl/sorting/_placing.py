"""An image is brought into a folder, or into several, the journal first."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from kerastl._base.text import printable
from kerastl.images._sidecars import Sidecar, sidecars
from kerastl.sorting._group import Destination, Group, Member
from kerastl.sorting._journal import Journal, Row
from kerastl.sorting._target_names import TargetNames
from kerastl.sorting._transfer import ACTIONS, FileAction

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

    def place(self, image: Path, destinations: Sequence[Destination]) -> list[list[Path]]:
        """Bring one image, and its sidecars, into folders under names that nothing there has.

        Args:
            image: The file, absolute.
            destinations: The folders, which are made if they are not there; one where images are moved.

        Returns:
            For each destination where the image went, and then where those sidecars went that could.

        Raises:
            OSError: It cannot be done; the image is where it was.
        """
        if self._action.name == "move" and image.is_symlink():
            raise OSError(errno.EINVAL, "it is a link, which would lead nowhere from another folder: copy or link it")
        members = [Member(image, image.suffix, self._action)]
        members += [Member(found.path, found.ending, self._of_sidecar(found)) for found in sidecars(image)]
        self._number += 1
        endings = [member.ending for member in members]
        groups = [
            Group(members, found, self._names.free(found.folder, image.stem, endings), str(self._number))
            for found in destinations
        ]
        if self._dry_run:
            return [group.next_targets() for group in groups]
        for found in destinations:
            self._make(found.folder)
        self._bring(groups)
        return [group.arrived for group in groups]

    def _bring(self, groups: Sequence[Group]) -> None:
        """Stage all, then note all, then finish all: the rows of an image are written together."""
        waiting = list(groups)
        try:
            for _ in range(_TRIES):
                for group in waiting:
                    group.stage(self._journal)
                self._journal.append([row for group in waiting for row in group.rows])
                for group in waiting:
                    group.finish(self._journal)
                waiting = [group for group in waiting if not group.arrived]
                if not waiting:
                    return
        finally:
            for group in groups:
                group.discard()
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
