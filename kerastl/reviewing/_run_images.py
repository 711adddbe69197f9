"""The images of a run whose head was solved in closed form, with the answers that it has kept of each."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.calibration import _temperature as temperature
from kerastl.data._file_inspection import content_hashes
from kerastl.data._tables import rows
from kerastl.embedding import EmbeddedImage, load_embedder
from kerastl.errors import DataError, UsageError
from kerastl.finetuning._earlier_run import EarlierRun
from kerastl.finetuning._folder import LEAVE_ONE_OUT, SPLIT
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._leave_one_out import KeptAnswers
from kerastl.finetuning._living.split_rows import data_of
from kerastl.inference._open import EngineName
from kerastl.reviewing._scored import ScoredImages, numbered
from kerastl.tasks._task import CLASSIFICATION

_OTHERWISE = "kerastl index DATA --db DIR --labels DATA, then kerastl review --db DIR, reviews any labeled images"


def run_images(
    run: str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    unlabeled: Any = (),
    *,
    engine: EngineName = "auto",
    trust: bool = False,
) -> ScoredImages:
    """Gather what a run knows of its training images.

    Args:
        run: Its folder.
        data: Where its images lie; None takes what the run says.
        unlabeled: Further images, as for `Classifier.classify`, of which the model has to say something.
        engine: What runs the network on these.
        trust: As for `kerastl.load`.

    Raises:
        UsageError: The run has kept no answers, or is no run.
        ModelError: What it has kept is broken.
        DataError: Its images are not there.
    """
    shown = printable(os.fspath(run))
    earlier = EarlierRun.of(Path(run))
    metadata, folder = earlier.metadata, earlier.file.parent
    answers = _answers(earlier, shown)
    root = _root(folder, data)
    places = {name: place for place, name in enumerate(metadata.labels.names)}
    table = [(path, places.get(label, -1)) for _, path, label, _ in rows(folder / SPLIT)]
    paths = [path for path, _ in table]
    with stage("looking for the images of the run"):
        contents = content_hashes([root / path for path in paths])
    found = np.flatnonzero((answers.rows(contents) >= 0) & (np.array([place for _, place in table]) >= 0))
    if not len(found):
        raise DataError(f"{printable(str(root))}: the images of {shown} are not there; --data DIR says where they lie")
    contents = [contents[row] for row in found]
    own = answers.rows(contents)
    scaled = temperature.apply(answers.probabilities[own], temperature.inside(metadata))
    kept = earlier.read_features() if earlier.features.is_file() else None
    vectors = np.zeros((len(found), 1), np.float32) if kept is None else _vectors(kept, contents)
    scored = ScoredImages(
        f"the run {shown}",
        root,
        [paths[row] for row in found],
        tuple(metadata.labels.names),
        np.array([table[row][1] for row in found]),
        scaled.astype(np.float32),
        vectors,
        answers.groups[own],
        _notes(len(paths) - len(found)),
    )
    if isinstance(unlabeled, (list, tuple)) and not unlabeled:
        return scored
    embedder = load_embedder(run, features="deep" if _is_deep(kept) else "last", engine=engine, trust=trust)
    return _with(scored, kept, {*contents}, embedder.stream(unlabeled))


def _answers(earlier: EarlierRun, shown: str) -> KeptAnswers:
    """What the run has kept of its training images."""
    metadata, folder = earlier.metadata, earlier.file.parent
    if metadata.task != CLASSIFICATION:
        raise UsageError(f"{shown} is of task {metadata.task!r}; a review is of images with one class each")
    answers = KeptAnswers.read(folder, metadata.extra.get("data_fingerprint"), len(metadata.labels))
    if answers is None or not (folder / SPLIT).is_file():
        missing = LEAVE_ONE_OUT if answers is None else SPLIT
        raise UsageError(
            f"{shown} has no {missing}, which runs have whose head was solved (recipe probe); {_OTHERWISE}"
        )
    return answers


def _root(folder: Path, data: str | os.PathLike[str] | None) -> Path:
    """The folder that the paths of a run's table start at."""
    known = Path(data) if data is not None else Path(data_of(folder) or ".")
    return known.parent if known.is_file() else known


def _notes(without: int) -> tuple[str, ...]:
    if not without:
        return ()
    return (
        f"{without:,} image{'s'[: without != 1]} of the run {'are' if without != 1 else 'is'} not reviewed: not there, "
        "changed since, or not trained on",
    )


def _vectors(kept: KeptFeatures, contents: Sequence[str]) -> np.ndarray:
    """The features of the last layer, of length 1; zeros where none are kept."""
    places = KeptAnswers(kept.hashes, kept.groups, np.empty((0, 0)), "").rows(contents)
    last = kept.choices.last if kept.choices is not None else 0
    own = kept.rows[np.maximum(places, 0)][:, -last:].astype(np.float32)
    own[places < 0] = 0
    return _unit(own)


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


def _is_deep(kept: KeptFeatures | None) -> bool:
    """Whether the head reads several layers."""
    return kept is not None and kept.choices is not None and kept.choices.last > 0


def _with(
    scored: ScoredImages, kept: KeptFeatures | None, known: Collection[str], images: Iterable[EmbeddedImage]
) -> ScoredImages:
    """The images of the run, and others of which the model has said something; those that it knows are left out."""
    found = list(images)
    good = [image for image in found if image.vector is not None and image.content not in known]
    failed = tuple(f"{printable(image.path)}: {image.error}" for image in found if image.vector is None)
    if not good:
        why = f" ({failed[0]})" if failed else ""
        raise DataError(f"of the unlabeled images there is none that can be read and that the run does not know{why}")
    vectors = np.stack([image.vector for image in good if image.vector is not None]).astype(np.float32)
    if kept is not None and _is_deep(kept) and kept.choices is not None and vectors.shape[1] == kept.rows.shape[1]:
        vectors = _unit(vectors[:, -kept.choices.last :])
    own = scored.vectors
    if own.shape[1] != vectors.shape[1]:  # an earlier kerastl did not say which features are of the last layer
        own = np.zeros((len(own), vectors.shape[1]), np.float32)
    probabilities = np.stack([image.probabilities for image in good if image.probabilities is not None])
    return replace(
        scored,
        paths=[*scored.paths, *(os.path.abspath(image.path) for image in good)],  # noqa: PTH100 - may be no text
        labels=np.concatenate([scored.labels, np.full(len(good), -1)]),
        probabilities=np.concatenate([scored.probabilities, probabilities.astype(np.float32)]),
        vectors=np.concatenate([own, vectors]),
        groups=np.concatenate([scored.groups, scored.groups.max() + 1 + numbered([image.content for image in good])]),
        notes=(*scored.notes, *failed),
    )
