"""How well likes are foretold by other likes, against popularity and chance."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.text import percent
from kerastl._progress import Verbose, shown
from kerastl.errors import KerastlError
from kerastl.index import Index
from kerastl.recommending._likes_table import UserLikes, read_likes
from kerastl.recommending._ranking import DIVERSITY, diversified, relevance
from kerastl.recommending._recommend import check_ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class RankingQuality:
    """How good recommendations are, averaged over users, each between 0 and 1.

    Args:
        recall: The fraction of the held-out likes among the `top` recommendations.
        ndcg: Normalized discounted cumulative gain of these: 1 where they begin with held-out likes only.
    """

    recall: float
    ndcg: float


@dataclass(frozen=True)
class RecommendationQuality:
    """How well held-out likes are recommended.

    Args:
        users: How many people have two likes or more in the index.
        top: Recommendations each.
        recommended: By vectors, as `recommend` does it.
        popularity: The images that most other people like.
        random: Any images.

    Example:
        >>> from kerastl.recommending import RecommendationQuality
        >>> from kerastl.recommending._evaluation import RankingQuality
        >>> quality = RecommendationQuality(8, 10, *(RankingQuality(r, r) for r in (0.5, 0.2, 0.1)))
        >>> print(quality)
        recommended: recall@10 50.0 %, nDCG@10 0.500
        popularity: recall@10 20.0 %, nDCG@10 0.200
        random: recall@10 10.0 %, nDCG@10 0.100
    """

    users: int
    top: int
    recommended: RankingQuality
    popularity: RankingQuality
    random: RankingQuality

    def __str__(self) -> str:
        return "\n".join(
            f"{name}: recall@{self.top} {percent(found.recall)}, nDCG@{self.top} {found.ndcg:.3f}"
            for name, found in self._rankings().items()
        )

    def _rankings(self) -> dict[str, RankingQuality]:
        return {"recommended": self.recommended, "popularity": self.popularity, "random": self.random}

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for it in JSON."""
        return {"users": self.users, "top": self.top, **{name: asdict(it) for name, it in self._rankings().items()}}


def evaluate_recommendations(
    db: str | os.PathLike[str],
    likes: str | os.PathLike[str],
    *,
    top: int = 10,
    diversity: float = DIVERSITY,
    seed: int = 0,
    verbose: Verbose = "auto",
) -> RecommendationQuality:
    r"""Tell how well likes are foretold: half of each person's likes are held out, and recommended by the others.

    Args:
        db: The folder of an index, which `kerastl index` makes.
        likes: A CSV file with a column `path`, and if wanted `user` (else all likes are one person's) and `like` (1, or
            0 for a dislike). Paths are those of the index, or lead to images of it.
        top: Recommendations that are looked at.
        diversity: As for `recommend`.
        seed: Of which likes are held out, and of the random recommendations.
        verbose: What is shown while it works, as for `kerastl.load`.

    Returns:
        Recall and nDCG (Järvelin & Kekäläinen 2002) at `top`, averaged over users, of the recommendations, of the
        images that most others like, and of random ones; none of them recommends what is known of a person.

    Raises:
        UsageError: An argument is wrong.
        KerastlError: There is no index, or the table cannot be read, or nobody in it has two likes in the index.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.index import build
        >>> from kerastl.recommending import evaluate_recommendations
        >>> print(build("data/shapes", "likes.db", "kerastl_mini"))
        88 added
        >>> stars = [str(file) for file in sorted(Path("data/shapes/star").iterdir())]
        >>> written = Path("likes.csv").write_text("\n".join(["path", *stars]))
        >>> evaluate_recommendations("likes.db", "likes.csv").users
        1
    """
    check_ranking(top, diversity)
    index = Index(db)
    with shown(verbose):
        users = read_likes(likes, index)
        if not users:
            raise KerastlError(f"{os.fspath(likes)}: nobody in it likes two images of the index")
        return quality(index.vectors(), users, top, diversity, seed)


def quality(
    vectors: NDArray[np.float32], users: Mapping[str, UserLikes], top: int, diversity: float, seed: int
) -> RecommendationQuality:
    """The same for vectors.

    Args:
        vectors: Of all images, shape (n, d), of length 1.
        users: What each likes, by places.
        top: As for `evaluate_recommendations`, and so are `diversity` and `seed`.
        diversity: Likewise.
        seed: Likewise.
    """
    random = np.random.default_rng(seed)
    halves = {name: _halved(user.likes, random) for name, user in users.items()}
    counts = np.zeros(len(vectors), np.float32)
    for known, _ in halves.values():
        counts[list(known)] += 1
    measured: dict[str, list[RankingQuality]] = {"recommended": [], "popularity": [], "random": []}
    for name, user in users.items():
        known, held_out = halves[name]
        others = counts.copy()
        others[known] -= 1
        noise = random.random(len(vectors), np.float32)
        scores = relevance(vectors, vectors[known], vectors[list(user.dislikes)])
        for values in (scores, others, noise):
            values[[*known, *user.dislikes]] = -np.inf
        orders = {
            "recommended": diversified(vectors, scores, top, diversity),
            "popularity": np.lexsort((noise, -others))[:top].tolist(),
            "random": np.argsort(-noise)[:top].tolist(),
        }
        for ranking, order in orders.items():
            measured[ranking].append(ranking_quality(order, set(held_out), top))
    return RecommendationQuality(len(users), top, *map(_averaged, measured.values()))


def _halved(likes: Sequence[int], random: np.random.Generator) -> tuple[list[int], list[int]]:
    order = random.permutation(np.asarray(likes)).tolist()
    return order[: (len(order) + 1) // 2], order[(len(order) + 1) // 2 :]


def ranking_quality(order: Sequence[int], wanted: set[int], top: int) -> RankingQuality:
    """Recall and nDCG of an order.

    Args:
        order: Places, the first recommended first.
        wanted: Those that should be there.
        top: How many of the first count.
    """
    gains = [1 / np.log2(rank + 2) for rank in range(top)]
    hits = [place in wanted for place in order[:top]]
    gained = sum(gain for gain, hit in zip(gains, hits, strict=False) if hit)
    return RankingQuality(sum(hits) / len(wanted), float(gained / sum(gains[: len(wanted)])))


def _averaged(several: Sequence[RankingQuality]) -> RankingQuality:
    mean: Callable[[str], float] = lambda name: float(np.mean([getattr(one, name) for one in several]))  # noqa: E731
    return RankingQuality(mean("recall"), mean("ndcg"))
