"""Patterns in names: what fits one, and what stands for several names."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from kerastl.errors import UsageError

MOST_NAMES = 1_000_000
"""That one pair of braces, or several together, may stand for."""
_RANGE = re.compile(r"(-?\d{1,18})\.\.(-?\d{1,18})(?:\.\.(-?\d{1,18}))?")
_MOST_BRACES = 20


def fits(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the names along a path match the parts of a pattern, where `**` is any number of names."""
    if not parts:
        return not names
    if parts[0] == "**":
        return fits(names, parts[1:]) or (bool(names) and fits(names[1:], parts))
    return bool(names) and fnmatch.fnmatch(names[0], parts[0]) and fits(names[1:], parts[1:])


def has_braces(text: str) -> bool:
    """Whether a text stands for several: `shard-{000..009}.tar`, `{train,val}.zip`."""
    return _first(text) is not None


def braces(text: str) -> Iterator[str]:
    """The names that a text with braces stands for, as a shell gives them: the last braces count fastest.

    A range keeps the zeros of its bounds, as names of WebDataset's shards have them. Braces that hold neither a range
    nor a list stay as they are.

    Args:
        text: Such as `shard-{000..099}.tar`.

    Raises:
        UsageError: They are more than a million.

    Example:
        >>> from kerastl._base.patterns import braces
        >>> list(braces("{a,b}-{08..10}.tar"))
        ['a-08.tar', 'a-09.tar', 'a-10.tar', 'b-08.tar', 'b-09.tar', 'b-10.tar']
    """
    count = 0
    for name in _expanded(text):
        if (count := count + 1) > MOST_NAMES:
            raise UsageError(f"{text}: its braces stand for more than {MOST_NAMES:,} names")
        yield name


def _expanded(text: str) -> Iterator[str]:
    found = _first(text)
    if found is None:
        yield text
        return
    start, end, options = found
    if text.count("{") > _MOST_BRACES:
        raise UsageError(f"{text}: more than {_MOST_BRACES} braces")
    for option in _numbers(options[0]) if len(options) == 1 else (name for each in options for name in _expanded(each)):
        yield from (text[:start] + option + rest for rest in _expanded(text[end:]))


def _first(text: str) -> tuple[int, int, list[str]] | None:
    """The first braces that stand for several names: where they begin and end, and what they list."""
    start = text.find("{")
    while start >= 0:
        end, options = _options(text, start + 1)
        if len(options) > 1 or (options and _RANGE.fullmatch(options[0])):
            return start, end, options
        start = text.find("{", start + 1)
    return None


def _options(text: str, start: int) -> tuple[int, list[str]]:
    """What stands between commas up to the brace that closes, and where that ends; nothing where none closes."""
    depth, before, options = 0, start, []
    for place in range(start, len(text)):
        letter = text[place]
        if depth == 0 and letter in ",}":
            options.append(text[before:place])
            before = place + 1
            if letter == "}":
                return before, options
        depth += (letter == "{") - (letter == "}")
    return len(text), []


def _numbers(group: str) -> Iterator[str]:
    found = _RANGE.fullmatch(group)
    assert found is not None  # noqa: S101 - what else stands alone is no list
    first, last, step = int(found[1]), int(found[2]), abs(int(found[3] or 1)) or 1
    padded = any(bound.lstrip("-").startswith("0") and len(bound.lstrip("-")) > 1 for bound in found.group(1, 2))
    width = max(map(len, found.group(1, 2))) if padded else 0
    numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    yield from (f"{number:0{width}d}" for number in islice(numbers, MOST_NAMES + 1))
