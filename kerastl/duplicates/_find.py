"""`kerastl.duplicates.find_duplicates`: the copies among the images of an index."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from kerastl._progress import Verbose, shown, stage
from kerastl.duplicates._candidates import MORE_NEIGHBORS, NEIGHBORS, candidates
from kerastl.duplicates._grouping import Groups
from kerastl.duplicates._kinds import kinds_of
from kerastl.duplicates._result import Copy, Duplicates, best_first
from kerastl.duplicates._thumbnails import Thumbnails
from kerastl.duplicates._verification import compare
from kerastl.embedding._image_file import read_image_file
from kerastl.errors import ImageError
from kerastl.index import Index
from kerastl.sources._by_name import archive_of, image_named


def find_duplicates(db: str | os.PathLike[str], *, verbose: Verbose = "auto") -> Duplicates:
    """Find the copies among the images of an index, whatever was done to them.

    Copies may be cropped, mirrored, resized, recompressed, brighter or darker, and turned by a few degrees. Images
    whose vectors are near each other are compared by their pixels: one is brought into register with the other, and is
    a copy if all parts of the two then agree. Nothing is moved or changed.

    Args:
        db: The folder of an index, which `kerastl index` makes. Its images must be where they were.
        verbose: What is shown while it works, as for `kerastl.load`.

    Returns:
        The groups of copies, and of each the one to keep: that with the most pixels, or else the least compressed.

    Raises:
        KerastlError: There is no index, or it cannot be read.

    Example:
        >>> from kerastl.duplicates import find_duplicates
        >>> from kerastl.index import Index
        >>> index = Index.create("pictures.db", "kerastl_mini")
        >>> index.add(["data/candle.jpg", "data/umbrella.png"]).added
        2
        >>> print(find_duplicates("pictures.db", verbose=0))
        no copies among 2 images
    """
    with shown(verbose):
        return Finder(Index(db)).run()


class Finder:
    """Finds copies.

    Args:
        index: With the images.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._paths = index.paths()
        rows = index.rows(["content", "size", "mtime_ns"]).to_pydict()
        self._contents, self._sizes, self._times = rows["content"], rows["size"], rows["mtime_ns"]
        self._thumbnails = Thumbnails(lambda place: index.file(self._paths[place]))

    def run(self) -> Duplicates:
        """Find them."""
        count = len(self._paths)
        groups = Groups(count, self._thumbnails, self._equal_groups())
        self._compare(groups, "comparing images", range(count), NEIGHBORS)
        found = {place for group in groups.groups() for place in group}
        alone = [place for place in range(count) if place not in found]
        self._compare(groups, "comparing those without a copy again", alone, MORE_NEIGHBORS)
        told = [self._told(group) for group in groups.groups()]
        failed = {self._paths[place]: reason for place, reason in sorted(self._thumbnails.failed.items())}
        return Duplicates(tuple(group for group in told if group), count, failed, str(self._index.root))

    def _equal_groups(self) -> Iterator[list[int]]:
        """Images with the same bytes, as far as they have not been written since."""
        from kerastl.data._duplicates import equal_groups

        for group in equal_groups(self._contents):
            yield [place for place in group if self._is_unchanged(place)]

    def _is_unchanged(self, place: int) -> bool:
        file = self._index.file(self._paths[place])
        try:
            if archive_of(file) is not None:
                return bool(read_image_file(image_named(file)).hash == self._contents[place])
            status = os.stat(file)  # noqa: PTH116 - paths stay text
        except (OSError, ValueError, ImageError):
            return False
        return (status.st_size, status.st_mtime_ns) == (self._sizes[place], self._times[place])

    def _compare(self, groups: Groups, what: str, places: Sequence[int], neighbors: int) -> None:
        with stage(what, len(places)) as counter:
            for done, pairs in candidates(self._index.vectors(), places, self._index.search, neighbors):
                groups.add(pairs)
                counter.advance(done)

    def _told(self, group: Sequence[int]) -> tuple[Copy, ...]:
        """A group, the best first; without those whose files are gone."""
        places = [place for place in group if self._thumbnails.get(place) is not None]
        if len(places) < 2:
            return ()
        order, reason = best_first([self._copy(place) for place in places], [self._times[place] for place in places])
        kept = places[order[0]]
        others = sorted(place for place in places if place != kept)
        return (self._copy(kept, True, reason=reason), *(self._compared(place, kept) for place in others))

    def _compared(self, place: int, kept: int) -> Copy:
        if self._contents[place] == self._contents[kept] and self._is_unchanged(place):
            return self._copy(place, kinds=("same file",))
        one, other = self._thumbnails.get(place), self._thumbnails.get(kept)
        match = None if one is None or other is None else compare(one, other)
        if match is None or one is None or other is None:  # a copy of a copy, too far from the first
            return self._copy(place, kinds=("copy of a copy",))
        kinds, shows = kinds_of(match, (one.width, one.height), (other.width, other.height))
        return self._copy(place, kinds=kinds, shows=shows)

    def _copy(
        self,
        place: int,
        keep: bool = False,
        *,
        kinds: tuple[str, ...] = (),
        shows: float | None = None,
        reason: str = "",
    ) -> Copy:
        thumbnail = self._thumbnails.get(place)
        width, height = (0, 0) if thumbnail is None else (thumbnail.width, thumbnail.height)
        return Copy(self._paths[place], width, height, self._sizes[place], keep, kinds, shows, reason)
