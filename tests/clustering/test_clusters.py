import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from kerastl.clustering._cluster import described, labels_of
from kerastl.clustering._count import chosen_count
from kerastl.clustering._naming import names_of
from kerastl.clustering._reduction import reduced


def clouds(sizes, seed=0, spread=0.05):
    """Vectors around orthogonal middles, and which."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(len(sizes), 16)[truth] + random.normal(0, spread, (len(truth), 16))
    order = random.permutation(len(truth))
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[order].astype(np.float32), truth[order]


@pytest.mark.parametrize("sizes", [(30, 25), (30, 20, 15, 10)])
def test_the_number_of_clouds_is_found(sizes):
    vectors, truth = clouds(sizes)
    labels, stability = labels_of(vectors, "auto", seed=0)
    assert adjusted_rand_score(truth, labels) == 1.0
    assert stability > 0.9
    # The largest comes first.
    assert np.bincount(labels).tolist() == sorted(sizes, reverse=True)


def test_a_given_number_is_taken():
    vectors, truth = clouds((20, 20, 20))
    labels, stability = labels_of(vectors, 3, seed=1)
    assert adjusted_rand_score(truth, labels) == 1.0
    assert stability is None


def test_the_same_seed_gives_the_same_clusters():
    vectors, _ = clouds((30, 20), spread=0.5)
    np.testing.assert_array_equal(labels_of(vectors, 5, seed=3)[0], labels_of(vectors, 5, seed=3)[0])


def test_noise_is_not_stable():
    vectors = np.random.default_rng(0).normal(size=(80, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert chosen_count(reduced(vectors, 0), 0).stability < 0.3


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_few_images_are_one_group(count):
    labels, _ = labels_of(clouds((max(count, 1),))[0][:count], "auto", seed=0)
    assert labels.tolist() == [0] * count


def test_equal_images_are_one_group():
    vectors = np.tile(clouds((1,))[0], (30, 1))
    assert set(labels_of(vectors, "auto", seed=0)[0].tolist()) == {0}
    assert set(labels_of(vectors, 4, seed=0)[0].tolist()) == {0}


def test_fewer_different_images_than_clusters_are_no_error():
    vectors = np.repeat(np.eye(3, 8, dtype=np.float32), 4, axis=0)
    assert len(set(labels_of(vectors, 5, seed=0)[0].tolist())) == 3


def test_main_dimensions_are_half_whitened():
    random = np.random.default_rng(0)
    vectors = (random.normal(size=(400, 3)) * [4, 1, 0] + [9, 0, 0]).astype(np.float32)
    small = reduced(vectors, seed=0)
    assert small.shape == (400, 2)  # the third does not vary
    np.testing.assert_allclose(np.linalg.norm(small, axis=1), 1, atol=1e-5)
    # Deviations of 4 and 1 become 2 and 1: as by hand, but for the sign of each dimension.
    centered = vectors - vectors.mean(axis=0)
    expected = np.abs(centered[:, :2]) / np.sqrt(centered[:, :2].std(axis=0))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(small), expected, atol=0.05)


def test_names_are_what_is_said_of_a_group_more_than_of_others():
    clusters = [0] * 4 + [1] * 3
    predicted = ["hand", "hand", "glove", "glove", "hand", "hand", "fist"]
    scores = [0.5, 0.5, 0.4, 0.4, 0.9, 0.9, 0.1]
    # In 0, hand has 1.0 of 2.8 in all, and glove 0.8 of 0.8; a group has 1.85 on average:
    # 1.0 * log(1 + 1.85 / 2.8) = 0.51 < 0.8 * log(1 + 1.85 / 0.8) = 0.96.
    assert names_of(clusters, predicted, scores) == ["glove", "hand"]


def test_names_that_are_the_same_get_more_words_or_a_number():
    assert names_of([0, 0, 1, 1], ["bee", "fly", "bee", "ant"], [0.9, 0.1, 0.9, 0.2]) == ["bee, fly", "bee, ant"]
    assert names_of([0, 1], ["bee", "bee"], [0.9, 0.9]) == ["bee 1", "bee 2"]
    assert names_of([0, 1], [None, None], [None, None]) == ["group 1", "group 2"]
    assert names_of([], [], []) == []


def test_clusters_are_told_with_the_images_nearest_to_their_mean():
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [-1, 0]], np.float32)
    found = described(["a", "b", "c", "d"], vectors, np.array([0, 0, 0, 1]), ["bee"] * 3 + ["ant"], [0.9] * 4, 0.75)
    # The mean of the first three lies at (0.8, 0.4667), of length 0.9262.
    assert [image.similarity for image in found.images] == pytest.approx([0.8638, 0.9933, 0.9213, 1.0], abs=1e-3)
    assert found[0].examples == ("b", "c", "a")
    assert str(found) == "4 images in 2 groups (stability 0.75)"
    assert str(found[0]) == "1 bee: 3 images, such as b, c, a"
    assert found.as_dict()["images"][3] == {"path": "d", "cluster": 2, "name": "ant", "similarity": 1.0}
