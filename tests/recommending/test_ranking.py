import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from kerastl.recommending._evaluation import quality, ranking_quality
from kerastl.recommending._likes_table import UserLikes
from kerastl.recommending._ranking import diversified, relevance


def at(*degrees):
    """Vectors of length 1 in the plane."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def cos(degrees):
    return np.cos(np.radians(degrees))


def test_an_image_scores_its_nearest_likes_less_half_of_its_nearest_dislikes():
    scores = relevance(at(0, 90), at(0, 60, 90, 180), at(30))
    three_nearest_of_0, three_nearest_of_90 = (1 + cos(60) + cos(90)) / 3, (1 + cos(30) + cos(90)) / 3
    expected = [three_nearest_of_0 - cos(30) / 2, three_nearest_of_90 - cos(60) / 2]
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_without_dislikes_likes_alone_count():
    np.testing.assert_allclose(relevance(at(0, 90), at(30), at()), [cos(30), cos(60)], atol=1e-6)


def test_recommendations_are_unlike_each_other():
    vectors, scores = at(0, 2, 50, 180), np.array([0.9, 0.88, 0.7, 0.1], np.float32)
    assert diversified(vectors, scores, 3, diversity=0) == [0, 1, 2]
    # After the first: 0.5 * 0.88 - 0.5 * cos(2) = -0.06; 0.35 - 0.5 * cos(50) = 0.03; 0.05 + 0.5 = 0.55.
    assert diversified(vectors, scores, 3, diversity=0.5) == [0, 3, 2]


def test_what_scores_minus_infinity_is_not_recommended():
    scores = np.array([0.5, -np.inf, 0.4], np.float32)
    assert diversified(at(0, 1, 2), scores, 9) == [0, 2]


def test_recall_and_ndcg_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    for _ in range(5):
        order, wanted = random.permutation(12).tolist(), set(random.choice(12, 4, replace=False).tolist())
        found = ranking_quality(order, wanted, 6)
        truth = [[float(place in wanted) for place in range(12)]]
        scores = [[-order.index(place) for place in range(12)]]
        assert found.ndcg == pytest.approx(ndcg_score(truth, scores, k=6))
        assert found.recall == len(wanted & set(order[:6])) / 4


def test_likes_of_one_kind_foretell_others_better_than_popularity_and_chance():
    random = np.random.default_rng(0)
    middles = np.eye(5, 16)
    vectors = np.repeat(middles, 20, axis=0) + random.normal(0, 0.05, (100, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    users = {str(kind): UserLikes(list(range(20 * kind, 20 * kind + 12))) for kind in range(5)}
    found = quality(vectors, users, 10, 0.0, seed=0)
    # Of the 14 images of a kind that are not known, 6 are held out: 10 recommendations hold 6 * 10 / 14 of them.
    assert found.recommended.recall == pytest.approx(10 / 14, abs=0.15)
    assert found.recommended.ndcg > 2 * max(found.popularity.ndcg, found.random.ndcg)
    assert quality(vectors, users, 10, 0.0, seed=0) == found


def test_popularity_counts_the_likes_of_others_only():
    vectors = at(*range(0, 80, 10))
    # Whatever half of the first is known, 0 and 1 are liked by the others, and 2 to 5 by nobody else.
    users = {str(number): UserLikes([0, 1]) for number in range(6)}
    found = quality(vectors, users, 2, 0.0, seed=1)
    assert found.popularity.recall == 1.0
