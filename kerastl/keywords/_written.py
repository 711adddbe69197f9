"""What became of keywords."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.files import open_regular
from kerastl.errors import UsageError

MOST_PIECES = 20_000
"""Segments or chunks of an image that is written into."""


class KeywordError(ValueError):
    """Why keywords cannot be written: a short phrase about the file, without a full stop."""


@dataclass(frozen=True)
class Written:
    """Where keywords are, and which are new there.

    Args:
        path: The file that holds them.
        added: Those that were not there before, in their order.

    Example:
        >>> from kerastl.keywords import write_sidecar
        >>> written = write_sidecar("data/umbrella.png", ["umbrella", "rain"])
        >>> written.path.name, written.added
        ('umbrella.png.xmp', ('umbrella', 'rain'))
    """

    path: Path
    added: tuple[str, ...]


def checked(keywords: Iterable[str]) -> tuple[str, ...]:
    """What was given as keywords.

    Raises:
        UsageError: It is no list of texts; one text is none, though it can be gone through letter by letter.
    """
    if isinstance(keywords, Iterable) and not isinstance(keywords, (str, bytes)):
        words = tuple(keywords)
        if all(isinstance(word, str) for word in words):
            return words
    raise UsageError(f"keywords must be a list of texts. Received: {keywords!r}")


def clean(keywords: Iterable[str]) -> list[str]:
    """Keywords as they can stand in XML, on one line, each once in whatever case."""
    lines = (" ".join("".join(letter if _is_text(letter) else " " for letter in word).split()) for word in keywords)
    found: dict[str, str] = {}
    for line in lines:
        if line:
            found.setdefault(line.casefold(), line)
    return list(found.values())


def missing(keywords: Iterable[str], there: Iterable[str]) -> list[str]:
    """The keywords that are not among those that are there, in whatever case."""
    known = {word.strip().casefold() for word in there}
    return [word for word in clean(keywords) if word.casefold() not in known]


def read_file(path: Path, limit: int) -> bytes:
    """Read a file of no more than `limit` bytes; nothing is waited for.

    Raises:
        OSError: It cannot be read.
        KeywordError: It is longer, or no file.
    """
    try:
        stream = open_regular(path, follow=True)
    except ValueError:
        raise KeywordError("is no regular file") from None
    with stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise KeywordError(f"is longer than {limit >> 20:,} MiB")
    return content


def _is_text(letter: str) -> bool:
    return letter.isprintable() and not "\ud800" <= letter <= "\udfff" and letter not in "\ufffe\uffff"
