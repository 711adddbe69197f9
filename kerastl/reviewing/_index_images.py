"""The images of an index, with what a head says of them that is solved on their vectors."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.errors import DataError
from kerastl.reviewing._scored import ScoredImages, cross_answers, numbered


def index_images(db: str | os.PathLike[str], seed: int = 0) -> ScoredImages:
    """Gather what an index knows of its images.

    Args:
        db: Its folder.
        seed: Of what is drawn when the head is solved.

    Raises:
        MissingExtraError: LanceDB is not installed.
        KerastlError: There is no index, or it is damaged.
        DataError: Its labels are not of two classes with two images each or more.
    """
    from kerastl.index import Index

    index = Index(db)
    shown = printable(os.fspath(db))
    table = index.rows(["content", "label"]).to_pydict()
    names = [label or "" for label in table["label"]]
    classes = tuple(sorted({name for name in names if name}))
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places.get(name, -1) for name in names], np.int64)
    groups = numbered([content or "" for content in table["content"]])
    of_class = np.bincount(labels[labels >= 0], minlength=len(classes))
    if (of_class >= 2).sum() < 2:
        raise DataError(
            f"{shown}: its labels are not of two classes with two images each: kerastl index --db DIR --labels DATA "
            "takes those of a labeled folder or of a table"
        )
    vectors = index.vectors()
    with stage(f"ridge regression on {int((labels >= 0).sum()):,} images"):
        probabilities = cross_answers(vectors, labels, len(classes), groups, seed)
    return ScoredImages(
        f"the index {shown}", Path(index.root), index.paths(), classes, labels, probabilities, vectors, groups
    )
