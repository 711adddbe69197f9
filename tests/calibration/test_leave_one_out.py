import json

import numpy as np
import pytest

import kerastl
from kerastl.calibration import _ood as ood
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._leave_one_out import calibrated, leave_one_out_state
from kerastl.models import _metadata as metadata

RANDOM = np.random.default_rng(0)


def two_classes(n):
    """Probabilities of two classes with every fourth image on the wrong side, from 0.5 to 0.99; labels."""
    right = np.linspace(0.5, 0.99, n)
    labels = np.arange(n) % 2
    wrong = np.arange(n) % 4 == 3
    own = np.where(wrong, 1 - right, right)
    return np.where(np.arange(2) == labels[:, None], own[:, None], 1 - own[:, None]).astype(np.float32), labels


def test_sets_are_fitted_on_the_answers_of_left_out_images():
    probabilities, labels = two_classes(40)
    state = leave_one_out_state(probabilities, labels, np.arange(40), None)
    assert (state.fitted_on, state.temperature, len(state.set_scores)) == ("leave-one-out answers", 1.0, 40)
    # Where the right class is the second of two, its score is the probability of the first.
    wrong = probabilities[np.arange(40), labels] < 0.5
    expected = np.sort(np.where(wrong, probabilities.max(axis=1), 0))
    assert state.set_scores == pytest.approx(expected)
    assert "kept no features" in state.unfitted


def test_images_of_a_group_count_once():
    probabilities, labels = two_classes(40)
    groups = np.repeat(np.arange(10), 4)
    state = leave_one_out_state(probabilities, labels, groups, None)
    assert len(state.set_scores) == 10
    same = [leave_one_out_state(probabilities, labels, groups, None, seed=seed).set_scores.tolist() for seed in (0, 1)]
    assert same[0] == state.set_scores.tolist() != same[1]


def test_rejection_compares_each_image_with_the_others():
    """At 0, 0.5, 1.5, 3, ... degrees the nearest other one is the one before, and to the first the next."""
    steps = np.arange(30) / 2
    angles = np.radians(np.cumsum(steps))
    features = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    probabilities, labels = two_classes(30)
    state = leave_one_out_state(probabilities, labels, np.arange(30), lambda rows: features[rows], false_alarms=0.1)
    # The ceil(31 * 0.9) = 28th of the distances, whose steps are 0.5, 0.5, 1, 1.5, ..., 14.5.
    assert state.ood_threshold == pytest.approx(1 - np.cos(np.radians(13.5)), abs=5e-4)
    assert state.references.dtype == np.float16
    assert np.linalg.norm(state.references.astype(np.float32), axis=1) == pytest.approx(np.ones(30), abs=1e-3)
    assert state.ood_scores(np.array([[0.0, -1.0]]))[0] == pytest.approx(
        1 - np.cos(np.radians(270) - angles).max(), abs=5e-4
    )


def test_images_of_a_group_are_not_compared_with_each_other():
    """Of pairs of the same image only one is kept, so that none finds itself."""
    features = np.repeat(np.eye(20), 2, axis=0)
    probabilities, labels = two_classes(40)
    groups = np.repeat(np.arange(20), 2)
    state = leave_one_out_state(probabilities, labels, groups, lambda rows: features[rows], false_alarms=0.1)
    assert state.references.shape == (20, 20)
    assert state.ood_threshold == 1


@pytest.mark.parametrize("count", [1, 5])
def test_too_few_images_fit_no_rejection(count):
    probabilities, labels = two_classes(count)
    state = leave_one_out_state(probabilities, labels, np.arange(count), lambda rows: np.eye(count)[rows])
    assert state.references is None
    assert "0.95 cannot be guaranteed" in state.unfitted


def test_many_features_leave_room_for_fewer_references():
    assert ood.most_references(1280) == 4096
    assert ood.most_references(1 << 13) == 1024
    assert ood.most_references(1 << 30) == 1


def test_distances_to_others_are_those_of_all_pairs(monkeypatch):
    features = ood.unit_length(RANDOM.normal(size=(70, 4)))
    cosines = features @ features.T
    np.fill_diagonal(cosines, -1)
    monkeypatch.setattr(ood, "_ROWS", 32)
    assert ood.distances_to_others(features, features) == pytest.approx(1 - cosines.max(axis=1), abs=1e-6)


def test_many_scores_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr("kerastl.calibration._leave_one_out._MOST_SCORES", 100)
    probabilities, labels = two_classes(1000)
    whole = np.sort(1 - probabilities[np.arange(1000), labels])
    state = leave_one_out_state(probabilities, labels, np.arange(1000), None)
    assert len(state.set_scores) == 100
    kept = np.where(whole < 0.5, 0, whole)[5::10]
    assert state.set_scores == pytest.approx(kept, abs=1e-6)


def test_sets_of_a_ridge_head_hold_the_right_class_as_often_as_asked_for():
    """Leave-one-out in place of images set aside, over many draws of a problem that ridge regression is stable on."""
    from kerastl.finetuning import solve_ridge

    random = np.random.default_rng(1)
    centers, held = random.normal(size=(3, 6)), []
    for _ in range(40):
        labels = random.integers(0, 3, 290)
        features = (centers[labels] + random.normal(size=(290, 6))).astype(np.float32)
        train, new = slice(0, 90), slice(90, None)
        head = solve_ridge(features[train], labels[train], 3, np.ones(90, np.float32), np.arange(90))
        state = leave_one_out_state(head.loo_probabilities, labels[train][head.loo_rows], head.loo_rows, None)
        logits = features[new] @ head.kernel + head.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        order = np.argsort(-probabilities, axis=1)
        place = (order == labels[new, None]).argmax(axis=1)
        held.append((place < state.set_sizes(probabilities, 0.9)).mean())
    # Split conformal prediction holds 82 / 91 = 0.901 on average; the mean of 40 draws has a standard error of 0.006.
    assert np.mean(held) == pytest.approx(0.901, abs=0.025)


def test_what_is_written_is_read(color_model, tmp_path):
    import shutil

    shutil.copy(metadata.find(color_model), tmp_path / "model.keras")
    file = tmp_path / "model.keras"
    probabilities, labels = two_classes(40)
    state = leave_one_out_state(probabilities, labels, np.arange(40), lambda rows: np.eye(40)[rows], false_alarms=0.1)
    found = calibrated(state, 0.25, 0.1)
    json.dumps(found.extra)
    described = metadata.read_metadata(file)
    described.extra.update(found.extra)
    metadata.update(file, described, found.members)
    again = state_file.read(file)
    assert again.fitted_on == "leave-one-out answers"
    assert again.set_scores.tolist() == state.set_scores.tolist()
    assert again.ood_threshold == state.ood_threshold
    described = metadata.read_metadata(file)
    assert temperature.fitted_on(described) == "leave-one-out answers"
    assert described.extra["calibration"]["images"] == 40
    # The network is as it was, and nothing scales what it gives.
    score = kerastl.load(file).classify(np.full((32, 32, 3), [255, 0, 0], np.uint8), coverage=0.9).score
    assert score == pytest.approx(0.99990921, abs=1e-6)


def test_numbers_get_intervals_from_how_far_they_are_off():
    truth = np.arange(40, dtype="float32")
    answers = (truth + np.where(truth % 2, 1, -3))[:, None]
    features = np.random.default_rng(0).normal(size=(40, 5))
    state = leave_one_out_state(answers, truth, np.arange(40), lambda places: features[places], task="regression")
    assert sorted(set(state.set_scores.tolist())) == [1, 3]
    assert state.ood_threshold is not None
    extra = calibrated(state, 1.0, task="regression").extra
    assert extra["interval"] == {"coverage": 0.9, "half_width": 3.0, "images": 40}


def test_images_of_a_group_count_once_for_intervals():
    truth, groups = np.arange(40, dtype="float32"), np.arange(40) // 2
    state = leave_one_out_state(truth[:, None] + 1, truth, groups, None, task="regression")
    assert state.set_scores.tolist() == [1] * 20
