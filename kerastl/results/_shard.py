"""A part of the work: every image belongs to one of several shards, by its name alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerastl._base.record_file import key_of
from kerastl.errors import UsageError

MOST_SHARDS = 99_999


@dataclass(frozen=True)
class Shard:
    """One of several shards.

    Which one an image belongs to is a hash of its name as it is given, modulo the number of shards. Not its place in
    the listing: where images come and go while shards list them one after the other, places move, and an image would
    be in two shards or in none.

    Args:
        index: From 1 to `count`.
        count: How many there are.

    Example:
        >>> from kerastl.results._shard import Shard
        >>> names = [f"{number}.jpg" for number in range(100)]
        >>> [sum(Shard(index, 2).has(name) for name in names) for index in (1, 2)]
        [49, 51]
    """

    index: int = 1
    count: int = 1

    def has(self, name: str) -> bool:
        """Whether an image of this name is in the shard."""
        return self.count == 1 or int.from_bytes(key_of(name)[:8], "little") % self.count == self.index - 1

    @property
    def suffix(self) -> str:
        """What the names of its files have after their first word."""
        return "" if self.count == 1 else f"-{self.index}of{self.count}"

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def parse_shard(text: str | None) -> Shard:
    """Read what was given as `--shard`; all in one where nothing was.

    Raises:
        UsageError: It is no shard.
    """
    if text is None:
        return Shard()
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text) if isinstance(text, str) else None
    if found is not None and 1 <= int(found[1]) <= int(found[2]):
        return Shard(int(found[1]), int(found[2]))
    raise UsageError(f"shard must be I/N, from 1/N to N/N, such as 3/8. Received: {text!r}")
