"""What is asked of each picture, and how a network's numbers become the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kerastl.card import Card
from kerastl.errors import ImageError, UsageError
from kerastl.images.encoded import path_of
from kerastl.labels import Classification, decode
from kerastl.trust import temperature

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from kerastl.trust.stored import Trust


@dataclass(frozen=True)
class Question:
    """See `Classifier.classify`; `ask` makes one that can be answered.

    Args:
        top: How many classes.
        coverage: How often the right class is to be among them, in place of `top`.
        trust: What the model's calibration stored; there where a set or rejection is asked for.
        reject: Whether to say how unlike the training pictures a picture is.
    """

    top: int
    coverage: float | None = None
    trust: Trust | None = None
    reject: bool = False

    def answers(
        self, probabilities: np.ndarray, features: np.ndarray | None, card: Card, scale: float
    ) -> list[Classification]:
        """Answer for some pictures.

        Args:
            probabilities: float32 array of shape (n, classes), the network's own.
            features: float32 array of shape (n, d), rows of length 1; needed to reject.
            card: The model's.
            scale: The temperature.

        Returns:
            One answer a picture, without its path.
        """
        most = [self.top] * len(probabilities)
        if self.coverage is not None and self.trust is not None:
            most = [int(size) for size in self.trust.set_sizes(probabilities, self.coverage)]
        best = decode(temperature.scaled(probabilities, scale), card.labels, max(most))
        novelties: list[float | None] = [None] * len(most)
        limit = None if self.trust is None else self.trust.novelty_threshold
        if self.trust is not None and features is not None:
            novelties = [float(value) for value in self.trust.novelty(features)]
        return [
            Classification(
                None,
                card.name,
                predictions[:count],
                coverage=self.coverage,
                novelty=novelty,
                rejected=None if novelty is None or limit is None else novelty > limit,
            )
            for predictions, count, novelty in zip(best, most, novelties, strict=True)
        ]


def ask(file: Path, top: int, coverage: float | None, reject: bool) -> Question:
    """Prepare a question; what cannot be answered is said before the first picture is read.

    Args:
        file: The model's file.
        top: See `Question`.
        coverage: See `Question`.
        reject: See `Question`.

    Raises:
        UsageError: `top` is less than 1; or the model is not calibrated, or not for that.
    """
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise UsageError(f"top must be a whole number of at least 1. Received: {top!r}")
    if coverage is None and not reject:
        return Question(top)
    from kerastl.trust import stored

    trust = stored.read(file)
    if coverage is not None:
        trust.check_coverage(coverage)
    if reject:
        trust.check_rejection()
    return Question(top, coverage, trust, reject)


def answered(
    pictures: Sequence[Any],
    read: Callable[[Any], np.ndarray],
    answers: Callable[[list[np.ndarray]], list[Classification]],
    model: str,
    *,
    returned: bool,
) -> list[Classification]:
    """Read a group of pictures, and have those answered together that can be read.

    Args:
        pictures: What `read` takes.
        read: Gives the pixels of one; raises `ImageError` or `UsageError`.
        answers: Gives one answer for the pixels of each.
        model: The name of the model.
        returned: Whether a picture that cannot be read gets a result with its error, in place of raising it.

    Returns:
        One result a picture, in order, with its path if it has one.
    """
    results: list[Classification | None] = []
    pixels = []
    for picture in pictures:
        try:
            pixels.append(read(picture))
            results.append(None)
        except (ImageError, UsageError) as error:
            if not returned:
                raise
            results.append(_unread(picture, error, model))
    found = iter(answers(pixels) if pixels else [])
    return [
        replace(next(found), path=path_of(picture)) if result is None else result
        for picture, result in zip(pictures, results, strict=True)
    ]


def _unread(picture: object, error: ImageError | UsageError, model: str) -> Classification:
    if isinstance(error, UsageError):
        return Classification(path_of(picture), model, error=str(error))
    return Classification(path_of(picture) or (error.path if error is picture else None), model, error=error.reason)
