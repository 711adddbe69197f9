"""What is told of clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kerastl._base.text import brief, printable

COLUMNS = ("path", "cluster", "name", "similarity")
"""Of CSV: a row an image."""
STABLE = 0.3
"""Stability below which a number of clusters is not much better than others."""


@dataclass(frozen=True)
class ClusteredImage:
    """An image of a cluster.

    Args:
        path: As it stands in the index.
        cluster: The number of its cluster, from 1 on.
        name: The cluster's name.
        similarity: The cosine of its vector with the mean of the cluster's, between -1 and 1.

    Example:
        >>> from kerastl.clustering import ClusteredImage
        >>> print(ClusteredImage("a.jpg", 1, "bee", 0.83))
        a.jpg: 1 bee, 0.830
    """

    path: str
    cluster: int
    name: str
    similarity: float

    def __str__(self) -> str:
        return f"{printable(self.path)}: {self.cluster} {brief(self.name)}, {self.similarity:.3f}"

    def cells(self) -> list[object]:
        """The row in the order of `COLUMNS`."""
        return [self.path, self.cluster, self.name, f"{self.similarity:.6f}"]


@dataclass(frozen=True)
class Cluster:
    """A cluster.

    Args:
        number: From 1 on, the largest cluster first.
        name: What the model says of its images more than of others.
        count: How many images it has.
        examples: The paths of those nearest to its mean.

    Example:
        >>> from kerastl.clustering import Cluster
        >>> print(Cluster(1, "bee", 2, ("a.jpg", "b.jpg")))
        1 bee: 2 images, such as a.jpg, b.jpg
    """

    number: int
    name: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        images = f"{self.count:,} image{'s'[: self.count != 1]}"
        return f"{self.number} {brief(self.name)}: {images}, such as {', '.join(map(printable, self.examples))}"


class Clusters(list[Cluster]):
    """All clusters, the largest first.

    Args:
        clusters: Each.
        images: All images, in the order of their paths.
        stability: Where the number was chosen: how well clusters of one half of the images are found again in the
            other, 0 as by chance, 1 exactly.
        root: The folder that paths start at: that of the index.

    Example:
        >>> from kerastl.clustering import Cluster, ClusteredImage, Clusters
        >>> images = [ClusteredImage("a.jpg", 1, "bee", 0.83)]
        >>> print(Clusters([Cluster(1, "bee", 1, ("a.jpg",))], images))
        1 image in 1 group
    """

    def __init__(
        self,
        clusters: Sequence[Cluster],
        images: Sequence[ClusteredImage],
        stability: float | None = None,
        root: str = "",
    ) -> None:
        super().__init__(clusters)
        self.images = list(images)
        self.stability = stability
        self.root = root

    def __str__(self) -> str:
        count = f"{len(self.images):,} image{'s'[: len(self.images) != 1]}"
        told = f"{count} in {len(self)} group{'s'[: len(self) != 1]}"
        if self.stability is None or len(self) < 2:
            return told
        loose = "; no number of groups is much better than others" if self.stability < STABLE else ""
        return f"{told} (stability {self.stability:.2f}{loose})"

    def as_dict(self) -> dict[str, Any]:
        """The object that stands for them in JSON."""
        return {
            "root": self.root,
            "stability": self.stability,
            "clusters": [asdict(cluster) for cluster in self],
            "images": [asdict(image) for image in self.images],
        }
