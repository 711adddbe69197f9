"""From the paths of images to their vectors, in a stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from kerastl._classifier import Classifier
from kerastl._image_groups import dimension
from kerastl._inputs import given, name_of
from kerastl._load import check_resize, find_model
from kerastl.calibration import _temperature as temperature
from kerastl.embedding._image_file import read_image_file
from kerastl.errors import ImageError, UsageError
from kerastl.inference._open import EngineName, open_engine
from kerastl.models._feature_model import FeatureName, check_features, feature_model
from kerastl.sources._stored_image import StoredImage

if TYPE_CHECKING:
    import numpy as np

    from kerastl.images import ResizePolicy

VectorDType: TypeAlias = Literal["float32", "float16"]
DTYPES: tuple[VectorDType, ...] = ("float32", "float16")
"""Of vectors: half precision takes half the room, and changes a cosine by less than 0.001."""


@dataclass(frozen=True)
class EmbeddedImage:
    """What became of an image.

    Args:
        path: As it was given.
        content: The content hash of its file, 32 hexadecimal digits; empty where it cannot be read.
        size: Of the file, in bytes.
        mtime_ns: When the file was last written, in nanoseconds since 1970.
        vector: Shape (d,), of length 1; None where there is none.
        probabilities: float32 of shape (classes,), as `Classifier.predict_proba` gives them; None likewise.
        error: Why there is no vector; None where there is one.

    Example:
        >>> from kerastl.embedding import EmbeddedImage
        >>> EmbeddedImage("photo.jpg", error="no such file").vector is None
        True
    """

    path: str
    content: str = ""
    size: int = 0
    mtime_ns: int = 0
    vector: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    error: str | None = None


class Embedder:
    """Makes vectors of image files.

    Args:
        classifier: Its network has the features.
        features: `last` for what the last layer decides by; `deep` for several layers, see `Classifier.embed`.
        dtype: Of the vectors: `float32` or `float16`.

    Raises:
        UsageError: An argument is wrong.

    Example:
        >>> import kerastl
        >>> from kerastl.embedding import Embedder
        >>> embedder = Embedder(kerastl.load("kerastl_mini"))
        >>> images = list(embedder.stream(["data/candle.jpg", "data/umbrella.png"]))
        >>> images[0].path, images[0].vector.shape
        ('data/candle.jpg', (320,))
    """

    def __init__(self, classifier: Classifier, features: FeatureName = "last", dtype: VectorDType = "float32") -> None:
        check_features(features)
        check_dtype(dtype)
        self.classifier = classifier
        self.features = features
        self.dtype = dtype
        self._temperature = temperature.to_apply(classifier.metadata)

    @property
    def identity(self) -> str:
        """What vectors depend on, as text: only those of the same identity can be compared."""
        return f"{self.classifier.identity}-{self.features}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has. The first use compiles the network."""
        return dimension(self.classifier, self.features)

    def stream(
        self,
        paths: Any,
        known: Callable[[str], EmbeddedImage | None] | None = None,
        known_stored: Callable[[EmbeddedImage], EmbeddedImage | None] | None = None,
    ) -> Iterator[EmbeddedImage]:
        """Embed images, in threads; the results come in their order, and a few images ahead are read only.

        Args:
            paths: Of files; folders and patterns stand for the images in them, as in `Classifier.classify`.
            known: Gives what is known of a file already, by its path: then it is not read; or None. Threads call it.
            known_stored: Gives the same of an image in an archive or a store, which has been read, or None.

        Yields:
            One result an image, also for one that cannot be read.

        Raises:
            UsageError: The model has no features, or something given is no path.
        """
        return self.classifier.stream(given(paths).images, partial(self._embed, known=known, known_stored=known_stored))

    def _embed(
        self,
        group: list[Any],
        known: Callable[[str], EmbeddedImage | None] | None,
        known_stored: Callable[[EmbeddedImage], EmbeddedImage | None] | None,
    ) -> list[EmbeddedImage]:
        import numpy as np

        found, pixels = zip(*(self._read(source, known, known_stored) for source in group), strict=True)
        readable = [place for place, each in enumerate(pixels) if each is not None]
        if not readable:
            return list(found)
        both = self.classifier.predict_features(np.stack([pixels[place] for place in readable]), self.features)
        results = list(found)
        for place, own, vector in zip(readable, temperature.apply(both[0], self._temperature), both[1], strict=True):
            if np.isfinite(vector).all():
                vector = vector.astype(self.dtype, copy=False)
                results[place] = replace(results[place], vector=vector, probabilities=own)
            else:
                results[place] = replace(results[place], error="the network's features of it are not finite")
        return results

    def _read(
        self,
        source: Any,
        known: Callable[[str], EmbeddedImage | None] | None,
        known_stored: Callable[[EmbeddedImage], EmbeddedImage | None] | None,
    ) -> tuple[EmbeddedImage, np.ndarray | None]:
        """What is known of a file before the network has seen it, and its pixels."""
        path = name_of(source)
        if known is not None and (before := known(path)) is not None:
            return before, None
        found = EmbeddedImage(path)
        try:
            if isinstance(source, ImageError):
                raise source
            file = read_image_file(source if isinstance(source, StoredImage) else path)
            found = EmbeddedImage(path, file.hash, len(file.content), file.mtime_ns)
            if isinstance(source, StoredImage) and known_stored is not None and (before := known_stored(found)):
                return before, None
            return found, self.classifier.pixels(file.opened())
        except ImageError as error:
            return replace(found, error=error.reason), None


def check_dtype(dtype: str) -> None:
    """Raise `UsageError` for a type that vectors cannot have."""
    if dtype not in DTYPES:
        raise UsageError(f"dtype must be one of {', '.join(DTYPES)}. Received: {dtype!r}")


def load_embedder(
    model: str | os.PathLike[str] | None = None,
    *,
    features: FeatureName = "last",
    dtype: VectorDType = "float32",
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    trust: bool = False,
) -> Embedder:
    """Load a model for its features: one network is compiled, which gives probabilities and vectors in one pass.

    Args:
        model: As for `kerastl.load`, and so are `resize`, `engine` and `trust`; no exported file.
        features: As for `Embedder`.
        dtype: Likewise.
        resize: How images become the network's input.
        engine: What runs the network.
        trust: Whether a saved model may run any code.

    Raises:
        UsageError: An argument is wrong, or the model is an exported file.
        WeightsError: Published weights are not there and cannot be fetched, or are broken.
        ModelError: The saved model is broken, or has no features.

    Example:
        >>> from kerastl.embedding import load_embedder
        >>> load_embedder("kerastl_mini").dimension
        320
    """
    check_features(features)
    check_dtype(dtype)
    check_resize(resize)
    spec = find_model(model, resize, trust=trust)
    opened = open_engine(feature_model(spec, features), engine)
    return Embedder(Classifier(spec, opened, with_features=features), features, dtype)
