"""Classify the images of a Ray dataset with a pool of actors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerastl._base.extras import require
from kerastl.errors import UsageError
from kerastl.ray._classify import Classify

if TYPE_CHECKING:
    from kerastl.images import ResizePolicy
    from kerastl.inference._open import EngineName


def classify_dataset(
    dataset: Any,
    model: str | os.PathLike[str] | None = None,
    *,
    actors: int,
    batch_size: int = 64,
    processors: float | None = None,
    top: int = 5,
    column: str | None = None,
    keep: Sequence[str] | None = None,
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    trust: bool = False,
    urls: bool = False,
) -> Any:
    """Classify the images of a dataset, with `map_batches` set as it should be.

    Batches are tables of Arrow: their columns keep their type where a block holds nothing but null, which Parquet
    files need that are to be read together. An actor that dies is made anew, and its batches are given to it again,
    so that each row comes out once.

    Args:
        dataset: A `ray.data.Dataset`.
        model: As for `kerastl.load`, found from every node.
        actors: Processes that hold a network.
        batch_size: Rows a call.
        processors: That Ray reserves for an actor. None takes one, or less where that would leave none of the cluster's
            to those tasks that read and write: Ray would wait for one without end.
        top: As for `Classify`, and so are the others.
        column: The column with the images.
        keep: The columns that go on.
        resize: How images become the network's input.
        engine: What runs the network.
        trust: Whether the model may hold code.
        urls: Whether web addresses are fetched.

    Returns:
        A lazy `ray.data.Dataset` with the columns that `Classify` gives.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: `actors` is less than 1.

    Example:
        >>> import kerastl.ray
        >>> def classified(folder):
        ...     import ray
        ...
        ...     dataset = ray.data.read_binary_files(folder, include_paths=True)
        ...     return kerastl.ray.classify_dataset(dataset, "kerastl_mini", actors=2)
    """
    require("classifying a Ray dataset", "ray", "ray")
    if actors < 1:
        raise UsageError(f"actors must be at least 1. Received: {actors}")
    return dataset.map_batches(
        Classify,
        fn_constructor_args=(model if model is None else os.fspath(model),),
        fn_constructor_kwargs={
            "top": top,
            "column": column,
            "keep": None if keep is None else list(keep),
            "resize": resize,
            "engine": engine,
            "trust": trust,
            "urls": urls,
        },
        concurrency=actors,
        batch_size=batch_size,
        batch_format="pyarrow",
        num_cpus=_share(actors) if processors is None else processors,
    )


def _share(actors: int) -> float:
    """What an actor may take of the processors, so that one is left."""
    import ray

    if not ray.is_initialized():
        ray.init()
    processors = ray.cluster_resources().get("CPU", 1)
    return min(1.0, max(processors - 1, 0.5) / actors)
