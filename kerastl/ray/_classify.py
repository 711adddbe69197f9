"""Classify batches of a table: what an actor of Ray Data is made of."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kerastl._inputs import Expanded
from kerastl.errors import UsageError
from kerastl.ray._answer_columns import answer_columns
from kerastl.ray._batches import BATCHES, column_of
from kerastl.ray._processors import limit_processors

if TYPE_CHECKING:
    from kerastl._classifier import Classifier
    from kerastl.images import ResizePolicy
    from kerastl.inference._open import EngineName

IMAGE_COLUMNS = ("image", "bytes", "path")
"""The names of columns that images are looked for in, in this order."""


class Classify:
    """Classifies the batches that `ray.data.Dataset.map_batches` gives; each actor opens one compiled network.

    What it is made with are plain values, so that an actor that died is made anew from them on any node: Ray loses
    larger arguments (ray#53727). The model must therefore be found from every node under the same path.

    Args:
        model: As for `kerastl.load`.
        top: How many classes an image.
        column: The column with the images: paths, the bytes of files, arrays of shape (height, width, 3), or mappings
            with `bytes` and `path` as in tables of Hugging Face. None takes `image`, `bytes` or `path`, whichever is
            there first.
        keep: The columns that go on into the result. None keeps all but that of the images, and `path` always.
        resize: As for `kerastl.load`, and so are the next two.
        engine: What runs the network.
        trust: Whether the model may hold code.
        urls: Whether web addresses among the images are fetched.
        processors: That an actor may use. None takes what Ray has given it, and outside of Ray all.

    Raises:
        UsageError: A batch has no such column, or is no table.
        ModelError: There is no such model; an actor says so when it starts.

    Example:
        >>> from kerastl.ray import Classify
        >>> classify = Classify("kerastl_mini", top=2)
        >>> answers = classify({"path": ["data/umbrella.png", "data/candle.jpg"]})
        >>> list(answers), list(answers["label"])
        (['path', 'label', 'score', 'labels', 'scores', 'error'], ['umbrella', 'candle'])
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        top: int = 5,
        column: str | None = None,
        keep: Sequence[str] | None = None,
        resize: ResizePolicy | None = None,
        engine: EngineName = "auto",
        trust: bool = False,
        urls: bool = False,
        processors: int | None = None,
    ) -> None:
        if top < 1:
            raise UsageError(f"top must be at least 1. Received: {top}")
        self._top = top
        self._column = column
        self._keep = None if keep is None else tuple(keep)
        self._processors = processors
        self._opening: dict[str, Any] = {
            "model": None if model is None else os.fspath(model),
            "resize": resize,
            "engine": engine,
            "trust": trust,
        }
        self._urls = urls

    def __getstate__(self) -> dict[str, Any]:
        # Spark pickles what it sends: the network stays here.
        return {name: value for name, value in vars(self).items() if name != "_classifier"}

    @cached_property
    def _classifier(self) -> Classifier:
        limit_processors(self._processors)
        from kerastl._load import load

        return load(**self._opening, verbose=0)

    def __call__(self, batch: Any) -> Any:
        """Classify a batch.

        Args:
            batch: A mapping of names to columns, a pandas DataFrame or a pyarrow Table.

        Returns:
            The same kind: the columns that are kept, and `label` and `score` of the best class, `labels` and `scores`
            of the `top` best, and `error`, which tells why an image could not be read and is null of all others. Of a
            model that tells numbers `value`, `low`, `high` and `error`.

        Raises:
            UsageError: It is none of these, or has no column of images.
        """
        kind = next((each for each in BATCHES if each.accepts(batch)), None)
        if kind is None:
            raise UsageError(
                f"a batch must be a mapping, a pandas DataFrame or a pyarrow Table. Received: {type(batch).__name__}"
            )
        columns: Mapping[str, Any] = kind.columns(batch)
        name = self._images_in(columns)
        kept = self._kept(columns, name)
        images = Expanded(column_of(columns[name], self._urls), urls=True)
        found = list(self._classifier.classify(images, self._top, errors="return"))
        return kind.result(batch, kept, answer_columns(found, self._classifier))

    def _images_in(self, columns: Mapping[str, Any]) -> str:
        wanted = IMAGE_COLUMNS if self._column is None else (self._column,)
        name = next((each for each in wanted if each in columns), None)
        if name is None:
            raise UsageError(f"column: there is no {' or '.join(wanted)} in this batch, but {', '.join(columns)}")
        return name

    def _kept(self, columns: Mapping[str, Any], images: str) -> list[str]:
        if self._keep is None:
            return [name for name in columns if name != images or name == "path"]
        if absent := [name for name in self._keep if name not in columns]:
            raise UsageError(f"keep: there is no {', '.join(absent)} in this batch, but {', '.join(columns)}")
        return list(self._keep)
