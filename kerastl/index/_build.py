"""`kerastl.index.build`: an index of images, made or brought up to date."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastl import _progress as progress
from kerastl._base.files import folder_path
from kerastl._inputs import Expanded
from kerastl._progress import Verbose, shown
from kerastl.embedding._embedder import EmbeddedImage, Embedder, VectorDType, load_embedder
from kerastl.errors import KerastlError, UsageError
from kerastl.images import ResizePolicy
from kerastl.index import _approximate as approximate
from kerastl.index._added import Added
from kerastl.index._adding import Adding
from kerastl.index._creating import check_new
from kerastl.index._facts import FACTS_FILE, IndexFacts, read_facts, write_facts
from kerastl.index._index import Index, reference
from kerastl.index._labels import read_labels
from kerastl.index._table import ImageTable
from kerastl.inference._open import EngineName
from kerastl.models._feature_model import FeatureName
from kerastl.sources._addresses import is_address
from kerastl.training._callback import RunCallback
from kerastl.training._lock import locked


def build(
    sources: Any,
    db: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    labels: Any = None,
    prune: bool = False,
    root: str | os.PathLike[str] | None = None,
    features: FeatureName | None = None,
    dtype: VectorDType | None = None,
    resize: ResizePolicy | None = None,
    engine: EngineName = "auto",
    trust: bool = False,
    verbose: Verbose = "auto",
) -> Added:
    """Make an index of images, or bring one up to date.

    Files whose size and time are known are not read again, those of known content keep their vectors wherever they lie,
    and what was written before an interruption is there: the same call goes on. From 50,000 images on, an index for
    approximate search is built, and its recall measured.

    Args:
        sources: Paths, folders or patterns, as in `Classifier.classify`; may be empty where an index is there.
        db: The folder of the index, made if it is not there.
        model: As for `kerastl.load`, and so are `engine` and `trust`; no exported file. None is that of the index.
            Where that has moved, its new place is kept.
        labels: A labeled folder or a table, as `kerastl.data.scan` takes it, whose labels and splits the images get.
        prune: Whether images whose files are gone are removed; else they are named.
        root: The folder that the paths of images below it are relative to: where they lie now, if they were moved. None
            takes that of the index, or the folder that all sources lie in.
        features: `last` or `deep`, see `Classifier.embed`; None is that of the index, or `last`.
        dtype: `float32` or `float16`; None likewise, or `float32`.
        resize: How images become the network's input; None likewise, or the model's own.
        engine: What runs the network.
        trust: Whether a saved model may run any code.
        verbose: What is shown while it works, as for `kerastl.load`.

    Returns:
        What became of the images.

    Raises:
        UsageError: An argument is wrong, is another than the index was made with, or another process works with it.
        KerastlError: The index cannot be written, or the model is another than that of the index.

    Example:
        >>> from kerastl.index import build
        >>> print(build("data/shapes", "shapes.db", "kerastl_mini", labels="data/shapes"))
        88 added
        >>> print(build("data/shapes", "shapes.db"))
        88 unchanged
    """
    with shown(verbose):
        asked = {"features": features, "dtype": dtype, "resize": resize}
        index, embedder = opened(folder_path(db, "db"), sources, model, root, engine, trust, **asked)
        return add_images(index, sources, embedder, labels=labels, prune=prune)


def opened(
    folder: Path,
    sources: Any,
    model: str | os.PathLike[str] | None,
    root: str | os.PathLike[str] | None,
    engine: EngineName,
    trust: bool,
    **asked: Any,
) -> tuple[Index, Callable[[], Embedder]]:
    """Open an index, or make one; and what loads its embedder.

    Args:
        folder: Of the index.
        sources: Of the images.
        model: As for `build`, and so are the next.
        root: Where the images lie.
        engine: What runs the network.
        trust: Whether a saved model may run any code.
        asked: `features`, `dtype` and `resize`.
    """
    if (folder / FACTS_FILE).exists():
        index = Index(folder)
        _check_asked(folder, index.facts, asked)
        if root is not None and os.path.abspath(root) != index.facts.root:  # noqa: PTH100 - as text
            _restate(index, root=os.path.abspath(root))  # noqa: PTH100
        if model is None:
            return index, lambda: index.embedder(engine, trust)
        facts = index.facts
        given: dict[str, Any] = {"features": facts.features, "dtype": facts.dtype, "resize": facts.resize}
        embedder = load_embedder(model, **given, engine=engine, trust=trust)
        index.check_embedder(embedder)
        if (named := reference(model)) != facts.model:  # the same model, which has moved
            _restate(index, model=named)
        return index, lambda: embedder
    if not _has_any(sources):
        raise UsageError(f"{folder}: there is no index here yet; name the images that it is to be made of")
    check_new(folder)
    options = {"features": "last", "dtype": "float32", **{name: value for name, value in asked.items() if value}}
    embedder = load_embedder(model, **options, engine=engine, trust=trust)
    place = common_folder(sources) if root is None else Path(root)
    return Index.of_embedder(folder, embedder, model, place, asked["resize"]), lambda: embedder


def _has_any(sources: Any) -> bool:
    return not isinstance(sources, Sequence) or len(sources) > 0


def _check_asked(folder: Path, facts: IndexFacts, asked: dict[str, Any]) -> None:
    for name, value in asked.items():
        if value is not None and value != (present := getattr(facts, name)):
            raise UsageError(f"{folder}: was made with {name}={present!r}, which cannot change. Received: {value!r}")


def _restate(index: Index, **changes: Any) -> None:
    """Write down where images or the model lie now."""
    with locked(index.folder, RunCallback()):
        facts = replace(read_facts(index.folder), **changes)
        write_facts(index.folder, facts)
    index.use(ImageTable(index.folder, facts), facts)


def common_folder(sources: Any) -> Path:
    """The folder that all sources lie in: a folder that is one itself, else what holds them."""
    if isinstance(sources, Expanded):
        return Path.cwd()
    given = [sources] if isinstance(sources, (str, os.PathLike)) else list(sources)
    folders = {_folder(os.fspath(each)) for each in given if isinstance(each, (str, os.PathLike))}
    folders.discard("")
    try:
        return Path(os.path.commonpath(folders)) if folders else Path.cwd()
    except ValueError:  # on several drives
        return Path.cwd()


def _folder(source: str) -> str:
    if not isinstance(source, str) or is_address(source) or source == "-":
        return ""
    path = os.path.abspath(source)  # noqa: PTH100 - as text
    while (glob.has_magic(path) and not os.path.lexists(path)) or not os.path.isdir(path):  # noqa: PTH112
        above = os.path.dirname(path)  # noqa: PTH120
        if above == path:
            break
        path = above
    return path


def add_images(
    index: Index,
    sources: Any,
    embedder: Callable[[], Embedder],
    *,
    labels: Any = None,
    prune: bool = False,
    note: Callable[[EmbeddedImage], None] = lambda image: None,
) -> Added:
    """Add images to an index.

    Args:
        index: Shows what was written afterwards.
        sources: As for `build`, and so are `labels` and `prune`.
        embedder: Loads what makes the vectors; called if there are sources.
        labels: Of images.
        prune: Whether images whose files are gone are removed.
        note: Hears of each image.
    """
    said = {} if labels is None else read_labels(labels)
    maker = embedder() if _has_any(sources) else None
    with locked(index.folder, RunCallback()):
        facts = read_facts(index.folder)
        table = ImageTable(index.folder, facts)
        adding = Adding(table, facts.root, maker, said, note)
        try:
            if maker is not None:
                adding.run(sources)
            labeled, missing = adding.labeled(), adding.gone()
            removed = _pruned(table, facts.root, missing) if prune and missing else 0
            table.tidy()
            facts = make_searchable(index.folder, table, facts)
        finally:
            index.use(table, facts)
        return adding.result(labeled, removed, [] if removed else missing)


def _pruned(table: ImageTable, root: str, missing: list[str]) -> int:
    # A disk that is not there, or an empty folder where it would be, is no reason to forget all.
    of_root = any(not os.path.isabs(path) for path in missing)  # noqa: PTH117 - as text
    if len(missing) == len(table) or (of_root and not os.path.isdir(root)):  # noqa: PTH112
        raise KerastlError(
            f"{root}: none of its images is there, so nothing was removed; --root names the folder that they lie in now"
        )
    table.remove(missing)
    return len(missing)


def make_searchable(folder: Path, table: ImageTable, facts: IndexFacts) -> IndexFacts:
    """Build the index for approximate search, where there are so many images that it pays."""
    if not approximate.is_due(len(table), facts.approximate):
        return facts
    reporter = progress.current()
    with reporter.stage(f"an index for the search among {len(table):,} images"):
        built = approximate.build(table, facts.dimension)
    facts = replace(facts, approximate=built)
    write_facts(folder, facts)
    reporter.say(
        f"kerastl: {folder}: {built.kind} with {built.partitions} partitions, {built.probes} of them searched: finds "
        f"{100 * built.recall:.1f} % of the 10 nearest, measured against a comparison with all images"
    )
    return facts
