"""Spread and rank of matrices that are known, and a monitor that fires when it should and only then."""

import numpy as np
import pytest

from kerastl.pretraining._feature_quality import CollapseError, CollapseMonitor, effective_rank, relative_spread


def test_the_rank_of_known_matrices():
    assert effective_rank(np.ones((10, 6))) == pytest.approx(1, abs=1e-4)
    assert effective_rank(np.eye(6)) == pytest.approx(6, rel=1e-4)
    assert effective_rank(np.zeros((4, 3))) == 0
    # Singular values 3 and 1: shares 3/4 and 1/4.
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert effective_rank(np.diag([3.0, 1.0])) == pytest.approx(np.exp(entropy), rel=1e-5)
    basis = np.random.default_rng(0).normal(size=(3, 40))
    assert 2 < effective_rank(np.random.default_rng(1).normal(size=(200, 3)) @ basis) <= 3.001


def test_the_spread_is_one_where_vectors_point_everywhere():
    assert relative_spread(np.random.default_rng(0).normal(size=(4_000, 64))) == pytest.approx(1, abs=0.02)
    assert relative_spread(np.tile([1.0, 2.0, 3.0], (9, 1))) == pytest.approx(0, abs=1e-12)
    # Unit vectors (1, 0) and (0, 1), whatever their length: each dimension has a deviation of 1/2; times sqrt(2).
    assert relative_spread(np.array([[5.0, 0], [0, 0.1]])) == pytest.approx(np.sqrt(2) / 2)


def test_the_monitor_fires_on_collapse_and_says_what_to_do():
    collapsed = 1 + 1e-4 * np.random.default_rng(0).normal(size=(100, 16))
    figures = relative_spread(collapsed), effective_rank(collapsed)
    monitor = CollapseMonitor(grace=100, patience=3)
    monitor.look(50, *figures)
    monitor.look(100, *figures)
    monitor.look(200, *figures)
    with pytest.raises(CollapseError, match=r"collapsed.*--learning-rate.*--batch-size.*--method"):
        monitor.look(300, *figures)


def test_the_monitor_leaves_healthy_features_alone():
    healthy = np.random.default_rng(0).normal(size=(100, 16)) + 1
    figures = relative_spread(healthy), effective_rank(healthy)
    monitor = CollapseMonitor(patience=1)
    for step in (100, 200, 300):
        monitor.look(step, *figures)


def test_one_good_look_forgives():
    monitor = CollapseMonitor(patience=2)
    for spread in (0.0, 1.0, 0.0, 1.0):
        monitor.look(1_000, spread, 50.0)
    assert monitor.suspect == 0


def test_a_line_is_collapse_too():
    with pytest.raises(CollapseError, match=r"effective rank 1\.1"):
        CollapseMonitor(patience=1).look(1_000, 0.9, 1.1)
