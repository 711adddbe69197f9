"""Images that are copies of one image come into one group."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from kerastl.duplicates._thumbnails import Thumbnails
from kerastl.duplicates._verification import Match, compare
from kerastl.inference._engines import cores

Pair = tuple[int, int]

_TOGETHER = 64  # pairs that are compared before what they say is taken up
_MOST_DEFERRED = 1024
_TRIES = 2
"""Pairs of two groups that are compared: copies of one image are all unlike another, or none is."""


class Groups:
    """Groups that grow while pairs of images are compared.

    Args:
        count: How many images there are.
        thumbnails: Of the images.
        equal: Groups of images that are the same to the byte.

    Attributes:
        matches: How the one image of a pair is a copy of the other.
        compared: How many pairs were compared.
    """

    def __init__(self, count: int, thumbnails: Thumbnails, equal: Iterable[Sequence[int]] = ()) -> None:
        from scipy.cluster.hierarchy import DisjointSet

        self._thumbnails = thumbnails
        self._sets = DisjointSet(range(count))
        self._different: defaultdict[int, dict[int, int]] = defaultdict(dict)
        self.matches: dict[Pair, Match] = {}
        self.compared = 0
        for group in equal:
            for other in group[1:]:
                self._sets.merge(group[0], other)

    def leader(self, image: int) -> int:
        """The image that stands for the group of this one."""
        return int(self._sets[image])

    def add(self, pairs: Iterable[Pair]) -> None:
        """Compare pairs, in their order, as far as it is not clear how they stand to each other."""
        waiting = deque(pairs)
        with ThreadPoolExecutor(cores()) as threads:
            while batch := self._next(waiting):
                self._compare(batch, threads)

    def _next(self, waiting: deque[Pair]) -> list[Pair]:
        """Take pairs that are to be compared; none that others of them make clear if these are copies."""
        from scipy.cluster.hierarchy import DisjointSet

        batch: list[Pair] = []
        deferred: list[Pair] = []
        hoped = DisjointSet()
        while waiting and len(batch) < _TOGETHER and len(deferred) < _MOST_DEFERRED:
            pair = waiting.popleft()
            one, other = map(self.leader, pair)
            if one == other or self._different[one].get(other, 0) >= _TRIES:
                continue
            hoped.add(one)
            hoped.add(other)
            (batch if hoped.merge(one, other) else deferred).append(pair)
        waiting.extendleft(reversed(deferred))
        return batch

    def _compare(self, pairs: Sequence[Pair], threads: ThreadPoolExecutor) -> None:
        self._thumbnails.read(image for pair in pairs for image in pair)
        for pair, match in zip(pairs, threads.map(self._match, pairs), strict=True):
            self.compared += 1
            if match is None:
                one, other = map(self.leader, pair)
                self._note_different(one, other, self._different[one].get(other, 0) + 1)
            else:
                self.matches[pair] = match
                self._unite(*pair)
        self._thumbnails.tidy()

    def _match(self, pair: Pair) -> Match | None:
        one, other = map(self._thumbnails.get, pair)
        return None if one is None or other is None else compare(one, other)

    def _note_different(self, one: int, other: int, tries: int) -> None:
        self._different[one][other] = self._different[other][one] = tries

    def _unite(self, one: int, other: int) -> None:
        before = {self.leader(one), self.leader(other)}
        self._sets.merge(one, other)
        leader = self.leader(one)
        # What was found out about the group that is no more holds for the one that it went into.
        for gone in before - {leader}:
            for third, tries in self._different.pop(gone, {}).items():
                self._different[third].pop(gone, None)
                if third != leader:
                    self._note_different(leader, third, max(tries, self._different[leader].get(third, 0)))

    def groups(self) -> list[list[int]]:
        """The groups of two or more, each sorted, and sorted by their first."""
        return sorted(sorted(images) for images in self._sets.subsets() if len(images) > 1)
