"""The kinds of files that hold many images, by their suffixes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from kerastl._base.registry import resolve_reference

if TYPE_CHECKING:
    from kerastl.sources._member import Member


@dataclass(frozen=True)
class Container:
    """A kind of file that holds images.

    Args:
        suffixes: Of its names, in lower case.
        description: What it is, in a line.
        reader: `"module:function"`, which reads its members from an open file; imported when it is first needed.
        seeks: Whether it is read in any order, and not from its beginning to its end.

    Example:
        >>> from kerastl.sources import CONTAINERS
        >>> [container.suffixes[0] for container in CONTAINERS]
        ['.tar', '.tar.gz', '.zip', '.parquet']
    """

    suffixes: tuple[str, ...]
    description: str
    reader: str
    seeks: bool = False

    def members(self, file: IO[bytes]) -> Iterator[Member]:
        """Read the members of a file of this kind.

        Raises:
            RefusedError: It is broken, truncated, or more than it may be.
        """
        read: Callable[[IO[bytes]], Iterator[Member]] = resolve_reference(self.reader)
        return read(file)


CONTAINERS = (
    Container((".tar",), "a tar, such as a shard of WebDataset", "kerastl.sources._tar:tar_members"),
    Container((".tar.gz", ".tgz"), "a gzipped tar", "kerastl.sources._tar:tar_gz_members"),
    Container((".zip",), "a zip", "kerastl.sources._zip:zip_members", seeks=True),
    Container(
        (".parquet",), "a Parquet file with a column of images", "kerastl.sources._parquet:parquet_members", seeks=True
    ),
)
"""What can be given in place of images, beside folders."""
_BY_SUFFIX = {suffix: container for container in CONTAINERS for suffix in container.suffixes}


def container_of(path: str) -> Container | None:
    """The kind that a file is of by its name; None where it is none of these."""
    name = os.path.basename(path).lower()  # noqa: PTH119 - half the time for 100,000 files
    stem, suffix = os.path.splitext(name)  # noqa: PTH122
    return _BY_SUFFIX.get(os.path.splitext(stem)[1] + suffix) or _BY_SUFFIX.get(suffix)  # noqa: PTH122
