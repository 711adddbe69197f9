"""`kerastl.embed`: vectors of many images into one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kerastl import _progress as progress
from kerastl._base.files import check_target
from kerastl._base.text import as_unicode
from kerastl._inputs import as_expanded
from kerastl._progress import Verbose, shown
from kerastl.embedding._embedder import EmbeddedImage, Embedder, VectorDType, load_embedder
from kerastl.embedding._formats import VectorsAbout, files_of, format_for
from kerastl.embedding._part_file import PartFile
from kerastl.embedding._parts import vector_parts
from kerastl.errors import UsageError
from kerastl.images import ResizePolicy
from kerastl.inference._open import EngineName
from kerastl.models._feature_model import FeatureName
from kerastl.results._formats import ResultFormatName
from kerastl.results._target import PartsTarget, parts_target


@dataclass(frozen=True)
class Embedded:
    """What became of many images.

    Args:
        output: The file with their vectors, or the folder.
        count: How many vectors are in it.
        failed: Why others are not, by path; of a folder of parts those of this call.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.embedding import Embedded
        >>> Embedded(Path("vectors.npy"), 120, {"broken.jpg": "an empty file"}).count
        120
    """

    output: Path
    count: int
    failed: dict[str, str] = field(default_factory=dict)


def embed(
    sources: Any,
    output: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    features: FeatureName = "last",
    dtype: VectorDType = "float32",
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    format: ResultFormatName | None = None,  # noqa: A002 - as its flag
    part_size: int | None = None,
    shard: str | None = None,
    trust: bool = False,
    verbose: Verbose = "auto",
) -> Embedded:
    """Write a vector of each image, which is near those of similar images, to a file.

    Memory does not grow with the number of images. What was computed before an interruption lies beside the output, in
    a file whose name ends in `.part`: the same call goes on with it, and comes to the same output.

    Args:
        sources: Paths, folders, patterns, archives or addresses, as in `Classifier.classify`.
        output: The file, or with `format` the folder. `.parquet` has columns `path`, `content` (a hash), `size`,
            `mtime_ns` and `vector`, and needs `kerastl[search]`; `.csv` and `.jsonl` have the same; `.npy` is an array
            of shape (n, d), with the other columns beside it, in `.paths.csv`.
        model: As for `kerastl.load`, and so are `resize`, `engine` and `trust`; no exported file.
        features: `last` for what the last layer decides by, or `deep` for several layers, see `Classifier.embed`.
        dtype: `float32`, or `float16` for half the room.
        resize: How images become the network's input.
        engine: What runs the network.
        format: Write parts of this format into a folder: `parquet`, `csv` or `jsonl`. They have a row for each image,
            also for one without a vector, whose reason stands in the column `error`. What is done stays: the same call
            goes on after the last part. `kerastl.results.open_results` reads them.
        part_size: Images a part, 4,096 if nothing is said.
        shard: `I/N`, such as `3/8`, for the third of eight shards of the images, which may write into one folder: an
            image is in the one that a hash of its name says.
        trust: Whether a saved model may run any code.
        verbose: What is shown while it works, as for `kerastl.load`.

    Returns:
        How many there are, and which images could not be read.

    Raises:
        UsageError: An argument is wrong.
        OSError: The output cannot be written.

    Example:
        >>> import kerastl
        >>> import numpy as np
        >>> kerastl.embed("data", "vectors.npy", model="kerastl_mini").failed
        {}
        >>> np.load("vectors.npy").shape[1]
        320
    """
    target = _target(output, format, part_size, shard)
    failed: dict[str, str] = {}

    def note(row: EmbeddedImage) -> None:
        if row.error is not None:
            failed[row.path] = row.error

    with shown(verbose):
        embedder = load_embedder(model, features=features, dtype=dtype, resize=resize, engine=engine, trust=trust)
        if isinstance(target, Path):
            return Embedded(target, write_embeddings(embedder, sources, target, note), failed)
        with vector_parts(embedder, sources, target) as (folder, answer):
            folder.write(as_expanded(sources), answer, note)
            return Embedded(target.folder, folder.rows - folder.failed, failed)


def _target(
    output: str | os.PathLike[str], form: ResultFormatName | None, part_size: int | None, shard: str | None
) -> Path | PartsTarget:
    """Where vectors go: into a file, or into a folder of parts."""
    if form is not None:
        return parts_target(output, form, part_size, shard)
    if part_size is not None or shard is not None:
        raise UsageError("part_size and shard are for results in parts: give their format, too")
    check_output(Path(output))
    return Path(output)


def check_output(output: Path) -> None:
    """Refuse an output that cannot be written, before a network is loaded for it.

    Raises:
        UsageError: It has no suffix of a format, is a folder, or its folder is not there.
        KerastlError: It cannot be written, or a package is missing.
    """
    format_for(output)
    for file in files_of(output):
        check_target(file, "--output")


def write_embeddings(embedder: Embedder, sources: Any, output: Path, note: Callable[[EmbeddedImage], None]) -> int:
    """Write the vectors of images, and go on where an earlier call was interrupted.

    Args:
        embedder: Makes them.
        sources: As for `Embedder.stream`.
        output: The file.
        note: Hears of each image, also of those without a vector.

    Returns:
        How many vectors were written.
    """
    form, classifier = format_for(output), embedder.classifier
    about = VectorsAbout(classifier.name, embedder.identity, embedder.features, embedder.dtype, embedder.dimension)
    count = 0
    with closing(PartFile(output.with_name(f"{output.name}.part"), about, classifier.engine)) as part:
        if part.count:
            progress.current().say(f"kerastl: {part.file}: goes on with {part.count:,} vectors that are there already")

        def rows() -> Iterator[EmbeddedImage]:
            nonlocal count
            for row in _told(embedder.stream(sources, part.find, part.find_stored), form.any_name):
                note(row)
                if row.vector is None:
                    continue
                if row.probabilities is not None:  # not from the part
                    part.add(row)
                count += 1
                yield row

        form.write(output, rows(), about)
    part.remove()
    return count


def _told(rows: Iterable[EmbeddedImage], any_name: bool) -> Iterator[EmbeddedImage]:
    """The rows; those that the file cannot hold have an error instead."""
    for row in rows:
        if any_name or row.vector is None or as_unicode(row.path) == row.path:
            yield row
        else:
            yield replace(row, vector=None, error="its name is no text, which this kind of file cannot hold")
