"""The losses against NumPy, written from the papers, and against values worked out by hand."""

import numpy as np
import pytest
from keras import ops

from kerastl.pretraining import _losses as losses


@pytest.fixture
def pair():
    random = np.random.default_rng(0)
    first = random.normal(size=(7, 4)).astype(np.float32) * [0.3, 1, 2, 0.5]
    return first.astype(np.float32), (first + random.normal(size=(7, 4)) * 0.3).astype(np.float32)


def test_barlow_twins_by_hand():
    # One feature the same in both views, one opposite: the cross-correlation is diag(1, -1), off the diagonal +-0.
    first = np.float32([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    second = first * np.float32([1, -1])
    assert float(losses.barlow_twins(first, second)) == pytest.approx(4.0, rel=1e-4)
    # Two features that are one: all four entries are 1; the two off the diagonal cost 0.005 each.
    same = first[:, [0, 0]]
    assert float(losses.barlow_twins(same, same)) == pytest.approx(0.01, rel=1e-3)


def test_barlow_twins_is_what_numpy_gives(pair):
    matrix = np.corrcoef(*pair, rowvar=False)[:4, 4:]
    off = ~np.eye(4, dtype=bool)
    expected = ((1 - np.diag(matrix)) ** 2).sum() + 0.005 * (matrix[off] ** 2).sum()
    assert float(losses.barlow_twins(*pair, epsilon=0.0)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("prediction", "target", "loss"),
    [([3.0, 0.0], [5.0, 0.0], 0.0), ([1.0, 0.0], [0.0, 2.0], 2.0), ([1.0, 0.0], [-4.0, 0.0], 4.0)],
)
def test_byol_by_hand(prediction, target, loss):
    assert float(losses.byol(np.float32([prediction]), np.float32([target]))) == pytest.approx(loss, abs=1e-6)


def test_byol_is_the_distance_of_unit_vectors(pair):
    a, b = (view / np.linalg.norm(view, axis=1, keepdims=True) for view in pair)
    assert float(losses.byol(*pair)) == pytest.approx(((a - b) ** 2).sum(axis=1).mean(), rel=1e-5)


def test_no_gradient_goes_to_the_target(pair):
    tf = pytest.importorskip("tensorflow")
    prediction, target = (tf.Variable(view) for view in pair)
    with tf.GradientTape() as tape:
        loss = losses.byol(ops.convert_to_tensor(prediction), ops.convert_to_tensor(target))
    to_prediction, to_target = tape.gradient(loss, [prediction, target])
    assert to_target is None
    assert float(ops.max(ops.abs(to_prediction))) > 0
