"""What validation predictions say about a model, on predictions written down by hand."""

import numpy as np
import pytest

from kerastl.finetuning._diagnosis import diagnose


def scores(answers, classes):
    """Scores of which the answer has a good half, and no two rows are the same."""
    rows = np.full((len(answers), classes), 0.4 / classes)
    rows[np.arange(len(answers)), answers] += 0.6
    rows *= 1 + 0.1 * np.random.default_rng(0).random(rows.shape)
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def names(count):
    return [f"c{number}" for number in range(count)]


def test_a_good_model_is_left_alone():
    labels = np.repeat([0, 1, 2], 20)
    answers = labels.copy()
    answers[[0, 1, 25]] = [1, 2, 0]
    assert diagnose(scores(answers, 3), labels, names(3)) == []


def test_chance_is_named_with_both_figures():
    labels, answers = np.repeat([0, 1], 50), np.tile([0, 1], 50)
    (line,) = diagnose(scores(answers, 2), labels, names(2))
    assert "chance level: 50.0 % of 100 are right, and 50.0 % would be by guessing" in line
    assert "kerastl check" in line


@pytest.mark.parametrize("right", [60, 80])
def test_a_rare_class_that_is_found_is_no_chance_although_the_commonest_answer_would_be_right_as_often(right):
    # 90 of one class and 10 of the other; always answering the first would be 90 % right.
    labels = np.repeat([0, 1], [90, 10])
    answers = np.concatenate([np.repeat([0, 1], [right, 90 - right]), np.ones(10, int)])
    assert diagnose(scores(answers, 2), labels, names(2)) == []


def test_a_hundred_and_thirty_classes_at_chance():
    labels = np.repeat(np.arange(130), 3)
    answers = np.random.default_rng(1).integers(130, size=390)
    assert any("chance level" in line for line in diagnose(scores(answers, 130), labels, names(130)))
    answers[:40] = labels[:40]  # 10 % are far more than 0.8 %
    assert not any("chance level" in line for line in diagnose(scores(answers, 130), labels, names(130)))


@pytest.mark.parametrize(
    ("labels", "answers"),
    [([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 0]), ([0, 1, 0, 1], [0, 0, 0, 0]), ([0, 1], [1, 0]), ([0] * 40, [1] * 40)],
)
def test_few_images_or_one_class_say_nothing(labels, answers):
    assert diagnose(scores(np.array(answers), 3), np.array(labels), names(3)) == []


def test_one_answer_for_all_is_named():
    labels = np.repeat([0, 1, 2], [20, 10, 10])
    lines = diagnose(scores(np.zeros(40, int), 3), labels, ["cat\n", "dog", "owl"])
    assert "all 40 validation images are taken for 'cat\\n', and 20 of them are something else" in lines[0]
    assert "chance level" in lines[1]
    assert len(lines) == 2


def test_one_answer_for_all_is_named_although_the_other_class_is_rare():
    labels = np.repeat([0, 1], [38, 2])
    (line,) = diagnose(scores(np.zeros(40, int), 2), labels, names(2))
    assert line.startswith("the answer is always the same: all 40 validation images are taken for 'c0', and 2 of")
    assert diagnose(scores(np.zeros(40, int), 2), np.repeat([0, 1], [39, 1]), names(2)) == []


def test_worse_than_guessing_points_to_the_labels():
    labels = np.repeat([0, 1], 30)
    (line,) = diagnose(scores(1 - labels, 2), labels, names(2))
    assert "worse than by guessing: 0.0 % of 60 are right, and 50.0 % would be by guessing" in line
    assert "chance level" not in line


def test_nearly_one_answer_is_named_too_but_not_when_the_rare_class_is_found():
    labels = np.repeat([0, 1], [160, 40])
    answers = np.zeros(200, int)
    answers[0] = 1
    assert "199 of 200 validation images are taken for 'c0'" in diagnose(scores(answers, 2), labels, names(2))[0]
    answers[160:190] = 1
    assert diagnose(scores(answers, 2), labels, names(2)) == []


def test_equal_scores_are_named():
    labels = np.repeat([0, 1, 2], 4)
    even = np.full((12, 3), 1 / 3, np.float32)
    assert "all 12 validation images get the same scores" in diagnose(even, labels, names(3))[0]
    half = scores(labels, 3)
    half[:8] = 1 / 3
    assert "equal for 8 of 12" in diagnose(half, labels, names(3))[0]


def test_a_common_class_that_is_never_predicted_is_named():
    labels = np.repeat([0, 1, 2, 3], [20, 20, 12, 2])
    answers = np.where(labels == 2, 0, np.minimum(labels, 1))
    (line,) = diagnose(scores(answers, 4), labels, names(4))
    assert line.startswith("never predicted: 'c2' (1 of 4 classes, 12 validation images)")  # 'c3' is rare


def test_many_classes_never_predicted_are_folded():
    labels = np.repeat(np.arange(60), 3)
    answers = np.where(labels < 20, labels, labels % 20)
    (line,) = diagnose(scores(answers, 60), labels, names(60))
    assert "'c20', 'c21', 'c22', 'c23', 'c24' and 35 more (40 of 60 classes, 120 validation images)" in line


def test_answers_by_leave_one_out_are_called_so():
    labels, answers = np.repeat([0, 1], 50), np.tile([0, 1], 50)
    (line,) = diagnose(scores(answers, 2), labels, names(2), "leave_one_out")
    assert line.startswith("the accuracy by leave-one-out is at chance level: 50.0 % of 100")
    (line,) = diagnose(scores(1 - labels, 2), labels, names(2), "leave_one_out")
    assert "by leave-one-out is worse than by guessing: 0.0 % of 100" in line
    assert "may say nothing about their labels" in line
    constant = np.zeros(100, int)
    assert (
        "100 left-out images are taken for 'c0'" in diagnose(scores(constant, 2), labels, names(2), "leave_one_out")[0]
    )
