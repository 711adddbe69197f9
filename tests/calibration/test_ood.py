import numpy as np
import pytest

from kerastl.calibration import _ood as ood


def test_distances_by_hand():
    references = np.array([[1, 0, 0], [0, 1, 0]], np.float16)
    features = np.array([[1, 0, 0], [0, 0, 1], [0.6, 0.8, 0], [-1, 0, 0], [0, -1, 0]], np.float32)
    assert ood.distances(features, references) == pytest.approx([0, 1, 0.2, 1, 1])
    assert ood.distances(features[3:4], references[:1]) == pytest.approx([2])


def test_distances_are_scikit_learns():
    from sklearn.neighbors import NearestNeighbors

    random = np.random.default_rng(0)
    references, features = (random.normal(size=(n, 8)) for n in (50, 30))
    expected = NearestNeighbors(n_neighbors=1, metric="cosine").fit(references).kneighbors(features)[0][:, 0]
    units = [values / np.linalg.norm(values, axis=1, keepdims=True) for values in (features, references)]
    assert ood.distances(*units) == pytest.approx(expected, abs=1e-6)


def test_all_references_are_taken_where_they_are_few():
    assert ood.choose_references(np.array([0, 1, 1])).tolist() == [0, 1, 2]


def test_classes_share_the_references():
    labels = np.array([0] * 90 + [1] * 3 + [2] * 7)
    chosen = ood.choose_references(labels, most=15)
    assert np.bincount(labels[chosen]).tolist() == [6, 3, 6]
    assert chosen.tolist() == sorted(set(chosen))
    assert ood.choose_references(labels, most=15).tolist() == chosen.tolist()
    assert ood.choose_references(labels, most=15, seed=1).tolist() != chosen.tolist()
