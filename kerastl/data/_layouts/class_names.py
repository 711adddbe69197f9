"""Names of classes: how they are stored, and what about them is doubtful."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from kerastl._base.text import printable, shortened
from kerastl.errors import DataError
from kerastl.models._saved.schema import LABEL_LENGTH, LABELS

_MOST_SHOWN = 3
_MISSING = frozenset(("nan", "null", "n/a", "#n/a", "<na>", "nat"))
_LONGEST_LIST = 1_000
# Between several labels; the soft ones are in many a name.
_HARD, _SOFT = "|;,", "/+& "


def class_name(text: str) -> str:
    """The name of a class as it is stored: trimmed, composed Unicode (macOS lists names decomposed)."""
    return unicodedata.normalize("NFC", text.strip())


def alike(classes: Iterable[str]) -> list[str]:
    """A warning for classes that differ in little but writing: `Cat` and `cat`, `1` and `01`, look-alike letters."""
    groups: dict[str, list[str]] = {}
    for name in classes:
        groups.setdefault(_key(name), []).append(name)
    doubtful = [sorted(group) for group in groups.values() if len(group) > 1]
    return _folded(
        doubtful, "are different classes here, and are written nearly alike; if they mean the same, rename one"
    )


def respelled(spellings: Mapping[str, AbstractSet[str]]) -> list[str]:
    """A warning for names that differed in the spaces around them only, and became one class.

    Args:
        spellings: The ways in which each class was written.
    """
    doubtful = [
        sorted(written)
        for name, written in sorted(spellings.items())
        if len({unicodedata.normalize("NFC", text) for text in written}) > 1 and name
    ]
    return _folded(doubtful, "differ in spaces only and are taken for one class")


def _folded(groups: Sequence[Sequence[str]], what: str) -> list[str]:
    shown = [" and ".join(f"'{printable(name)}'" for name in group[:4]) for group in groups[:_MOST_SHOWN]]
    lines = [f"{names} {what}" for names in shown]
    if len(groups) > _MOST_SHOWN:
        lines.append(f"{len(groups) - _MOST_SHOWN} more groups of classes {what}")
    return lines


def _key(name: str) -> str:
    text = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter) != "Cf")
    if re.match(r"-\d", text):
        return text  # a number below zero
    text = re.sub(r"[\s_\-]+", " ", text).strip().casefold()
    if re.fullmatch(r"\d+(\.0*)?", text):
        return text.partition(".")[0].lstrip("0") or "0"
    return text


def missing(classes: Iterable[str]) -> list[str]:
    """A warning for classes that programs write where a value is missing: `nan`, `NULL`."""
    found = [name for name in classes if name.casefold() in _MISSING]
    if not found:
        return []
    shown = " and ".join(f"'{printable(name)}'" for name in sorted(found))
    verb = "is a class" if len(found) == 1 else "are classes"
    return [f"{shown} {verb} here; programs write that where a label is missing"]


def refuse_names(root: str, classes: Sequence[str]) -> None:
    """Refuse what no model can keep.

    Raises:
        DataError: There are too many classes, or the name of one is too long.
    """
    if len(classes) > LABELS:
        raise DataError(
            f"{root}: {len(classes):,} classes, and a model can have {LABELS:,}; is another column the label?"
        )
    longest = max(classes, key=len, default="")
    if len(longest) > LABEL_LENGTH:
        raise DataError(
            f"{root}: the name of class '{printable(shortened(longest, 60))}' has {len(longest):,} letters, and a "
            f"model keeps {LABEL_LENGTH:,}; shorten it"
        )


class SeveralLabels:
    """Tells cells with several labels (`cat,dog`, `cat|dog`, `['cat', 'dog']`) from names that hold a separator.

    "salmon, smoked" is one name: its parts are no labels of other cells. The parts of several labels are.

    Args:
        labels: All labels of a table.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._labels = frozenset(labels)
        self._uses = Counter(part for label in self._labels for part in {p for s, ps in _partings(label) for p in ps})

    def found(self) -> tuple[list[str], list[str]]:
        """The labels that are several for certain, and those that may well be a name: `bow tie` beside `bow`, `tie`."""
        certain, doubtful, possible = [], [], []
        for label in sorted(self._labels):
            separators = [separator for separator, parts in _partings(label) if self._are_labels(separator, parts)]
            if (is_list(label) and len(ast.literal_eval(label)) > 1) or any(
                separator in _HARD for separator in separators
            ):
                certain.append(label)
            elif separators:
                doubtful.append(label)
            elif self._may_be_several(label):
                possible.append(label)
        if len(doubtful) > 1:  # one may be chance
            return certain + doubtful, possible
        return certain, doubtful + possible

    def plain(self, labels: Iterable[str]) -> bool:
        """Whether nothing but a separator of lists, `|`, `;` or `,`, may stand between the labels in these."""
        return self.separator(labels) in tuple(_HARD)

    def separator(self, labels: Iterable[str]) -> str | None:
        """What stands between the labels in most of these; None where nothing does, as in lists."""
        counts = Counter(
            separator for label in labels for separator, parts in _partings(label) if self._are_labels(separator, parts)
        )
        return max(counts, key=lambda one: (counts[one], -(_HARD + _SOFT).index(one))) if counts else None

    def _may_be_several(self, label: str) -> bool:
        """Whether no name is written so: with `|`, or with a comma beside a label, or a part that others have, too."""
        for separator, parts in _partings(label):
            if len(set(parts)) < 2 or separator not in _HARD:
                continue
            shared = separator == "," and ", " not in label and any(self._uses[part] > 1 for part in parts)
            if separator != "," or shared or any(part in self._labels for part in parts):
                return True
        return False

    def _are_labels(self, separator: str, parts: Sequence[str]) -> bool:
        if len(set(parts)) < 2:
            return False
        known = [part in self._labels for part in parts]
        again = [part in self._labels or self._uses[part] > 1 for part in parts]
        return all(known) or (separator in "|;" and all(again))


def _partings(label: str) -> Iterator[tuple[str, list[str]]]:
    for separator in _HARD + _SOFT:
        if separator in label:
            parts = [part.strip() for part in label.split(separator)]
            if len(parts) > 1 and all(parts):
                yield separator, parts


def is_list(label: str) -> bool:
    """Whether a text is a list as Python writes it: `['cat', 'dog']`."""
    if len(label) > _LONGEST_LIST or not (label.startswith(("[", "(", "{")) and label.endswith(("]", ")", "}"))):
        return False
    try:
        found = ast.literal_eval(label)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return isinstance(found, list | tuple | set)
