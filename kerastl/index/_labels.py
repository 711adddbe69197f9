"""The labels and splits of images in an index, from labeled folders and tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kerastl import _progress as progress
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
    for warning in dataset.warnings:
        progress.current().say(f"kerastl: {warning}")
    root = os.path.abspath(dataset.root)  # noqa: PTH100 - as text
    return {os.path.normpath(os.path.join(root, item.path)): Label(item.label, item.split) for item in dataset.items}  # noqa: PTH118


def relabeled(images: KnownImages, labels: Mapping[str, Label]) -> pa.Table:
    """The rows whose label or split changes: `path`, `label` and `split`; tells of labels that no image has."""
    import pyarrow as pa

    found: dict[str, Label] = {}
    unknown = 0
    for file, label in labels.items():
        stored = images.stored(file)
        place = images.find(stored)
        if place is None:
            unknown += 1
        elif (images.value("label", place), images.value("split", place)) != label:
            found[stored] = label
    if unknown:
        progress.current().say(
            f"kerastl: {unknown:,} of {len(labels):,} labels are of images that are not in the index"
        )
    names, splits = [label.label for label in found.values()], [label.split for label in found.values()]
    columns = {"path": list(found), "label": names, "split": splits}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
