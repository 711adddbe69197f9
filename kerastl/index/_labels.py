"""The labels and splits of images in an index, from labeled folders and tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kerastl.data._dataset import Dataset
from kerastl.data._scan import scan
from kerastl.index._known import KnownImages

if TYPE_CHECKING:
    import pyarrow as pa


class Label(NamedTuple):
    """What is said of an image.

    Args:
        label: As in `kerastl.data.Item`.
        split: Likewise.
    """

    label: str | None
    split: str | None


def read_labels(data: Any) -> dict[str, Label]:
    """The labels of a folder or a table, as `kerastl.data.scan` takes it, by the absolute paths of images.

    Raises:
        DataError: There are no labels.
    """
    dataset: Dataset = scan(data, for_training=False)
    root = os.path.abspath(dataset.root)  # noqa: PTH100 - as text
    return {os.path.normpath(os.path.join(root, item.path)): Label(item.label, item.split) for item in dataset.items}  # noqa: PTH118


def relabeled(images: KnownImages, labels: Mapping[str, Label]) -> pa.Table:
    """The rows whose label or split changes: `path`, `label` and `split`."""
    import pyarrow as pa

    found: dict[str, Label] = {}
    for file, label in labels.items():
        stored = images.stored(file)
        place = images.find(stored)
        if place is not None and (images.value("label", place), images.value("split", place)) != label:
            found[stored] = label
    columns = (found, (each.label for each in found.values()), (each.split for each in found.values()))
    names = ("path", "label", "split")
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, map(list, columns), strict=True)}
    )
