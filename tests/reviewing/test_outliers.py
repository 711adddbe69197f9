import numpy as np

from kerastl.reviewing._outliers import find_outliers, nearest_of_class


def test_the_nearest_of_the_class_is_no_copy_and_not_itself():
    vectors = np.array([[1, 0], [1, 0], [0.6, 0.8], [0, 1], [1, 0]], np.float32)
    labels, groups = np.array([0, 0, 0, 0, 1]), np.array([0, 0, 1, 2, 3])
    found = nearest_of_class(vectors, labels, groups)
    np.testing.assert_allclose(found.distances, [0.4, 0.4, 0.2, 0.2, np.nan], atol=1e-6)
    assert found.rows.tolist() == [2, 2, 3, 2, -1]


def test_blocks_of_rows_change_nothing(vectors, monkeypatch):
    labels = np.arange(60) % 3
    rows = vectors(labels)
    whole = nearest_of_class(rows, labels, np.arange(60))
    monkeypatch.setattr("kerastl.reviewing._outliers._ROWS", 7)
    parts = nearest_of_class(rows, labels, np.arange(60))
    np.testing.assert_array_equal(whole.rows, parts.rows)
    np.testing.assert_allclose(whole.distances, parts.distances, atol=1e-6)


def test_one_that_points_elsewhere_is_far_out(vectors):
    labels = np.repeat([0, 1], 20)
    rows = vectors(labels)
    rows[7] = np.eye(8)[5]
    found = find_outliers(nearest_of_class(rows, labels, np.arange(40)).distances, labels)
    assert found[0] == 7


def test_small_classes_and_equal_distances_have_no_outliers():
    assert not len(find_outliers(np.array([0.1, 0.1, 0.9]), np.zeros(3, np.int64)))
    assert not len(find_outliers(np.full(20, 0.3), np.zeros(20, np.int64)))


def test_outliers_by_hand():
    # Quartiles of 0..10 (in tenths) are 0.25 and 0.75; 3 times their distance above the upper one is 2.25.
    distances = np.append(np.arange(11) / 10, [2.0, 9.0])
    lower, upper = np.quantile(distances, [0.25, 0.75])
    assert upper + 3 * (upper - lower) > 2
    assert find_outliers(distances, np.zeros(13, np.int64)).tolist() == [12]
