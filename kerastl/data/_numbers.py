"""Labels that are numbers: read from their texts, and described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kerastl._base.text import printable
from kerastl.data._dataset import Dataset, Item
from kerastl.data._layouts.numbers import as_label, float32_twins, read_numbers
from kerastl.errors import DataError
from kerastl.tasks._task import REGRESSION


def with_numbers(
    dataset: Dataset, name: str, where: Callable[[Item], str] | None = None, *, for_training: bool = True
) -> Dataset:
    """Read the labels of a data set as numbers.

    Args:
        dataset: Its labels are texts.
        name: What the number is called: its column.
        where: Where the label of an image stands, for messages; default is its path.
        for_training: Whether the images are to be learnt from.

    Returns:
        The same images, for the task `regression`; the layout says from where to where the numbers go.

    Raises:
        DataError: A label is no number; or all are the same, or differ by less than float32 can tell, where there is
            something to learn.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.data import Dataset, Item
        >>> from kerastl.data._numbers import with_numbers
        >>> items = (Item("a.jpg", "12,5"), Item("b.jpg", "7,0"))
        >>> dataset = with_numbers(Dataset(Path("photos"), ("12,5", "7,0"), items, "a table"), "age")
        >>> dataset.classes, dataset.labels(dataset.items).tolist(), dataset.layout
        (('age',), [12.5, 7.0], 'a table, age from 7 to 12.5')
    """
    places = [f"{dataset.called}: {printable(item.path)}" if where is None else where(item) for item in dataset.items]
    numbers = read_numbers([item.label for item in dataset.items], places)
    shown = printable(name)
    if for_training and len(set(numbers)) == 1:
        raise DataError(
            f"{dataset.called}: {shown} is {as_label(numbers[0])} for all {len(numbers):,} images; there is nothing to "
            "learn from a number that never changes"
        )
    if for_training and (twins := float32_twins(numbers)) is not None:
        low, high = map(as_label, twins)
        raise DataError(
            f"{dataset.called}: {shown} has {low} and {high}, which are the same in float32, in which networks "
            "compute; take a constant off all of them, or use a larger unit"
        )
    items = tuple(replace(item, label=as_label(number)) for item, number in zip(dataset.items, numbers, strict=True))
    extent = f", {shown} from {as_label(min(numbers))} to {as_label(max(numbers))}" if numbers else ""
    return replace(dataset, items=items, classes=(name,), layout=f"{dataset.layout}{extent}", task=REGRESSION)
