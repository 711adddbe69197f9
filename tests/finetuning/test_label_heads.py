import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score

from kerastl.finetuning._label_diagnosis import diagnose_labels
from kerastl.finetuning._label_heads import label_head, rare_labels
from kerastl.finetuning._ridge_folds import label_folds
from kerastl.finetuning._ridge_solution import solve_targets
from kerastl.finetuning._solver_targets import TargetMatrix


@pytest.fixture(scope="module")
def problem():
    """Features of 200 images that say something of each of three labels, of very different frequency."""
    random = np.random.default_rng(2)
    truth = random.random((200, 3)) < (0.5, 0.3, 0.08)
    features = random.normal(size=(200, 10)) + 2.5 * truth @ np.eye(3, 10)
    return features.astype("float32"), truth


@pytest.fixture(scope="module")
def head(problem):
    features, truth = problem
    weights = np.ones(200, "float32")
    return label_head(solve_targets(features, TargetMatrix(truth), weights, np.arange(200)), truth, weights)


def test_answers_are_in_proportion_to_ridge_regression_by_scikit_learn(problem, head):
    features, truth = problem
    own = features @ head.kernel + head.bias
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    plain = Ridge(alpha=head.strength * 200 * 10).fit(standard, truth.astype(float)).predict(standard)
    for label in range(3):
        slope, offset = np.polyfit(plain[:, label], own[:, label], 1)
        assert slope > 0
        assert own[:, label] == pytest.approx(slope * plain[:, label] + offset, abs=1e-3)


def test_left_out_answers_are_calibrated_and_good(problem, head):
    _, truth = problem
    found = head.loo_probabilities
    assert found.shape == truth.shape
    assert found.mean(axis=0) == pytest.approx(truth.mean(axis=0), abs=0.02)
    for label in range(3):
        by_chance = truth[:, label].mean()
        assert average_precision_score(truth[:, label], found[:, label]) > (1 + by_chance) / 2


def test_each_left_out_answer_is_that_of_a_head_without_the_image(problem, head):
    features, truth = problem
    mean, scale = features.mean(axis=0), features.std(axis=0)
    others = np.arange(200) != 7
    standard = (features - mean) / scale
    # The penalty of 200 images stays where one is gone.
    plain = Ridge(alpha=head.strength * 200 * 10).fit(standard[others], truth[others].astype(float))
    whole = Ridge(alpha=head.strength * 200 * 10).fit(standard, truth.astype(float))
    left_out, fitted = (each.predict(standard[7:8])[0] for each in (plain, whole))
    # Slopes and offsets are those of the whole head, whose answer both have in common.
    own = features[7] @ head.kernel + head.bias
    ratio = np.array([np.polyfit(whole.predict(standard)[:, n], features @ head.kernel[:, n], 1)[0] for n in range(3)])
    assert head.loo_probabilities[7] == pytest.approx(expit(own + ratio * (left_out - fitted)), abs=1e-3)


def test_it_is_better_than_frequencies(head):
    assert head.loss < 0.5 * head.prior_loss


def test_rare_labels_are_named():
    assert rare_labels(np.array([9, 2, 4]), ("cat", "dog", "bird")) == "'dog' (2), 'bird' (4)"
    assert rare_labels(np.array([9, 8]), ("cat", "dog")) == ""
    assert rare_labels(np.zeros(7, int), "abcdefg").endswith("2 more")


def test_folds_have_about_one_image_of_each_label():
    truth = np.zeros((40, 2), bool)
    truth[:20, 0] = truth[10:30, 1] = True
    folds = label_folds(np.arange(40), truth, seed=0)
    assert len(np.unique(folds)) == 20
    counts = np.stack([truth[folds == fold].sum(axis=0) for fold in range(20)])
    assert counts.max() <= 2
    assert (counts == 1).mean() > 0.8


def test_folds_keep_groups_together():
    groups = np.repeat(np.arange(10), 3)
    truth = np.random.default_rng(0).random((30, 2)) < 0.5
    folds = label_folds(groups, truth, seed=1)
    assert all(len(set(folds[groups == group])) == 1 for group in range(10))
    assert len(set(folds)) >= 2


def test_labels_whose_scores_say_nothing_are_named():
    random = np.random.default_rng(0)
    truth = random.random((60, 2)) < 0.5
    answers = np.stack([0.5 * truth[:, 0] + 0.3 * random.random(60), 0.5 - 0.3 * truth[:, 1]], axis=1)
    (line,) = diagnose_labels(answers, truth, ["cat", "dog"])
    assert line.startswith("validation images with 'dog' get no higher scores for it than those without")
    assert diagnose_labels(answers[:, :1], truth[:, :1], ["cat"]) == []


def test_equal_scores_are_named():
    (line,) = diagnose_labels(np.full((20, 2), 0.3), np.eye(20, 2, dtype=bool), ["cat", "dog"], "leave_one_out")
    assert line.startswith("all 20 left-out images get the same scores")
