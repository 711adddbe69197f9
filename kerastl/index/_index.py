"""An index: what is known of many images, in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.files import folder_path
from kerastl._progress import Verbose, shown
from kerastl.embedding._embedder import Embedder, VectorDType, load_embedder
from kerastl.errors import KerastlError, UsageError
from kerastl.images import ResizePolicy
from kerastl.index._added import Added
from kerastl.index._approximate import search_approximately
from kerastl.index._creating import check_new, make
from kerastl.index._facts import IndexFacts, read_facts
from kerastl.index._nearest import nearest, unit_rows
from kerastl.index._paths import located
from kerastl.index._table import ImageTable
from kerastl.inference._open import EngineName
from kerastl.models._feature_model import FeatureName

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT_BYTES = 1 << 29  # of vectors that stay in memory between searches


class Index:
    """Images with their vectors, labels and predictions, in a folder.

    Images have places: 0 to n - 1, in the order of their paths. They are those of the moment at which the index was
    opened, or last added to by this object, whatever other processes do meanwhile.

    Args:
        folder: With an index in it; `Index.create` makes one.

    Raises:
        MissingExtraError: LanceDB is not installed.
        MissingDataError: There is no index there.
        KerastlError: It is damaged, or of a later version.

    Example:
        >>> from kerastl.index import Index
        >>> index = Index.create("shapes.db", "kerastl_mini", root="data/shapes")
        >>> index.add("data/shapes").added
        88
        >>> places, similarities = Index("shapes.db").search(index.vectors()[:1], top=3)
        >>> index.paths()[places[0, 0]], similarities.shape
        ('circle/circle_00.jpg', (1, 3))
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = folder_path(folder, "folder")
        self._facts = read_facts(self.folder)
        self._table = ImageTable(self.folder, self._facts)
        self._kept: np.ndarray | None = None

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike[str],
        model: str | os.PathLike[str] | None = None,
        *,
        root: str | os.PathLike[str] = ".",
        features: FeatureName = "last",
        dtype: VectorDType = "float32",
        resize: ResizePolicy | None = None,
        engine: EngineName = "auto",
        trust: bool = False,
    ) -> Index:
        """Make an index without images.

        Args:
            folder: That is not there yet, or empty.
            model: As for `kerastl.load`, and so are `resize`, `engine` and `trust`; no exported file.
            root: The folder that paths of images below it are kept relative to.
            features: As for `kerastl.embedding.Embedder`.
            dtype: Likewise.
            resize: How images become the network's input.
            engine: What runs the network.
            trust: Whether a saved model may run any code.

        Raises:
            UsageError: An argument is wrong, or something else is in the folder.
            KerastlError: The folder cannot be written.

        Example:
            >>> from kerastl.index import Index
            >>> len(Index.create("new.db", "kerastl_mini"))
            0
        """
        path = folder_path(folder, "folder")
        check_new(path)
        embedder = load_embedder(model, features=features, dtype=dtype, resize=resize, engine=engine, trust=trust)
        return cls.of_embedder(path, embedder, model, Path(root), resize)

    @classmethod
    def of_embedder(
        cls,
        folder: Path,
        embedder: Embedder,
        model: str | os.PathLike[str] | None,
        root: Path,
        resize: ResizePolicy | None = None,
    ) -> Index:
        """Make an index without images, for the vectors of an embedder.

        Args:
            folder: That is not there yet, or empty.
            embedder: Makes the vectors.
            model: What it was loaded from.
            root: The folder that paths are kept relative to.
            resize: What it was loaded with.
        """
        facts = IndexFacts(
            reference(embedder.classifier.name if model is None else model),
            embedder.identity,
            embedder.dimension,
            str(root.absolute()),
            embedder.features,
            embedder.dtype,
            resize,
        )
        return cls.of_facts(folder, facts)

    @classmethod
    def of_facts(cls, folder: Path, facts: IndexFacts) -> Index:
        """Make an index without images.

        Args:
            folder: That is not there yet, or empty.
            facts: What its vectors are to be.
        """
        make(folder, facts)
        return cls(folder)

    def embedder(self, engine: EngineName = "auto", trust: bool = False) -> Embedder:
        """Load what makes vectors that can be compared with those of the index.

        Args:
            engine: As for `kerastl.load`, and so is `trust`.
            trust: Whether a saved model may run any code.

        Raises:
            UsageError: The model is not there any more.
            KerastlError: It is another one than when the index was made.
        """
        facts = self._facts
        options: dict[str, Any] = {"features": facts.features, "dtype": facts.dtype, "resize": facts.resize}
        found = load_embedder(facts.model, **options, engine=engine, trust=trust)
        self.check_embedder(found)
        return found

    def check_embedder(self, embedder: Embedder) -> None:
        """Raise `KerastlError` for one whose vectors cannot be compared with those of the index."""
        if embedder.identity != self._facts.identity or embedder.dimension != self._facts.dimension:
            raise KerastlError(
                f"{self.folder}: has vectors of {self._facts.model} as it was when the index was made, which cannot be "
                f"compared with those of {embedder.classifier.name} as it is now; make an index in another folder"
            )

    def add(
        self,
        sources: Any = (),
        *,
        labels: Any = None,
        prune: bool = False,
        engine: EngineName = "auto",
        trust: bool = False,
        verbose: Verbose = "auto",
    ) -> Added:
        """Add images, as `kerastl.index.build` does.

        Args:
            sources: Paths, folders or patterns, as in `Classifier.classify`.
            labels: A labeled folder or a table, as `kerastl.data.scan` takes it.
            prune: Whether images whose files are gone are removed.
            engine: As for `kerastl.load`, and so are `trust` and `verbose`.
            trust: Whether a saved model may run any code.
            verbose: What is shown while it works.

        Raises:
            UsageError: An argument is wrong, or another process works with the index.
            KerastlError: The index cannot be written.

        Example:
            >>> from kerastl.index import Index
            >>> index = Index.create("photos.db", "kerastl_mini")
            >>> print(index.add(["data/candle.jpg", "data/umbrella.png"]))
            2 added
            >>> print(index.add(["data/candle.jpg"]))
            1 unchanged
        """
        from kerastl.index._build import add_images

        with shown(verbose):
            return add_images(self, sources, lambda: self.embedder(engine, trust), labels=labels, prune=prune)

    def use(self, table: ImageTable, facts: IndexFacts) -> None:
        """Show the index as a process has just written it."""
        self._table, self._facts, self._kept = table, facts, None

    @property
    def table(self) -> ImageTable:
        """The table of the images, as the index shows it."""
        return self._table

    @property
    def facts(self) -> IndexFacts:
        """What is the same for all images."""
        return self._facts

    @property
    def model(self) -> str:
        """The model whose vectors these are, as `kerastl.load` takes it."""
        return self._facts.model

    @property
    def root(self) -> Path:
        """The folder that paths are relative to."""
        return Path(self._facts.root)

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return f"Index({str(self.folder)!r}, {len(self):,} images, {self.model})"

    def paths(self) -> list[str]:
        """The paths of the images, sorted: relative to the root where they lie below it."""
        return self._table.paths

    def file(self, path: str) -> str:
        """Where an image of this path lies.

        Args:
            path: As `paths` gives it.
        """
        return located(self._facts.root, path)

    def rows(self, columns: Sequence[str] | None = None) -> pa.Table:
        """What is known of the images, in the order of `paths`.

        Args:
            columns: Some of `path`, `content` (a hash), `size`, `mtime_ns`, `vector`, `label`, `split`, `predicted`
                (what the model says), `score` and `added`; None takes all.

        Raises:
            UsageError: There is no such column.
        """
        known = self._table.schema.names
        if columns is not None and (unknown := [name for name in columns if name not in known]):
            raise UsageError(f"columns must be some of {', '.join(known)}. Received: {', '.join(unknown)}")
        return self._table.rows(columns)

    def vectors(self) -> np.ndarray:
        """The vectors of all images, float32 (n, d), of length 1, in the order of `paths`."""
        if self._kept is not None:
            return self._kept
        found = np.zeros((len(self), self._facts.dimension), np.float32)
        for places, vectors in self._table.blocks():
            found[places] = vectors
        if found.nbytes <= _KEPT_BYTES:
            found.flags.writeable = False
            self._kept = found
        return found

    def search(self, vectors: Any, top: int = 10, *, exact: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Find the images nearest to vectors.

        Args:
            vectors: Shape (q, d), of the same model, of any length.
            top: How many images for each.
            exact: Whether all images are compared, also where there is an index for approximate search.

        Returns:
            Their places, int64 (q, top), and similarities (cosines), float32 (q, top), the nearest first; fewer columns
            where there are fewer images.

        Raises:
            UsageError: The vectors have another shape or are not finite, or `top` is not positive.
        """
        queries = np.asarray(vectors, np.float32)
        if queries.ndim != 2 or queries.shape[1] != self._facts.dimension:
            wanted = f"(q, {self._facts.dimension})"
            raise UsageError(f"vectors must have the shape {wanted}. Received: shape={queries.shape}")
        if not np.isfinite(queries).all():
            raise UsageError("vectors must be finite numbers")
        if top < 1:
            raise UsageError(f"top must be at least 1. Received: {top}")
        queries = unit_rows(queries)
        if self._facts.approximate is not None and not exact:
            found = search_approximately(self._table, self._facts.approximate, queries, top)
            if found is not None:
                return found
        if len(self) * self._facts.dimension * 4 <= _KEPT_BYTES:
            return nearest([(np.arange(len(self)), self.vectors())], queries, top)
        return nearest(self._table.blocks(), queries, top)


def reference(model: str | os.PathLike[str]) -> str:
    """A model as an index keeps it: the absolute path of a file or a folder, or a name."""
    named = os.fspath(model)
    return os.path.abspath(named) if os.path.exists(named) else named  # noqa: PTH100, PTH110 - names are no paths
