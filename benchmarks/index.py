"""An index of many vectors against faiss: how long writing and searching takes, what is found, what memory it takes.

    python benchmarks/index.py [--rows 100000] [--dimension 1280] [--clusters 1000] [--queries 200] [--threads 2]

Vectors are made up: activations around a center for each cluster, which differ along 64 directions and a little along
all others, cut off at zero and of length 1. Each way to search runs in a process of its own: faiss's flat index, which
compares all; kerastl's search, exact and approximate. Recall is the fraction found of the 10 nearest by the flat index.
Memory is the process's greatest; queries go one at a time, so that the time is what somebody waits for.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

TOP = 10
_BLOCK = 10_000


def made_up(options: argparse.Namespace) -> Iterator[np.ndarray]:
    """Blocks of vectors: those of the index, then one with the queries."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(64, options.dimension)).astype(np.float32)
    centers = random.normal(size=(options.clusters, 64))
    counts = [min(_BLOCK, options.rows - first) for first in range(0, options.rows, _BLOCK)]
    for count in [*counts, options.queries]:
        inner = centers[random.integers(options.clusters, size=count)] + 0.6 * random.normal(size=(count, 64))
        outer = inner.astype(np.float32) @ mixing
        outer += 2 * random.normal(size=outer.shape).astype(np.float32)
        vectors = np.maximum(outer, 0)
        yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def with_faiss(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The flat index, in memory."""
    import faiss

    faiss.omp_set_num_threads(options.threads)
    began, flat = time.perf_counter(), faiss.IndexFlatIP(options.dimension)
    for file in sorted(folder.glob("block-*.npy")):
        flat.add(np.load(file))
    written = time.perf_counter() - began
    return {"write": written, **_searched(folder, lambda query: flat.search(query, TOP)[1][0])}


def written(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Write an index of kerastl, and what makes the search among so many fast."""
    import pyarrow as pa

    from kerastl._progress import Reporter, reporting
    from kerastl.index import Index, IndexFacts
    from kerastl.index._build import make_searchable

    began = time.perf_counter()
    facts = IndexFacts("made_up", "none", options.dimension, str(folder))
    index, first = Index.of_facts(folder / "db", facts), 0
    schema = index.table.schema
    for file in sorted(folder.glob("block-*.npy")):
        vectors = np.load(file)
        numbers = range(first, first + len(vectors))
        columns = {
            "path": pa.array([f"{number:08}.jpg" for number in numbers]),
            "content": pa.array([f"{number:032x}" for number in numbers]),
            "size": pa.array(numbers, pa.int64()),
            "mtime_ns": pa.array(numbers, pa.int64()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), options.dimension),
        }
        empty = {name: pa.nulls(len(vectors), schema.field(name).type) for name in schema.names if name not in columns}
        index.table.add(pa.table({name: {**columns, **empty}[name] for name in schema.names}, schema=schema))
        first += len(vectors)
    index.table.tidy()
    stored, began = time.perf_counter() - began, time.perf_counter()
    with reporting(Reporter(0)):
        built = make_searchable(index.folder, index.table, facts).approximate
    said = {} if built is None else {"says": f"{100 * built.recall:.1f} % with {built.probes} of {built.partitions}"}
    return {"write": stored, "build": time.perf_counter() - began, **said, "disk": index.table.bytes_on_disk() / 2**20}


def exact(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The search of kerastl that compares all."""
    from kerastl.index import Index

    index = Index(folder / "db")
    return _searched(folder, lambda query: index.search(query, TOP, exact=True)[0][0])


def approximate(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The search of kerastl as it is among so many."""
    from kerastl.index import Index

    index = Index(folder / "db")
    return _searched(folder, lambda query: index.search(query, TOP)[0][0])


def _searched(folder: Path, search: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    queries = np.load(folder / "queries.npy")
    began = time.perf_counter()
    search(queries[:1])
    first, seconds, found = time.perf_counter() - began, [], []
    for query in queries:
        began = time.perf_counter()
        found.append(search(query[None]))
        seconds.append(time.perf_counter() - began)
    return {"first": 1000 * first, "query": 1000 * float(np.median(seconds)), "found": np.array(found)}


WAYS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "faiss flat": with_faiss,
    "kerastl, writing": written,
    "kerastl, exact": exact,
    "kerastl, approximate": approximate,
}


def _in_child(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    result = WAYS[name](folder, options)
    return {**result, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Print a row for each way to search."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 100_000), ("dimension", 1280), ("clusters", 1000), ("queries", 200), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    context, truth = multiprocessing.get_context("spawn"), None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        *blocks, queries = made_up(options)
        for number, block in enumerate(blocks):
            np.save(folder / f"block-{number:04}.npy", block)
        np.save(folder / "queries.npy", queries)
        del blocks
        for way in WAYS:
            with ProcessPoolExecutor(1, mp_context=context) as child:
                result = child.submit(_in_child, way, folder, options).result()
            found = result.pop("found", None)
            truth = found if truth is None else truth
            if found is not None:
                hits = [len(set(row) & set(right)) for row, right in zip(found, truth, strict=True)]
                result["recall"] = 100 * np.mean(hits) / TOP
            print(f"{way:22}", *(_figure(key, value) for key, value in result.items()), sep="  ", flush=True)


def _figure(name: str, value: Any) -> str:
    units = {"write": "s", "build": "s", "first": "ms", "query": "ms", "memory": "MiB", "disk": "MiB", "recall": "%"}
    return f"{name} {value}" if isinstance(value, str) else f"{name} {value:,.1f} {units[name]}"


if __name__ == "__main__":
    main()
