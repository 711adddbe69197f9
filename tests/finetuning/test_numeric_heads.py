import numpy as np
import pytest
from sklearn.linear_model import Ridge

from kerastl.finetuning._numeric_heads import number_head, number_targets, ordinal_head, ordinal_targets
from kerastl.finetuning._ridge_solution import solve_targets
from kerastl.finetuning._solved_head import learnt_nothing

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(80, 6)).astype("float32")
SIGNAL = FEATURES @ np.array([2.0, -1.0, 0.5, 0, 0, 0])
NUMBERS = (500 + 30 * (SIGNAL + RANDOM.normal(scale=0.3, size=80))).astype("float32")
RANKS = np.digitize(SIGNAL, [-1.5, 0.0, 1.5])
WEIGHTS = np.ones(80, "float32")
SCALE = (float(NUMBERS.mean()), float(NUMBERS.std()))


def solved(targets):
    return solve_targets(FEATURES, targets, WEIGHTS, np.arange(80))


def standardized(rows):
    return (rows - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)


def test_left_out_numbers_are_those_of_ridge_without_each_image():
    head = number_head(solved(number_targets(NUMBERS, SCALE)), NUMBERS, WEIGHTS, SCALE)
    assert head.loo_rows.tolist() == list(range(80))
    for left_out in (0, 33, 79):
        others = np.arange(80) != left_out
        peer = Ridge(alpha=head.strength * 80 * 6).fit(standardized(FEATURES)[others], NUMBERS[others])
        # The penalty is for averaged errors of rows whose mean squared length is 1.
        peer_answer = peer.predict(standardized(FEATURES)[~others])[0]
        assert head.loo_probabilities[left_out, 0] == pytest.approx(peer_answer, abs=1.0)


def test_the_kernel_gives_standardized_numbers():
    head = number_head(solved(number_targets(NUMBERS, SCALE)), NUMBERS, WEIGHTS, SCALE)
    answers = (FEATURES @ head.kernel + head.bias)[:, 0] * SCALE[1] + SCALE[0]
    assert np.abs(answers - NUMBERS).mean() < 10
    assert head.loss == pytest.approx(np.mean((answers - NUMBERS) ** 2) / SCALE[1] ** 2, rel=1e-3)
    assert head.prior_loss == pytest.approx(1, rel=1e-5)
    assert not learnt_nothing(head)


def test_nothing_is_learnt_of_features_that_say_nothing():
    constant = np.zeros_like(FEATURES)
    solution = solve_targets(constant, number_targets(NUMBERS, SCALE), WEIGHTS, np.arange(80))
    assert learnt_nothing(number_head(solution, NUMBERS, WEIGHTS, SCALE))
    solution = solve_targets(constant, ordinal_targets(RANKS), WEIGHTS, np.arange(80))
    assert not ordinal_head(solution, RANKS, 4, WEIGHTS).kernel.any()


def test_ordered_classes_get_probabilities_by_where_their_score_lies():
    head = ordinal_head(solved(ordinal_targets(RANKS)), RANKS, 4, WEIGHTS)
    assert head.loo_probabilities.shape == (80, 4)
    np.testing.assert_allclose(head.loo_probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(head.loo_probabilities.argmax(axis=1) - RANKS).mean() < 0.3
    scores = (FEATURES @ head.kernel + head.bias)[:, 0]
    own = np.digitize(scores, head.thresholds)  # the slope is in the score
    assert (own == RANKS).mean() > 0.8
    assert head.loss < head.prior_loss
