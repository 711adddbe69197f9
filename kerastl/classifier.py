"""The classifier: pictures in, classes out, whatever the network behind it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from kerastl.card import Card
from kerastl.errors import ImageError, UsageError
from kerastl.images import RESIZE_POLICIES, ResizePolicy, load_pixels
from kerastl.labels import Classification, LabelSet, decode
from kerastl.reference import DEFAULT_MODEL, Reference, resolve
from kerastl.runtime.engines import Engine
from kerastl.runtime.ordered import ordered_map
from kerastl.runtime.select import EngineName, open_engine

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np
    from PIL.Image import Image

    # One picture: a file, a PIL image, or a uint8 array of shape (height, width, 3).
    Picture: TypeAlias = str | bytes | os.PathLike[str] | Image | np.ndarray
    OnError: TypeAlias = Literal["raise", "return"]


def load(
    name_or_path: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    batch_size: int | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Classifier:
    """Load a classifier.

    Args:
        name_or_path: A name of the catalogue (`kerastl models` lists them), or the run folder or `.keras` file of a
            model that kerastl fine-tuned.
        resize: How pictures become the network's input: `crop` (antialiased, centre crop), `squash`, `pad`, or
            `keras` (what `keras.utils.load_img` does). `None` takes what belongs to the model.
        engine: `auto` runs the network compiled, without TensorFlow, where it can; `litert` insists on that;
            `keras` runs the Keras model.
        batch_size: Pictures that go through the network together; `None` takes what this machine does fastest.
        progress: Told of a download: file name, bytes so far, bytes in all if known.

    Returns:
        The classifier. The first use of a network with given weights compiles it, which takes some seconds.

    Raises:
        UsageError: An argument is wrong.
        WeightsError: Published weights are not there and cannot be fetched, or are broken.
        ModelError: The saved model is broken.
    """
    if resize is not None and resize not in RESIZE_POLICIES:
        raise UsageError(f"resize must be one of {', '.join(RESIZE_POLICIES)}. Received: {resize!r}")
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"batch_size must be at least 1. Received: {batch_size}")
    reference = resolve(name_or_path, progress)
    if resize is not None:
        card = replace(reference.card, resize=replace(reference.card.resize, policy=resize))
        reference = replace(reference, card=card)
    return Classifier(reference, open_engine(reference, engine), batch_size)


class Classifier:
    """A network with its labels and its way of reading pictures. `load` makes one.

    Args:
        reference: The model.
        engine: What runs it.
        batch_size: Pictures that go through the network together; `None` takes the engine's choice.
    """

    def __init__(self, reference: Reference, engine: Engine, batch_size: int | None = None) -> None:
        self._reference = reference
        self._engine = engine
        self._plan = engine.plan if batch_size is None else replace(engine.plan, batch=batch_size)

    @property
    def card(self) -> Card:
        """The model's name, labels and resizing."""
        return self._reference.card

    @property
    def file(self) -> Path:
        """The file that the weights come from: `model.keras` in the run folder of a fine-tuned model."""
        return self._reference.weights_file

    @property
    def name(self) -> str:
        """What results call the model."""
        return self.card.name

    @property
    def labels(self) -> LabelSet:
        """The classes in the order of the scores."""
        return self.card.labels

    @property
    def engine(self) -> str:
        """What runs the network: `litert` or `keras`."""
        return self._engine.name

    def __repr__(self) -> str:
        resize = self.card.resize
        return (
            f"<Classifier {self.name}: {len(self.labels)} classes, {resize.width}x{resize.height} pixels "
            f"({resize.policy}), {self.engine}>"
        )

    def keras_model(self) -> keras.Model:
        """Build the Keras model.

        Returns:
            A functional model: float32 pixels 0-255 of shape (n, height, width, 3) in, float32 probabilities of
            shape (n, classes) out.
        """
        return self._reference.build()

    def classify(self, pictures: Picture | Iterable[Picture], top: int = 5, *, errors: OnError = "raise") -> Any:
        """Say what pictures show.

        Args:
            pictures: One picture, or many: a path, a PIL image, or a uint8 array of shape (height, width, 3), RGB.
                An array of shape (n, height, width, 3) is n pictures.
            top: How many classes a picture; more than there are means all.
            errors: `raise` an `ImageError` for a picture that cannot be read, or `return` a result that has `error`
                set in its place.

        Returns:
            One `Classification` for one picture; a list for a list, tuple or array; for any other iterable an
            iterator that reads ahead by a few pictures only.

        Raises:
            ImageError: A picture cannot be read.
            UsageError: `top` is less than 1, or a picture is of another kind.
        """
        if errors not in ("raise", "return"):
            raise UsageError(f"errors must be 'raise' or 'return'. Received: {errors!r}")
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise UsageError(f"top must be a whole number of at least 1. Received: {top!r}")
        if _is_one(pictures):
            return self._classify_group([pictures], top, errors)[0]
        stream = self.stream(pictures, lambda group: self._classify_group(group, top, errors))
        return stream if not _is_sized(pictures) else list(stream)

    def predict_proba(self, pictures: Picture | Iterable[Picture]) -> np.ndarray:
        """Compute the probability of every class.

        Args:
            pictures: As for `classify`.

        Returns:
            float32 array of shape (n, classes); n is 1 for one picture. Rows are in the order of the pictures.

        Raises:
            ImageError: A picture cannot be read.
        """
        import numpy as np

        many: Any = [pictures] if _is_one(pictures) else pictures
        rows = list(self.stream(many, lambda group: list(self._scores([self.pixels(p) for p in group]))))
        return np.stack(rows) if rows else np.empty((0, len(self.labels)), np.float32)

    def pixels(self, picture: Picture) -> np.ndarray:
        """Read a picture as the network gets it.

        Returns:
            uint8 array of shape (height, width, 3), RGB.

        Raises:
            ImageError: It cannot be read.
        """
        if isinstance(picture, ImageError):
            raise picture
        return load_pixels(picture, self.card.resize)

    def predict_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """Compute the probability of every class for pictures that `pixels` has read; threads may share this.

        Args:
            pixels: uint8 array of shape (n, height, width, 3), RGB, of the network's own size.

        Returns:
            float32 array of shape (n, classes).
        """
        return self._engine.predict(pixels)

    def stream(self, items: Any, work: Callable[[list[Any]], list[Any]]) -> Iterator[Any]:
        """Apply a function to groups of items, in as many threads and as large groups as suit the model.

        Args:
            items: Any iterable, read a little ahead.
            work: From a list of items to as many results.

        Yields:
            The results, one by one, in the order of the items.
        """
        return ordered_map(work, items, self._plan.workers, self._plan.batch)

    def _classify_group(self, group: list[Any], top: int, errors: OnError) -> list[Classification]:
        results: list[Classification | None] = []
        pixels = []
        for picture in group:
            try:
                pixels.append(self.pixels(picture))
                results.append(None)
            except ImageError as error:
                if errors == "raise":
                    raise
                results.append(Classification(_path(picture), self.name, error=error.reason))
        best = iter(decode(self._scores(pixels), self.labels, top) if pixels else [])
        return [
            Classification(_path(picture), self.name, next(best)) if result is None else result
            for picture, result in zip(group, results, strict=True)
        ]

    def _scores(self, pixels: list[np.ndarray]) -> np.ndarray:
        import numpy as np

        return self.predict_pixels(np.stack(pixels))


def _is_one(pictures: object) -> bool:
    if isinstance(pictures, (str, bytes, os.PathLike)):
        return True
    # A PIL image, or an array that is not a batch; told by what they have, so that neither need be imported.
    if hasattr(pictures, "getbands"):
        return True
    return hasattr(pictures, "ndim") and pictures.ndim != 4


def _is_sized(pictures: object) -> bool:
    return isinstance(pictures, Sequence) or hasattr(pictures, "ndim")


def _path(picture: object) -> str | None:
    if isinstance(picture, ImageError):
        return picture.path
    if isinstance(picture, (str, bytes, os.PathLike)):
        return os.fsdecode(picture)
    return os.fsdecode(getattr(picture, "filename", None) or "") or None
