"""The order of classes, where they have one: as it is given, or by the numbers that they are named after."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from kerastl._base.text import listed, printable
from kerastl.data._dataset import Dataset
from kerastl.errors import DataError, UsageError
from kerastl.tasks._task import ORDINAL

# A number, perhaps the lower end of a range or with a unit behind it: 3, 0.5, 10-19, 65+, 2 stars.
_NUMBERED = re.compile(r"(?P<number>[+-]?\d+([.,]\d+)?)(?P<rest>\D.*)?", re.DOTALL)


def with_order(dataset: Dataset, order: Sequence[str] | None) -> Dataset:
    """Put the classes of a data set into their order, from the lowest to the highest.

    Args:
        dataset: With classes in any order.
        order: All of them, in theirs; None takes that of the numbers with which all names begin.

    Returns:
        The same images, for the task `ordinal`; its layout says the order.

    Raises:
        UsageError: `order` names a class twice.
        DataError: `order` lacks a class or names an unknown one; or there is none, and names tell none.

    Example:
        >>> from kerastl.data import scan
        >>> from kerastl.data._class_order import with_order
        >>> dataset = with_order(scan("data/shapes"), ["circle", "triangle", "square", "star"])
        >>> dataset.classes
        ('circle', 'triangle', 'square', 'star')
    """
    if order is None:
        classes = _by_number(dataset)
        how = f"in the order of their numbers ({_in_short(classes)})"
    else:
        classes = _as_given(dataset, order)
        how = f"in the order {_in_short(classes)}"
    return replace(dataset, classes=classes, layout=f"{dataset.layout}, {how}", task=ORDINAL)


def _by_number(dataset: Dataset) -> tuple[str, ...]:
    numbers = [_number(name) for name in dataset.classes]
    found = {number: name for number, name in zip(numbers, dataset.classes, strict=True) if number is not None}
    if len(found) < len(dataset.classes):
        odd = [name for name, number in zip(dataset.classes, numbers, strict=True) if number is None]
        why = f"'{printable(odd[0])}' begins with no number" if odd else "some begin with the same number"
        raise DataError(
            f"{dataset.called}: the order of the classes is not known ({why}); give all of them from the lowest to the "
            f"highest: --order {','.join(map(printable, dataset.classes[:5]))}{',...' * (len(dataset.classes) > 5)}"
        )
    return tuple(found[number] for number in sorted(found))


def _number(name: str) -> float | None:
    found = _NUMBERED.fullmatch(name.strip())
    return float(found["number"].replace(",", ".")) if found else None


def _as_given(dataset: Dataset, order: Sequence[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in order)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"order names {listed(twice)} twice")
    if unknown := [name for name in names if name not in dataset.classes]:
        close = difflib.get_close_matches(unknown[0], dataset.classes, n=1)
        hint = f"did you mean '{printable(close[0])}'?" if close else f"there are {listed(dataset.classes)}"
        is_no = "is no class" if len(unknown) == 1 else "are no classes"
        raise DataError(f"{dataset.called}: {listed(unknown)} in the order {is_no} of the data; {hint}")
    if lacking := [name for name in dataset.classes if name not in names]:
        raise DataError(f"{dataset.called}: the order lacks {listed(lacking)}; name every class of the data once")
    return names


def _in_short(classes: Sequence[str]) -> str:
    shown = classes if len(classes) <= 6 else (*classes[:3], "...", classes[-1])
    return " < ".join(map(printable, shown))
