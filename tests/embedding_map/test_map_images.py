import numpy as np
import pytest

from kerastl.embedding_map import MapImages
from kerastl.embedding_map._map_images import sampled, wrong_answers
from kerastl.embedding_map._neighbors import most_similar
from kerastl.errors import UsageError


def test_they_must_be_as_many():
    with pytest.raises(UsageError, match=r"labels must be as many as paths. Received: 1, 2 paths"):
        MapImages(("a", "b"), np.eye(2), labels=("x",))
    with pytest.raises(UsageError, match="no images"):
        MapImages((), np.zeros((0, 2)))


def test_web_addresses_lie_below_no_folder(tmp_path):
    found = MapImages(("a/b.png", "https://example.org/c.png", "/d.png"), np.eye(3), root=tmp_path)
    assert found.files == [str(tmp_path / "a/b.png"), "https://example.org/c.png", "/d.png"]


def test_some_are_taken_with_all_that_is_known():
    found = MapImages(
        ("a", "b", "c"), np.eye(3), ("x", "", "z"), ("x", "y", "y"), np.array([1, 0.5, 0.2]),
        np.array([False, False, True]), name="all",
    ).taken(np.array([0, 2]))  # fmt: skip
    assert (found.paths, found.labels, found.answers, found.name) == (("a", "c"), ("x", "z"), ("x", "y"), "all")
    assert found.mistakes.tolist() == [False, True]
    assert found.scores.tolist() == [1, 0.2]
    np.testing.assert_array_equal(found.vectors, np.eye(3)[[0, 2]])


def test_answers_that_are_wrong():
    assert wrong_answers(["a", "b", "", "a"], ["a", "a", "b", ""]).tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("labels", "answers", "comparable"),
    [
        (["a", "b"], ["a", "a"], True),  # each answer is a label
        (["a", "a"], ["a", "c"], True),  # each label is an answer
        (["rose", "tulip"], ["daisy", "vase"], False),  # a model of other classes
        (["rose", "daisy"], ["daisy", "vase"], False),
        (["", ""], ["a", "b"], False),
        (["a", "b"], ["", ""], False),
    ],
)
def test_labels_that_the_model_does_not_know_are_no_mistakes(labels, answers, comparable):
    assert (wrong_answers(labels, answers) is not None) == comparable


def test_a_sample_has_its_part_of_each_label():
    labels = ["common"] * 80 + ["rare"] * 16 + ["single"] * 4
    chosen = sampled(100, 25, labels, seed=1)
    assert len(np.unique(chosen)) == 25
    names, counts = np.unique(np.array(labels)[chosen], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"common": 20, "rare": 4, "single": 1}
    np.testing.assert_array_equal(sampled(100, 25, labels, seed=1), chosen)
    assert not np.array_equal(sampled(100, 25, labels, seed=2), chosen)


def test_a_sample_has_one_of_each_label_where_there_is_room():
    labels = ["common"] * 1000 + list("abcd")
    assert {*np.array(labels)[sampled(1004, 5, labels)]} == {"common", *"abcd"}


def test_within_the_limit_all_are_taken():
    np.testing.assert_array_equal(sampled(3, 3), [0, 1, 2])
    assert len(sampled(1000, 10)) == 10


def test_the_most_similar():
    angles = np.array([0, 10, 25, 90, 93])
    vectors = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1)
    assert most_similar(vectors, 2).tolist() == [[1, 2], [0, 2], [1, 0], [4, 2], [3, 2]]
    assert most_similar(vectors, 9).shape == (5, 4)
    assert most_similar(vectors[:1], 3).shape == (1, 0)
