"""The images of an index, with the vectors and answers that lie in it."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from kerastl.embedding_map._map_images import MapImages, sampled, sampling_note, wrong_answers
from kerastl.errors import KerastlError
from kerastl.index import Index


def images_of_index(folder: str | os.PathLike[str], limit: int, seed: int) -> MapImages:
    """Read images of an index for a map.

    Args:
        folder: Of the index.
        limit: Images that are taken; of more a sample.
        seed: Of the sample.

    Raises:
        KerastlError: There is no index, it is damaged, or it has no images.
    """
    index = Index(folder)
    if not len(index):
        raise KerastlError(f"{os.fspath(folder)}: the index has no images; kerastl index SOURCE... adds some")
    table = index.rows(["path", "label", "predicted", "score"])
    paths, labels, answers = (
        [text or "" for text in table.column(name).to_pylist()] for name in ("path", "label", "predicted")
    )
    scores = np.array([0.0 if score is None else score for score in table.column("score").to_pylist()])
    vectors = index.vectors()
    if not np.isfinite(vectors).all():
        raise KerastlError(f"{os.fspath(folder)}: the index has vectors that are not finite; make it anew")
    found = MapImages(
        paths,
        vectors,
        labels if any(labels) else None,
        answers if any(answers) else None,
        scores,
        wrong_answers(labels, answers),
        index.root,
        index.folder.absolute().name,
    )
    places = sampled(len(found), limit, found.labels, seed)
    return replace(found.taken(places), notes=sampling_note(len(places), len(found)))
