"""The images that formats in integers are fitted to; their labels do not matter."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from typing import Any

from kerastl._inputs import given
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._scan import scan_as
from kerastl.errors import DataError, MissingDataError, UsageError


def images_in(data: Any) -> Iterable[Any]:
    """The images in what was given.

    Args:
        data: Labeled images as `kerastl.data.scan` takes them, or others as `Classifier.classify` takes many.

    Returns:
        Each something that `load_pixels` takes, or the error of one that is not to be read.

    Raises:
        MissingDataError: It is a path, and there is nothing.
        UsageError: It is neither.
    """
    try:
        dataset = scan_as(data, TableColumns(), for_training=False)
    except (DataError, UsageError) as error:  # without labels
        if isinstance(error, MissingDataError) and _is_missing(os.fsdecode(data)):
            raise
        return given(data).images
    return [dataset.root / item.path for item in dataset.items]


def _is_missing(path: str) -> bool:
    return not os.path.lexists(path) and not glob.has_magic(path)
