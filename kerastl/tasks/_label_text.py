r"""Several labels in one text: `cat|dog`. A separator inside a name is escaped by a backslash: `black\|white|dog`."""

from __future__ import annotations

from collections.abc import Iterable

SEPARATOR = "|"
"""Between the labels of an image, wherever kerastl writes several."""
ESCAPE = "\\"


def split_labels(text: str, separator: str = SEPARATOR) -> tuple[str, ...]:
    r"""The labels in a text, each once, sorted; without spaces around them.

    Args:
        text: Such as `cat|dog`; an empty one holds no label. `\|` is no separator, and stands for itself.
        separator: What stands between labels.

    Example:
        >>> from kerastl.tasks._label_text import split_labels
        >>> split_labels("dog; cat;;cat", ";"), split_labels(r"a\|b|c"), split_labels("")
        (('cat', 'dog'), ('a|b', 'c'), ())
    """
    if ESCAPE not in text:
        return tuple(sorted({part.strip() for part in text.split(separator)} - {""}))
    parts, place = [""], 0
    while place < len(text):
        if text[place] == ESCAPE and text.startswith((separator, ESCAPE), place + 1):
            step = len(separator) if text.startswith(separator, place + 1) else 1
            parts[-1] += text[place + 1 : place + 1 + step]
            place += 1 + step
        elif text.startswith(separator, place):
            parts.append("")
            place += len(separator)
        else:
            parts[-1] += text[place]
            place += 1
    return tuple(sorted({part.strip() for part in parts} - {""}))


def join_labels(names: Iterable[str]) -> str:
    r"""The text of several labels, sorted, which `split_labels` reads.

    Example:
        >>> from kerastl.tasks._label_text import join_labels
        >>> join_labels(["dog", "cat"])
        'cat|dog'
    """
    escaped = (name.replace(ESCAPE, 2 * ESCAPE).replace(SEPARATOR, ESCAPE + SEPARATOR) for name in sorted(set(names)))
    return SEPARATOR.join(escaped)
