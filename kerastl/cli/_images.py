"""The images that a command is given, one after the other, and what is told of those that fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from kerastl import _progress as progress
from kerastl._inputs import Expanded
from kerastl._paths import expand, left_out
from kerastl.sources._addresses import lies_elsewhere

if TYPE_CHECKING:
    from kerastl.results._shard import Shard


class Images:
    """What the arguments of a command name.

    Args:
        sources: Images, folders, patterns, archives, addresses, or `-` for a list on standard input.
        urls: Whether addresses in that list are fetched, too.
        complains: Whether standard error tells why one failed, since the results do not.
        along: Suffixes of other files that are not left out: they go with an image.
        shard: Which of the images are done here, for the count of all.
        stored: Whether images in archives and stores, which are no files, will do.

    Attributes:
        paths: What the sources stand for, for `Classifier.classify` and the like; to be gone through once.
        total: How many these are, where that is known and shown.
        count: How many are done.
    """

    def __init__(
        self,
        sources: Sequence[str],
        urls: bool,
        complains: bool = True,
        along: tuple[str, ...] = (),
        shard: Shard | None = None,
        stored: bool = False,
    ) -> None:
        self._reporter = progress.current()
        self._side_files: list[str] = []
        self._stored_side_files: Counter[str] = Counter()
        self._complains = complains
        self._along = along
        self._failed = 0
        listed = "-" in sources
        paths = expand(sources, _standard_input(), self._side_files)
        self.paths = Expanded(paths, urls or not listed, stored, self._stored_side_files)
        self.total = _count(sources, shard) if self._reporter.has_bars and not listed else None
        self.count = 0

    def went_before(self, count: int, failed: int) -> None:
        """Note that so many were done earlier, and some of them have failed."""
        self.count += count
        self._failed += failed

    def note(self, path: str | None, error: str | None) -> None:
        """Note that one is done, or has failed."""
        self.count += 1
        if error is not None:
            self._failed += 1
            if self._complains:
                self._reporter.complain(f"kerastl: {path or ''}: {error}")

    def ended(self, what: str) -> int:
        """Say what was left out, and how many could not be `what`, such as `explained`; give the exit code."""
        others = [file for file in self._side_files if not file.lower().endswith(self._along)]
        if said := left_out(others, self._stored_side_files):
            self._reporter.say(f"kerastl: {said}")
        if self._failed:
            self._reporter.complain(f"kerastl: {self._failed} of {self.count} images could not be {what}")
        return 1 if self._failed else 0


def _count(sources: Sequence[str], shard: Shard | None) -> int | None:
    """How many images there are, for a bar; None where only reading them would tell."""
    count = 0
    for path in expand(sources):  # a walk through the folders, which costs less than the images in them
        if lies_elsewhere(path):
            return None
        count += shard is None or shard.has(path)
    return count


def _standard_input() -> IO[bytes]:
    """Standard input without a buffer.

    A thread waits for it, and Python aborts when it ends while a thread holds the lock of a buffer.
    """
    return open(0, "rb", buffering=0, closefd=False)
