"""The vectors of images that somebody likes: those of the index, or of images that are read for it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from kerastl._paths import expand
from kerastl.embedding._embedder import Embedder
from kerastl.errors import ImageError, UsageError
from kerastl.index import Index
from kerastl.index._known import KnownImages
from kerastl.inference._open import EngineName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Liked:
    """Finds vectors.

    Args:
        index: Where images may be known.
        engine: What runs the network for those that are not.
        trust: Whether a saved model may run any code.
    """

    def __init__(self, index: Index, engine: EngineName = "auto", trust: bool = False) -> None:
        self._index = index
        self._engine = engine
        self._trust = trust
        self._known = KnownImages(index.table, str(index.root))

    @cached_property
    def _embedder(self) -> Embedder:
        return self._index.embedder(self._engine, self._trust)

    def of(
        self, paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], name: str
    ) -> dict[str, NDArray[np.float32]]:
        """The vectors of images, by their paths as the index has them.

        Args:
            paths: Images, folders or patterns; those of the index may also be named as it names them.
            name: Of the argument.

        Raises:
            UsageError: They are no paths.
            ImageError: One cannot be read.
        """
        several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        if wrong := [path for path in several if not isinstance(path, str | os.PathLike)]:
            raise UsageError(f"{name} must be paths of images. Received: {type(wrong[0]).__name__}")
        found = {}
        for path in expand([self._where(os.fspath(path)) for path in several]):
            stored = self._known.stored(path)
            found[stored] = self._vector(path, stored)
        return found

    def _where(self, path: str) -> str:
        """A file; one that is only there as the index names it, from its root."""
        if os.path.lexists(path) or self._known.find(path) is None:
            return path
        return self._index.file(path)

    def _vector(self, path: str, stored: str) -> NDArray[np.float32]:
        known, place = self._known(path), self._known.find(stored)
        if known is not None:
            return self._index.vectors()[known.places[0]]
        if place is not None and not os.path.lexists(path):
            return self._index.vectors()[place]
        (image,) = self._embedder.stream([path])
        if image.vector is None:
            raise ImageError(path, image.error or "it has no vector")
        return image.vector.astype("float32", copy=False)
