"""The images among what an archive holds; what is wrong with one is said of it alone."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from typing import IO

from kerastl._base.text import listed, printable
from kerastl._base.walking import is_hidden
from kerastl.errors import ImageError, KerastlError
from kerastl.images._error_messages import reason
from kerastl.images._formats import SIDE, Sorter
from kerastl.sources import _limits as limits
from kerastl.sources._containers import Container
from kerastl.sources._member import Member
from kerastl.sources._stored_image import Chosen, StoredImage, every

BETWEEN = "::"
"""Stands between the name of an archive and that of what lies in it."""
_NAMED = 3

log = logging.getLogger("kerastl")


def images_in(
    container: Container,
    file: IO[bytes],
    archive: str,
    left_out: Counter[str],
    chosen: Chosen = every,
) -> Iterator[StoredImage | ImageError]:
    """Read the images in an archive, in constant memory.

    Args:
        container: What it is.
        file: It, open at its beginning.
        archive: What it is called.
        left_out: Is told how many other files it holds, by suffix.
        chosen: As for `stored_images`.

    Yields:
        The images in their order, and what is wrong with those that cannot be read; in the end what is wrong with the
        archive, where the rest of it cannot be read.
    """
    found, passed, sorter = [0, 0], _Passed(), Sorter()  # images that cannot be read, and that can
    try:
        for member in container.members(file):
            if is_wanted(member, archive, sorter):
                if member.kind:
                    passed.add(member)
                elif not chosen(full_name(member, archive)):
                    found[1] += 1
                else:
                    image = image_of(member, archive)
                    found[isinstance(image, StoredImage)] += 1
                    yield image
            else:
                left_out[os.path.splitext(member.name)[1].lower()] += 1  # noqa: PTH122 - of names in archives
                passed.others += 1
    except KerastlError:
        raise
    except Exception as error:  # as many types as there are ways to be broken
        before = f" ({found[1]:,} image{'s were' if found[1] > 1 else ' was'} read before)" if found[1] else ""
        if chosen(archive):
            yield ImageError(archive, f"{reason(error)}{before}")
    else:
        passed.tell(archive)
        if not any(found) and chosen(archive):
            others = f", only {passed.others:,} other file{'s'[: passed.others != 1]}" if passed.others else ""
            yield ImageError(archive, f"no images in it{others}")


def is_wanted(member: Member, archive: str, sorter: Sorter) -> bool:
    """Whether a member is an image by its name, or looks like one; what systems put beside files is none."""
    if member.is_image:
        return True
    if any(is_hidden(part) for part in member.name.split("/") if part not in (".", "..", "")):
        return False
    return sorter.kind(f"{archive}{BETWEEN}{member.name}") != SIDE


def image_of(member: Member, archive: str) -> StoredImage | ImageError:
    """A member as an image, or what is wrong with it."""
    name = full_name(member, archive)
    try:
        limits.check_name(member.name)
        return StoredImage(name, member.read(), member.mtime_ns)
    except KerastlError:
        raise
    except Exception as error:
        if _ends_the_archive(error):
            raise
        return ImageError(name, reason(error))


def full_name(member: Member, archive: str) -> str:
    """What a member is called in outputs."""
    return f"{archive}{BETWEEN}{printable(tidy_name(member.name))}"


def tidy_name(name: str) -> str:
    """Without what leads to where the archive was packed."""
    parts = name.split("/")
    return "/".join(part for part in parts if part not in ("", "."))


def _ends_the_archive(error: Exception) -> bool:
    """Whether nothing behind it can be read either."""
    return isinstance(error, limits.EndsHereError)


class _Passed:
    """Members that are neither files nor folders, and how many others are left out."""

    def __init__(self) -> None:
        self.others = 0
        self._kinds: Counter[str] = Counter()
        self._names: list[str] = []

    def add(self, member: Member) -> None:
        self._kinds[member.kind] += 1
        if len(self._names) <= _NAMED:
            self._names.append(member.name)

    def tell(self, archive: str) -> None:
        if self._kinds:
            kinds = ", ".join(f"{number:,} {kind}{'s'[: number > 1]}" for kind, number in self._kinds.items())
            log.warning("%s: %s left out: %s", archive, kinds, listed(self._names, _NAMED))
