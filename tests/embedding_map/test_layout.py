import sys
from importlib.util import find_spec

import numpy as np
import pytest

from kerastl._base import extras
from kerastl.embedding_map import _layout as layout_module
from kerastl.embedding_map import arrange
from kerastl.embedding_map._layout import layout_for
from kerastl.errors import KerastlError, UsageError


@pytest.fixture
def without_umap(monkeypatch):
    monkeypatch.setattr(layout_module, "find_spec", lambda name: None if name == "umap" else name)


def nearest_are_of_the_same_group(places):
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return (distances.argmin(axis=1) < 20) == (np.arange(40) < 20)


@pytest.mark.parametrize("layout", ["pca", "tsne"])
def test_what_is_alike_is_near(two_groups, layout):
    places = arrange(two_groups, layout)
    assert places.shape == (40, 2)
    assert places.dtype == np.float32
    assert nearest_are_of_the_same_group(places).all()
    # It fills the map: the longer side reaches from one edge to the other.
    assert places.min() == 0
    assert places.max() == 1


def test_the_same_seed_gives_the_same_places(two_groups):
    places = arrange(two_groups, "tsne", seed=3)
    np.testing.assert_array_equal(arrange(two_groups, "tsne", seed=3), places)
    assert not np.array_equal(arrange(two_groups, "tsne", seed=4), places)


def test_umap(two_groups):
    if find_spec("umap") is None:
        pytest.skip("umap-learn is not installed")
    # It takes half a minute to compile: only that it is chosen is tried here.
    assert layout_for(40) == layout_for(40, "umap") == "umap"


def test_principal_components_are_those_of_an_eigenvalue_decomposition(two_groups):
    centered = two_groups - two_groups.mean(axis=0)
    _, axes = np.linalg.eigh(centered.T @ centered)
    expected = centered @ axes[:, [-1, -2]]
    places = arrange(two_groups, "pca")
    for axis in (0, 1):
        assert abs(np.corrcoef(places[:, axis], expected[:, axis])[0, 1]) > 0.999


def test_without_umap_it_is_tsne(without_umap):
    assert layout_for(40) == "tsne"
    assert layout_for(40, "pca") == "pca"
    with pytest.raises(KerastlError, match="pip install umap-learn, or take layout tsne"):
        layout_for(40, "umap")


def test_without_scikit_learn_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    with pytest.raises(KerastlError, match="pip install scikit-learn"):
        layout_for(40, "pca")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9])
def test_few_images(without_umap, count):
    vectors = np.eye(12, dtype=np.float32)[:count]
    places = arrange(vectors)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == count


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_short_vectors(without_umap, dimension):
    random = np.random.default_rng(0)
    places = arrange(random.normal(size=(30, dimension)))
    assert places.shape == (30, 2)
    assert np.isfinite(places).all()


def test_copies_lie_beside_each_other_and_hide_nothing(without_umap):
    places = arrange(np.ones((200, 5), np.float32))
    assert len(np.unique(places, axis=0)) == 200
    assert np.abs(places - 0.5).max() < 0.02
    # On a line at 0, 0.5 and 1 lie one, two and one: the second in the middle is moved.
    places = arrange(np.array([[0.0], [1.0], [1.0], [2.0]]), "pca")
    assert np.linalg.norm(places[1] - places[2]) > 0.0004
    assert abs(np.linalg.norm(places[0] - places[3]) - 1) < 1e-6


@pytest.mark.parametrize(
    ("vectors", "more", "reason"),
    [
        (np.zeros((0, 3)), {}, "shape"),
        (np.zeros(3), {}, "shape"),
        (np.array([[1, np.nan]]), {}, "finite"),
        (np.eye(3), {"layout": "mds"}, "layout must be one of"),
        (np.eye(3), {"seed": -1}, "seed"),
    ],
)
def test_what_is_wrong_is_said(vectors, more, reason):
    with pytest.raises(UsageError, match=reason):
        arrange(vectors, **more)
