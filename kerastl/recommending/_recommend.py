"""`kerastl.recommending.recommend`: what is like the images that somebody likes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.text import printable
from kerastl._progress import Verbose, shown
from kerastl.errors import UsageError
from kerastl.index import Index
from kerastl.index._paths import from_here
from kerastl.inference._open import EngineName
from kerastl.recommending._liked import Liked
from kerastl.recommending._ranking import DIVERSITY, diversified, relevance

if TYPE_CHECKING:
    from numpy.typing import NDArray

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True)
class Recommendation:
    """An image that is recommended.

    Args:
        path: Where it lies, from the current folder if it is below that.
        score: How much it is like what is liked, and unlike what is not, between -1.5 and 1.5.
        like: Which of the liked images it is most like, likewise.
        similarity: The cosine of the two vectors.
        label: What somebody has said it shows; None where nobody has.

    Example:
        >>> from kerastl.recommending import Recommendation
        >>> print(Recommendation("b.jpg", 0.712, "a.jpg", 0.801))
        b.jpg: 0.712, like a.jpg
    """

    path: str
    score: float
    like: str
    similarity: float
    label: str | None = None

    def __str__(self) -> str:
        return f"{printable(self.path)}: {self.score:.3f}, like {printable(self.like)}"

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for it in JSON."""
        return asdict(self)


def recommend(
    db: str | os.PathLike[str],
    like: Paths,
    dislike: Paths = (),
    *,
    top: int = 10,
    diversity: float = DIVERSITY,
    engine: EngineName = "auto",
    trust: bool = False,
    verbose: Verbose = "auto",
) -> list[Recommendation]:
    """Recommend images of an index by some that are liked, and some that are not.

    An image scores the mean cosine of its vector with those of the three liked images nearest to it, less half of that
    with the three nearest disliked ones. Of those that score well, images are chosen that are unlike each other
    (maximal marginal relevance, Carbonell & Goldstein 1998).

    Args:
        db: The folder of an index, which `kerastl index` makes.
        like: Images, folders or patterns, in the index or not: only those that are not are read. They are not
            recommended themselves.
        dislike: Likewise.
        top: How many are wanted.
        diversity: Between 0, where only scores count, and 1, where only the difference from each other does.
        engine: As for `kerastl.load`, for images that are not in the index, and so are `trust` and `verbose`.
        trust: Whether a saved model may run any code.
        verbose: What is shown while it works.

    Returns:
        The recommendations, the best first; fewer where there are fewer images.

    Raises:
        UsageError: An argument is wrong.
        ImageError: A liked or disliked image cannot be read.
        KerastlError: There is no index, or it cannot be read.

    Example:
        >>> from kerastl.index import build
        >>> from kerastl.recommending import recommend
        >>> print(build("data/shapes", "recommend.db", "kerastl_mini"))
        88 added
        >>> len(recommend("recommend.db", ["data/shapes/star/star_03.jpg"], "data/shapes/circle", top=5))
        5
    """
    check_ranking(top, diversity)
    index = Index(db)
    with shown(verbose):
        liked = Liked(index, engine, trust)
        found = recommended(index, liked.of(like, "like"), liked.of(dislike, "dislike"), top, diversity)
    return [replace(one, path=from_here(index.file(one.path)), like=from_here(index.file(one.like))) for one in found]


def check_ranking(top: int, diversity: float) -> None:
    """Raise `UsageError` where a number is out of range."""
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise UsageError(f"top must be a whole number from 1 on. Received: {top!r}")
    if not isinstance(diversity, int | float) or not 0 <= diversity <= 1:
        raise UsageError(f"diversity must be a number from 0 to 1. Received: {diversity!r}")


def recommended(
    index: Index,
    likes: dict[str, NDArray[np.float32]],
    dislikes: dict[str, NDArray[np.float32]],
    top: int,
    diversity: float,
) -> list[Recommendation]:
    """Recommend images; paths are as the index has them.

    Args:
        index: Where to look.
        likes: Vectors of images, by their paths as the index has them.
        dislikes: Likewise.
        top: How many are wanted.
        diversity: As for `recommend`.
    """
    if not likes:
        raise UsageError("there must be at least one image to like")
    paths, vectors = index.paths(), index.vectors()
    liked = np.stack(list(likes.values()))
    disliked = np.stack(list(dislikes.values())) if dislikes else np.empty((0, vectors.shape[1]), np.float32)
    scores = relevance(vectors, liked, disliked)
    scores[[place for place, path in enumerate(paths) if path in likes or path in dislikes]] = -np.inf
    labels, names = index.rows(["label"])["label"], list(likes)
    found = []
    for place in diversified(vectors, scores, top, diversity):
        cosines = liked @ vectors[place]
        nearest = int(cosines.argmax())
        score, similarity = (round(float(value), 6) for value in (scores[place], cosines[nearest]))
        found.append(Recommendation(paths[place], score, names[nearest], similarity, labels[place].as_py()))
    return found
