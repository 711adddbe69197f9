"""The images of a folder, a table or other sources, with vectors and answers that a model computes now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastl import _progress as progress
from kerastl._base.text import message
from kerastl._classifier import Classifier
from kerastl._inputs import Expanded, given
from kerastl.calibration import _temperature as temperature
from kerastl.data._dataset import Dataset
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._scan import scan_as
from kerastl.embedding import EmbeddedImage, Embedder
from kerastl.embedding_map._map_images import MapImages, counted, sampled, sampling_note, wrong_answers
from kerastl.errors import DataError, KerastlError, MissingDataError, UsageError
from kerastl.evaluation._labeled import class_folders_of, label_format_of
from kerastl.finetuning._leave_one_out import KeptAnswers
from kerastl.images._encoded import path_of
from kerastl.index._paths import located
from kerastl.tasks._task import CLASSIFICATION, TASKS


@dataclass(frozen=True)
class _Found:
    """Images before a network has seen them: paths from a root, labels or None, their task, and what to know."""

    paths: list[str]
    labels: list[str] | None
    root: Path
    task: str = ""
    notes: tuple[str, ...] = ()


def images_of_data(data: Any, embedder: Embedder, limit: int, seed: int) -> tuple[MapImages, dict[str, str]]:
    """Embed images for a map.

    Args:
        data: A labeled folder or a table, as `kerastl.data.scan` takes it; else what `Classifier.classify` takes of
            paths, and its images have no labels.
        embedder: Makes the vectors; its model answers.
        limit: Images that are embedded; of more a sample.
        seed: Of the sample.

    Returns:
        The images, and why others could not be read, by path.

    Raises:
        UsageError: There are no images.
        KerastlError: None can be read.
    """
    found = _found(data, embedder.classifier)
    places = sampled(len(found.paths), limit, found.labels, seed)
    paths = [found.paths[place] for place in places]
    labels = None if found.labels is None else [found.labels[place] for place in places]
    rows, failed = _embedded(embedder, [located(str(found.root), path) for path in paths])
    if not rows:
        first = next(iter(failed.items()))
        raise KerastlError(f"none of {counted(len(paths))} can be read; {message(first[0])}: {message(first[1])}")
    there = list(rows)
    answers, scores, left_out = _answers(embedder, list(rows.values()))
    labels = None if labels is None else [labels[place] for place in there]
    notes = [*found.notes, *sampling_note(len(places), len(found.paths)), *left_out]
    return MapImages(
        tuple(paths[place] for place in there),
        np.stack([row.vector for row in rows.values() if row.vector is not None]),
        labels,
        answers,
        scores,
        _mistakes(found.task, labels, answers),
        found.root,
        _name(data),
        tuple(notes),
    ), failed


def _found(data: Any, classifier: Classifier) -> _Found:
    dataset: Dataset | None = None
    notes: tuple[str, ...] = ()
    try:
        dataset = scan_as(data, _columns(classifier), False, class_folders_of(classifier))
    except (MissingDataError, UsageError):  # a pattern, a list, or nothing: then that is said below
        pass
    except DataError as error:
        if isinstance(data, (str, os.PathLike)) and Path(data).is_file():
            raise
        notes = (f"without labels: {error}",)
    if dataset is None:
        paths = [_path(image) for image in given(data, stored=False).images]
        if not paths:
            raise UsageError("there are no images to make a map of")
        return _Found(paths, None, Path(), notes=notes)
    paths, root = [item.path for item in dataset.items], Path(dataset.root)
    if TASKS[dataset.task].kind == "number":
        return _Found(paths, None, root, dataset.task, ("labels are numbers, which have no colors",))
    return _Found(paths, [item.label for item in dataset.items], root, dataset.task)


def _columns(classifier: Classifier) -> TableColumns:
    """How tables are read: as those that the model was trained on; labels that it has not tell themselves."""
    if classifier.metadata.task == CLASSIFICATION:
        return TableColumns()
    return TableColumns(labels=label_format_of(classifier, None))


def _path(image: Any) -> str:
    if isinstance(image, KerastlError):
        raise image
    path = path_of(image)
    if path is None:
        raise UsageError(f"a map takes paths of images. Received: {type(image).__name__}")
    return path


def _embedded(embedder: Embedder, files: Sequence[str]) -> tuple[dict[int, EmbeddedImage], dict[str, str]]:
    """What has a vector, by its place, and why the others have none, by path."""
    rows, failed = {}, {}
    with progress.stage("computing vectors", len(files)) as counter:
        for place, row in enumerate(embedder.stream(Expanded(files, urls=False, stored=False))):
            if row.error is None:
                rows[place] = row
            else:
                failed[row.path] = row.error
            counter.update(place + 1)
    return rows, failed


def _answers(
    embedder: Embedder, rows: Sequence[EmbeddedImage]
) -> tuple[list[str] | None, np.ndarray | None, tuple[str, ...]]:
    """The best class of each image and its score, by leave-one-out where the model was trained on it."""
    classifier = embedder.classifier
    if TASKS[classifier.metadata.task].kind == "number":
        return None, None, ()
    probabilities = np.stack([row.probabilities for row in rows if row.probabilities is not None])
    fingerprint = classifier.metadata.extra.get("data_fingerprint")
    kept = KeptAnswers.read(classifier.file.parent, fingerprint, len(classifier.labels)) if fingerprint else None
    notes: tuple[str, ...] = ()
    if kept is not None:
        places = kept.rows([row.content for row in rows])
        known = places >= 0
        scaled = temperature.apply(kept.probabilities[places[known]], temperature.inside(classifier.metadata))
        probabilities[known] = scaled
        if known.any():
            notes = (f"{counted(int(known.sum()))} trained the model: answers on these are leave-one-out",)
    best = probabilities.argmax(axis=1)
    names = classifier.labels.names
    return [names[place] for place in best], probabilities.max(axis=1), notes


def _mistakes(task: str, labels: Sequence[str] | None, answers: Sequence[str] | None) -> np.ndarray | None:
    if labels is None or answers is None:
        return None
    if TASKS[task].kind == "index":
        return wrong_answers(labels, answers)
    several = [TASKS[task].class_names(label) for label in labels]
    if not {name for names in several for name in names} & {*answers}:
        return None
    return np.array([bool(names) and answer not in names for names, answer in zip(several, answers, strict=True)])


def _name(data: Any) -> str:
    path = path_of(data) if not isinstance(data, (list, tuple, Expanded)) else None
    return Path(path).absolute().name if path else "images"
