"""`kerastl.review`: look through labels."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from kerastl._base.arguments import keywords
from kerastl._progress import Verbose, shown
from kerastl.errors import UsageError
from kerastl.inference._open import EngineName
from kerastl.reviewing._confident_learning import find_label_errors, normalized_margins
from kerastl.reviewing._index_images import index_images
from kerastl.reviewing._label_next import choose_to_label, top_margins
from kerastl.reviewing._outliers import find_outliers, nearest_of_class
from kerastl.reviewing._result import LabelError, Outlier, Review, ToLabel
from kerastl.reviewing._run_images import run_images
from kerastl.reviewing._scored import ScoredImages

TOP = 20
_KEYS = 9  # classes that are offered for an image, as many as there are keys with a digit


@keywords()
def review(
    run: str | os.PathLike[str] | None = None,
    *,
    db: str | os.PathLike[str] | None = None,
    data: str | os.PathLike[str] | None = None,
    unlabeled: Any = (),
    top: int = TOP,
    engine: EngineName = "auto",
    seed: int = 0,
    trust: bool = False,
    verbose: Verbose = "auto",
) -> Review:
    """Look for labels that are likely wrong, for images unlike the others of their class, and for what to label next.

    Labels are compared with what a head says of each image that was solved without it, by confident learning; see
    `find_label_errors` for that and `choose_to_label` for the images to label. Nothing is changed in images or labels.

    Args:
        run: The run folder of a model whose head was solved (recipe `probe`), with the answers that it has kept; or
        db: the folder of an index, on whose vectors a head is solved. One of the two.
        data: Where the images of the run lie, if not where they were.
        unlabeled: Beside a run, images to choose from what to label next: paths, folders or patterns, as in
            `Classifier.classify`. Of an index its images without a label are these.
        top: How many images to label next are chosen.
        engine: What runs the network on `unlabeled`.
        seed: Of what is drawn when a head is solved.
        trust: Whether the model of the run may hold what runs code, as for `kerastl.load`.
        verbose: What is shown while it works, as for `kerastl.evaluate`.

    Returns:
        All label errors and outliers, and what to label next.

    Raises:
        UsageError: Not one of `run` and `db` is given, or the run has kept no answers.
        ModelError: What the run has kept is broken.
        DataError: The images are not there, or the labels are not of two classes.

    Example:
        >>> import kerastl
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", output="runs/shapes", verbose=0)
        >>> kerastl.review(run.folder).images
        88
    """
    if (run is None) == (db is None):
        raise UsageError("a review is of a run or of an index (--db DIR): give one of them")
    if top < 0:
        raise UsageError(f"top must be 0 or more. Received: top={top}")
    with shown(verbose):
        if run is not None:
            return reviewed(run_images(run, data, unlabeled, engine=engine, trust=trust), top)
        if data is not None or unlabeled:
            raise UsageError(
                "data and unlabeled go with a run: an index knows where its images lie and which have labels"
            )
        assert db is not None  # noqa: S101 - one of the two is given
        return reviewed(index_images(db, seed), top)


def reviewed(images: ScoredImages, top: int) -> Review:
    """Review images of which it is known what a head says.

    Args:
        images: Those.
        top: As for `review`.
    """
    answered, known = images.answered, int((images.labels >= 0).sum())
    notes = images.notes
    if (without := known - len(answered)) > 0:
        notes += (f"{without:,} image{'s'[: without != 1]} could not be left out, such as the only one of a class",)
    labels = tuple(
        (images.paths[row], images.classes[images.labels[row]]) for row in np.flatnonzero(images.labels >= 0).tolist()
    )
    return Review(
        images.source,
        images.root,
        images.classes,
        known,
        len(answered),
        len(images.unlabeled),
        _label_errors(images, answered),
        _outliers(images),
        _to_label(images, top),
        labels,
        notes,
    )


def _label_errors(images: ScoredImages, answered: np.ndarray) -> tuple[LabelError, ...]:
    if not len(answered):
        return ()
    probabilities, labels = images.probabilities[answered], images.labels[answered]
    margins = normalized_margins(labels, probabilities)
    return tuple(
        LabelError(
            images.paths[answered[row]],
            images.classes[labels[row]],
            *_best(images, probabilities[row], float(probabilities[row, labels[row]])),
            float(margins[row]),
            _others(images, probabilities[row]),
        )
        for row in find_label_errors(labels, probabilities)
    )


def _best(images: ScoredImages, probabilities: np.ndarray, label_score: float) -> tuple[str, float, float]:
    best = int(probabilities.argmax())
    return images.classes[best], label_score, float(probabilities[best])


def _others(images: ScoredImages, probabilities: np.ndarray) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[:_KEYS]
    return tuple((images.classes[place], float(probabilities[place])) for place in order)


def _outliers(images: ScoredImages) -> tuple[Outlier, ...]:
    rows = images.compared
    if not len(rows):
        return ()
    labels = images.labels[rows]
    near = nearest_of_class(images.vectors[rows], labels, images.groups[rows])
    return tuple(
        Outlier(
            images.paths[rows[row]],
            images.classes[labels[row]],
            float(near.distances[row]),
            images.paths[rows[near.rows[row]]],
        )
        for row in find_outliers(near.distances, labels)
    )


def _to_label(images: ScoredImages, top: int) -> tuple[ToLabel, ...]:
    rows = images.unlabeled
    if not len(rows):
        return ()
    probabilities = images.probabilities[rows]
    chosen = choose_to_label(probabilities, images.vectors[rows], top, images.vectors[images.compared])
    margins = top_margins(probabilities)
    found = []
    for row in chosen:
        name, _, score = _best(images, probabilities[row], 0.0)
        path = images.paths[rows[row]]
        found.append(ToLabel(path, name, score, float(margins[row]), _others(images, probabilities[row])))
    return tuple(found)
