"""Clusters as folders: each image goes into the folder of its cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from kerastl.errors import ImageError
from kerastl.images import Resize
from kerastl.models._labels import Classification, LabelSet, Prediction
from kerastl.models._metadata import Metadata

if TYPE_CHECKING:
    from kerastl.clustering._result import Clusters
    from kerastl.sorting._sorting import Sorting, SortOptions


class ClusterLabels:
    """Says of the images of clusters which one they are in, as a classifier does: `Sorting` asks it.

    Args:
        name: Of the clusters, in the journal.
        clusters: The clusters.
        files: Where each of their images lies, in their order.
    """

    def __init__(self, name: str, clusters: Clusters, files: Iterable[str]) -> None:
        self.name = name
        self.labels = LabelSet(tuple(cluster.name for cluster in clusters))
        self.metadata = Metadata(name, self.labels, Resize(1, 1))
        self._images = dict(zip(files, clusters.images, strict=True))

    def classify(self, images: Iterable[Any], top: int, **options: Any) -> Iterator[Classification]:
        """The cluster of each image, with the similarity as its score."""
        for file in images:
            if isinstance(file, ImageError):
                yield Classification(file.path, self.name, error=file.reason)
                continue
            image = self._images[file]
            score = min(1.0, max(0.0, image.similarity))
            yield Classification(file, self.name, (Prediction(image.name, score, image.cluster - 1),))


def cluster_sorting(clusters: Clusters, files: list[str], name: str, options: SortOptions) -> Sorting:
    """What brings the images of clusters into folders: its `run` takes the files.

    Args:
        clusters: The clusters.
        files: Where each image lies.
        name: Of the clusters, in the journal: only those of the same name are gone on with.
        options: Where to, and how.
    """
    from kerastl.sorting._sorting import Sorting

    return Sorting(ClusterLabels(name, clusters, files), options, files)
