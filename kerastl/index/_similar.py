"""`kerastl.index.similar`: the images of an index that are most like another."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl._inputs import only
from kerastl._progress import Verbose, shown
from kerastl.embedding._embedder import Embedder
from kerastl.embedding._image_file import read_image_file
from kerastl.errors import ImageError
from kerastl.index._index import Index
from kerastl.index._paths import from_here, stored
from kerastl.inference._open import EngineName
from kerastl.sources._addresses import is_address
from kerastl.sources._by_name import archive_of, image_named

if TYPE_CHECKING:
    import numpy as np

    from kerastl.images._loading import ImageLike


@dataclass(frozen=True)
class Similar:
    """An image that is like another.

    Args:
        path: Where it lies, from the current folder if it is below that.
        similarity: The cosine of the two vectors, between -1 and 1: 1 for the same image.
        label: What somebody has said it shows; None where nobody has.
        predicted: What the model says.
        score: Of that; None of numbers.

    Example:
        >>> from kerastl.index import Similar
        >>> print(Similar("photos/rose.jpg", 0.8712, "rose"))
        0.871  photos/rose.jpg  rose
    """

    path: str
    similarity: float
    label: str | None = None
    predicted: str | None = None
    score: float | None = None

    def __str__(self) -> str:
        said = [f"{self.similarity:.3f}", printable(self.path)]
        return "  ".join([*said, printable(self.label)] if self.label else said)


@dataclass(frozen=True)
class SimilarImages:
    """What is like an image.

    Args:
        path: Of the image; empty where it is no file.
        images: The nearest first.

    Example:
        >>> from kerastl.index import Similar, SimilarImages
        >>> print(SimilarImages("rose.jpg", (Similar("photos/tulip.jpg", 0.71),)))
        0.710  photos/tulip.jpg
    """

    path: str
    images: tuple[Similar, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.images)) or "nothing else is in the index"

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for it in JSON."""
        return {"path": self.path, "similar": [asdict(image) for image in self.images]}


def similar(
    image: ImageLike,
    db: str | os.PathLike[str] | Index,
    top: int = 12,
    *,
    exact: bool = False,
    engine: EngineName = "auto",
    trust: bool = False,
    verbose: Verbose = "auto",
) -> SimilarImages:
    """Find the images of an index that are most like an image.

    Args:
        image: As for `Classifier.classify`; a file that is in the index is not read, and not among the answers.
        db: The folder of the index, or the index.
        top: How many are wanted.
        exact: Whether all images are compared, also where there are so many that an approximate search is faster.
        engine: As for `kerastl.load`, and so are `trust` and `verbose`.
        trust: Whether a saved model may run any code.
        verbose: What is shown while it works.

    Raises:
        UsageError: An argument is wrong, or there is no index.
        ImageError: The image cannot be read.
        KerastlError: The index is damaged, or its model is not there or another one now.

    Example:
        >>> from kerastl.index import build, similar
        >>> print(build("data/shapes", "similar.db", "kerastl_mini", labels="data/shapes"))
        88 added
        >>> len(similar("data/shapes/star/star_03.jpg", "similar.db", top=5).images)
        5
    """
    index = db if isinstance(db, Index) else Index(db)
    with shown(verbose):
        return SimilaritySearch(index, lambda: index.embedder(engine, trust), top, exact).of(image)


class SimilaritySearch:
    """Finds what is like images, one after the other.

    Args:
        index: Where to look.
        load: Loads what makes vectors; called for the first image that is not in the index.
        top: How many are wanted.
        exact: Whether all images are compared.
    """

    def __init__(self, index: Index, load: Callable[[], Embedder], top: int, exact: bool = False) -> None:
        self._index = index
        self._load = load
        self._top = top
        self._exact = exact

    @cached_property
    def _embedder(self) -> Embedder:
        return self._load()

    def of(self, image: Any) -> SimilarImages:
        """What is like an image.

        Raises:
            ImageError: It cannot be read.
        """
        image = only(image)
        path = os.fspath(image) if isinstance(image, (str, os.PathLike)) else None
        if path is None:
            vector, own = self._embedder.classifier.embed(image, features=self._embedder.features)[0], None
        else:
            own = self._index.table.find(stored(str(self._index.root), path))
            vector = self._of_file(path, own)
        places, near = self._index.search(vector[None], self._top + (own is not None), exact=self._exact)
        found = [(int(at), float(value)) for at, value in zip(places[0], near[0], strict=True) if at != own]
        return SimilarImages(path or "", self._described(found[: self._top]))

    def _of_file(self, path: str, own: int | None) -> np.ndarray:
        """The vector of a file: that of the index, where its size and time or its content are known."""
        table = self._index.table
        if own is not None and not is_address(path):
            (row,) = table.at([own])
            if archive_of(path) is not None:
                return row["vector"]
            with suppress(OSError):
                status = os.stat(path)  # noqa: PTH116 - as text
                if (row["size"], row["mtime_ns"]) == (status.st_size, status.st_mtime_ns):
                    return row["vector"]
        file = image_named(path)
        if same := table.with_content(read_image_file(file).hash):
            return table.at(same[:1])[0]["vector"]
        (image,) = self._embedder.stream([file])
        if image.vector is None:
            raise ImageError(path, image.error or "it has no vector")
        return image.vector

    def _described(self, found: list[tuple[int, float]]) -> tuple[Similar, ...]:
        rows = self._index.table.at([place for place, _ in found])
        return tuple(
            Similar(
                from_here(self._index.file(row["path"])), round(near, 6), row["label"], row["predicted"],
                _short(row["score"]),
            )
            for row, (_, near) in zip(rows, found, strict=True)
        )  # fmt: skip


def _short(score: float | None) -> float | None:
    """A score with the digits that float32 has."""
    return None if score is None else float(f"{score:.7g}")
