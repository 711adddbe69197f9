"""Which images are meant: files that a model knows by their content, and the labels they are to have."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import listed, printable
from kerastl._inputs import given
from kerastl.data._file_inspection import content_hashes
from kerastl.data._layouts.class_names import refuse_names
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._training_record import content_number
from kerastl.errors import DataError, ImageError, UsageError
from kerastl.finetuning._earlier_run import scan_new
from kerastl.finetuning._living.run import LivingRun


def given_files(images: Any) -> list[Path]:
    """The files that are named."""
    found = list(given(images, stored=False).images)
    for image in found:
        if isinstance(image, Exception):
            raise image
        if not isinstance(image, (str, os.PathLike)):
            raise UsageError(
                f"images must be files, which are known by their content. Received: {type(image).__name__}"
            )
    if not found:
        raise UsageError("there are no images in what was given")
    return list(dict.fromkeys(map(Path, found)))


def known_contents(run: LivingRun, files: Sequence[Path]) -> list[int]:
    """The beginning of the content hash of each file, which the model knows.

    Raises:
        DataError: It does not know one.
        ImageError: One cannot be read.
    """
    texts = content_hashes(files)
    for file, text in zip(files, texts, strict=True):
        if not text:
            raise ImageError(str(file), "there is no such file" if not file.exists() else "it cannot be read")
    contents = [content_number(text) for text in texts]
    unknown = [file for file, known in zip(files, np.isin(contents, run.kept.hashes), strict=True) if not known]
    if unknown:
        more = f", and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        raise DataError(
            f"{printable(str(unknown[0]))}: {printable(str(run.folder))} was not trained on that image{more} "
            "(images are known by the bytes of their files): nothing was changed"
        )
    return contents


def labeled_files(run: LivingRun, images: Any, label: str | None) -> tuple[list[Path], list[str]]:
    """Files and the label of each, from images of one label, or from a table."""
    if label is not None:
        files = given_files(images)
        return files, [label] * len(files)
    dataset = scan_new(images, TableColumns(), run.earlier.class_folders)
    return [dataset.file(item) for item in dataset.items], [item.label for item in dataset.items]


def check_labels(run: LivingRun, labels: Sequence[str], new_class: bool) -> None:
    """Refuse names that are none, and classes that the model does not know.

    Raises:
        UsageError: That is so.
    """
    names = tuple(dict.fromkeys(labels))
    refuse_names("the labels", names)
    unknown = [name for name in names if name not in run.kept.classes]
    if unknown and not new_class:
        close = difflib.get_close_matches(unknown[0], run.kept.classes, n=1)
        hint = f"did you mean {printable(close[0])!r}? " if close else ""
        raise UsageError(
            f"the model has no class {printable(unknown[0])!r}: {hint}new_class (--new-class) adds it to "
            f"{listed(run.kept.classes)}"
        )
