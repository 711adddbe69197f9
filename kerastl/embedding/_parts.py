"""Vectors of many images in a folder of parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kerastl._inputs import Expanded
from kerastl.embedding._embedder import EmbeddedImage, Embedder
from kerastl.embedding._formats import VectorsAbout, vector_layout
from kerastl.results._manifest import asked
from kerastl.results._target import PartsTarget
from kerastl.results._writing import PartsFolder


@contextmanager
def vector_parts(
    embedder: Embedder, sources: Any, target: PartsTarget
) -> Iterator[tuple[PartsFolder[EmbeddedImage], Callable[[Iterable[Any]], Iterator[EmbeddedImage]]]]:
    """Open a folder of parts for vectors.

    Args:
        embedder: Makes them.
        sources: As they were given, for the manifest.
        target: Where they go.

    Yields:
        The folder, and what makes its rows, for `PartsFolder.write`.
    """
    classifier = embedder.classifier
    question = asked(
        source_names(sources),
        command="embed",
        model=classifier.name,
        identity=embedder.identity,
        engine=classifier.engine,
        options={"features": embedder.features, "dtype": embedder.dtype},
        format=target.format,
        part_size=target.part_size,
    )
    about = VectorsAbout(classifier.name, embedder.identity, embedder.features, embedder.dtype, embedder.dimension)
    with PartsFolder(target, question, vector_layout(about, errors=True)) as folder:
        yield folder, lambda images: embedder.stream(Expanded(images, urls=True))


def source_names(sources: Any) -> list[str]:
    """What was given, in text, for the manifest; what is no path is its type."""
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    elif not isinstance(sources, (list, tuple)):
        return [f"<{type(sources).__name__}>"]
    return [
        os.fsdecode(each) if isinstance(each, (str, bytes, os.PathLike)) else f"<{type(each).__name__}>"
        for each in sources
    ]
