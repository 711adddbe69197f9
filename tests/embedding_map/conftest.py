import numpy as np
import pytest

from kerastl.embedding_map import MapImages


@pytest.fixture
def two_groups():
    """Vectors of length 1 in ten dimensions: 20 near the first axis and 20 near the second."""
    random = np.random.default_rng(0)
    vectors = np.repeat(np.eye(10, dtype=np.float32)[:2], 20, axis=0) + random.normal(0, 0.05, (40, 10))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def map_images(image, tmp_path):
    """Make images for a map: files of one color each, at angles of a circle."""

    def make(paths, **more):
        for number, path in enumerate(paths):
            image(path, (20 * number % 256, 90, 250 - 20 * number % 256), (40, 30))
        angles = np.arange(len(paths)) / len(paths)
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        return MapImages(tuple(paths), vectors, root=tmp_path, **more)

    return make
