"""The nearest of very many vectors, found in a part of them: LanceDB's inverted file, measured when it is built.

The vectors are grouped around centers, and only the groups nearest to a query are looked through (inverted file: Jégou,
Douze and Schmid 2011, "Product quantization for nearest neighbor search"), in codes of one bit a number (RaBitQ: Gao
and Long 2024, "RaBitQ: Quantizing high-dimensional vectors with a theoretical error bound"), of which the best are
compared in full.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kerastl.index._facts import ApproximateSearch
from kerastl.index._nearest import cosines, nearest
from kerastl.index._table import as_matrix, reported

if TYPE_CHECKING:
    from lancedb.table import Table

    from kerastl.index._table import ImageTable

EXACT_ROWS = 50_000
"""Below, all images are compared."""
WANTED_RECALL = 0.97
# Partitions that are looked through, and as many times as are wanted that are compared in full: the first that does.
_EFFORTS = ((16, 10), (32, 10), (64, 20), (128, 50))
_GROWTH = 2  # times as many images as before, from which on the groups are made anew
_SAMPLE, _TOP = 100, 10
_NUMBERS_A_BYTE = 8  # in codes of one bit
_PER_CENTER, _ROUNDS = 64, 20  # of k-means: half the time of LanceDB's 256 and 50, for a loss of 1 % of recall at most


def is_due(count: int, present: ApproximateSearch | None) -> bool:
    """Whether an index for approximate search is to be built, first or anew."""
    return count >= EXACT_ROWS and (present is None or count >= _GROWTH * present.rows)


def build(table: ImageTable, dimension: int) -> ApproximateSearch:
    """Build the index for approximate search, and measure it.

    Args:
        table: With many images.
        dimension: How many numbers their vectors have.

    Returns:
        What it is, with as much effort as its recall needs.
    """
    from lancedb.index import IvfFlat, IvfRq

    count = len(table)
    partitions = round(count**0.5)
    # On vectors of length 1, the order of distances is that of cosines, and rows of no length have one, too.
    kind = IvfRq if dimension % _NUMBERS_A_BYTE == 0 else IvfFlat
    with reported(table.folder):
        wanted = kind(distance_type="l2", num_partitions=partitions, sample_rate=_PER_CENTER, max_iterations=_ROUNDS)
        table.lance.create_index("vector", config=wanted)
    name = {IvfRq: "IVF_RQ", IvfFlat: "IVF_FLAT"}[kind]
    sample, truth = _sample(table)
    for probes, refined in _EFFORTS:
        search = ApproximateSearch(name, count, partitions, min(probes, partitions), refined, 0.0)
        search = replace(search, recall=round(_recall(table, search, sample, truth), 4))
        if search.recall >= WANTED_RECALL:
            break
    return search


def _sample(table: ImageTable) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of some images, and the places of what is nearest to each, itself among it."""
    chosen = np.random.default_rng(0).choice(len(table), min(_SAMPLE, len(table)), replace=False)
    vectors = np.concatenate([block[np.isin(places, chosen)] for places, block in table.blocks()])
    return vectors, nearest(table.blocks(), vectors, _TOP + 1)[1]


def _recall(table: ImageTable, search: ApproximateSearch, sample: np.ndarray, truth: np.ndarray) -> float:
    """Of the nearest without the image itself, the fraction that is found: as near as the last that is right."""
    found = search_approximately(table, search, sample, truth.shape[1])
    if found is None:
        return 0.0
    return float((found[1][:, 1:] >= truth[:, -1:]).mean())


def search_approximately(
    table: ImageTable, search: ApproximateSearch, queries: np.ndarray, top: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Find the nearest of each query, most of the time.

    Args:
        table: With an index.
        search: How it is searched.
        queries: float32 (q, d), of length 1.
        top: How many are wanted.

    Returns:
        Their places and similarities, as `nearest` gives them; None where so many are wanted that all are better
        compared.
    """
    if search.refined * top > search.rows * search.probes // search.partitions:
        return None
    found = [_one(table.lance, search, query, top) for query in queries]
    if any(len(rows) < top for rows, _ in found):
        return None
    places = np.array([table.places_of(rows) for rows, _ in found], np.int64).reshape(len(queries), top)
    near = np.array([values for _, values in found], np.float32).reshape(len(queries), top)
    order = np.lexsort((places, -near))
    return np.take_along_axis(places, order, 1), np.take_along_axis(near, order, 1)


def _one(lance: Table, search: ApproximateSearch, query: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that are nearest to a query, and their similarities as a full comparison gives them."""
    wanted = lance.search(query, vector_column_name="vector").distance_type("l2").limit(top)
    wanted = (
        wanted.nprobes(search.probes).refine_factor(search.refined).select(["vector", "_distance"]).with_row_id(True)
    )
    found = wanted.to_arrow()
    if not len(found):
        return np.empty(0, np.int64), np.empty(0, np.float32)
    return found["_rowid"].to_numpy(), cosines(as_matrix(found["vector"]), query)
