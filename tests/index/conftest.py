from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl.embedding import Embedder


@pytest.fixture(scope="session")
def embedder(color_model):
    """Gives three numbers an image: the means of its channels, as a vector of length 1."""
    return Embedder(kerastl.load(color_model))


@pytest.fixture
def new_index(embedder, color_model, tmp_path):
    """Make an index without images, in the folder `db`, of those below `images`."""
    pytest.importorskip("lancedb")
    from kerastl.index import Index

    return lambda: Index.of_embedder(tmp_path / "db", embedder, color_model, tmp_path / "images")


@pytest.fixture
def images(image):
    """Ten images of different colors, in a folder."""
    made = [image(f"images/{number}.png", (20 * number, 9, 100)) for number in range(10)]
    return made[0].parent


@pytest.fixture
def add(embedder):
    """Add images with what is loaded already; which of them were read by the network."""
    from kerastl.index._build import add_images

    def add(index, sources, **options):
        read = []
        pixels = embedder.classifier.pixels

        def watched(image, tta=None):
            read.append(Path(image.name).name)
            return pixels(image)

        embedder.classifier.pixels = watched
        try:
            return add_images(index, sources, lambda: embedder, **options), sorted(read)
        finally:
            del embedder.classifier.pixels

    return add


@pytest.fixture
def vector_index(tmp_path):
    """Make an index of given vectors, whose images are not there."""
    pytest.importorskip("lancedb")
    from kerastl.index import Index, IndexFacts

    def make(vectors, paths=None, name="vectors.db", **columns):
        vectors = np.asarray(vectors, np.float32)
        facts = IndexFacts("kerastl_mini", "none", vectors.shape[1], str(tmp_path))
        index = Index.of_facts(tmp_path / name, facts)
        write_vectors(index, vectors, paths, **columns)
        return Index(tmp_path / name)

    return make


def write_vectors(index, vectors, paths=None, **columns):
    import pyarrow as pa

    count, schema = len(vectors), index.table.schema
    values = {
        "path": paths or [f"{number:06}.jpg" for number in range(count)],
        "content": [f"{number:032x}" for number in range(count)],
        "size": [1] * count,
        "mtime_ns": [1] * count,
        **columns,
    }
    flat = pa.array(vectors.ravel().astype(index.facts.dtype))
    arrays = {"vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])}
    for name in schema.names:
        if name != "vector":
            arrays[name] = pa.array(values.get(name, [None] * count), schema.field(name).type)
    index.table.add(pa.table([arrays[name] for name in schema.names], schema=schema))
