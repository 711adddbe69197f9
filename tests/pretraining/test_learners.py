"""The learners as Keras models: what trains, what follows, what stays."""

import math

import keras
import numpy as np
import pytest

from kerastl.pretraining import _losses as losses
from kerastl.pretraining._learners import BYOL, BarlowTwins
from kerastl.pretraining._methods import METHODS
from kerastl.pretraining._networks import momentum_at, settle_norms
from kerastl.training._variables import values_of


def test_keras_trains_with_the_loss_of_both_views(small_backbone, view_pairs):
    learner = BarlowTwins(small_backbone(), width=16)
    learner.compile(keras.optimizers.SGD(0.0))
    expected = losses.barlow_twins(*np.split(np.asarray(learner(view_pairs, training=True)), 2))
    assert learner.train_on_batch(view_pairs, return_dict=True)["loss"] == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("method", METHODS.bundled)
def test_the_loss_falls(method, small_backbone, view_pairs):
    views = np.concatenate([view_pairs[:6], view_pairs[:6] * 0.9])
    learner = METHODS[method].learner_class().create(small_backbone, 16, 0)
    learner.compile(keras.optimizers.Adam(0.01))
    before, *_, after = (learner.train_on_batch(views, return_dict=True)["loss"] for _ in range(15))
    assert after < 0.7 * before


def test_byol_is_symmetric_and_compares_with_the_other_view(small_backbone, view_pairs):
    learner = BYOL.create(small_backbone, 16, 0)
    learner.compile(keras.optimizers.SGD(0.0))
    mine = learner.projector(learner.features(view_pairs, training=True), training=True)
    copy = learner.teacher_projector(learner.teacher_features(view_pairs, training=True), training=True)
    guesses = np.split(np.asarray(learner.predictor(mine, training=True)), 2)
    seen = np.split(np.asarray(copy), 2)
    expected = float(losses.byol(guesses[0], seen[1])) + float(losses.byol(guesses[1], seen[0]))
    assert learner.train_on_batch(view_pairs, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-4)


def test_the_copy_follows_by_the_momentum_and_by_nothing_else(small_backbone, view_pairs):
    learner = BYOL.create(small_backbone, 16, 0)
    learner.compile(keras.optimizers.SGD(0.5))
    learner.train_on_batch(view_pairs)
    copies = [copy for _, copy in learner._pairs]
    leaders = [leader for leader, _ in learner._pairs]
    assert len(copies) == len(learner.features.trainable_variables) + len(learner.projector.trainable_variables) > 5
    known = {id(variable) for variable in learner.trainable_variables}
    assert not known & {id(copy) for copy in copies}
    assert known >= {id(leader) for leader in leaders}
    learner.momentum.assign(0.75)
    before, ahead = values_of(copies), values_of(leaders)
    learner.train_on_batch(view_pairs)
    for copy, old, leader in zip(values_of(copies), before, ahead, strict=True):
        np.testing.assert_allclose(copy, 0.75 * old + 0.25 * leader, atol=1e-6)
    assert any(np.abs(old - leader).max() > 1e-4 for old, leader in zip(before, ahead, strict=True))


def test_the_copy_begins_as_the_network_and_normalizes_by_its_batch(small_backbone, view_pairs):
    learner = BYOL.create(small_backbone, 16, 0)
    for training in (True, False):
        mine = learner.projector(learner.features(view_pairs, training=training), training=training)
        copy = learner.teacher_projector(learner.teacher_features(view_pairs, training=training), training=training)
        np.testing.assert_allclose(mine, copy, atol=1e-5)


def test_the_momentum_rises_to_one():
    assert momentum_at(0.0, 0.99) == pytest.approx(0.99)
    assert momentum_at(0.5, 0.99) == pytest.approx(0.995)
    assert momentum_at(1.0, 0.99) == 1.0
    assert momentum_at(1 / 3, 0.9) == pytest.approx(1 - 0.1 * (math.cos(math.pi / 3) + 1) / 2)


def test_advance_sets_it(small_backbone):
    learner = BYOL.create(small_backbone, 16, 0)
    learner.advance(0.5)
    assert float(learner.momentum) == pytest.approx((1 + BYOL.start) / 2)


def test_settled_statistics_are_the_mean_over_batches(view_pairs):
    pixels = keras.Input((8, 8, 3))
    norm = keras.layers.BatchNormalization(momentum=0.99)
    network = keras.Model(pixels, norm(pixels))
    settle_norms(network, [view_pairs[:4], view_pairs[4:8], view_pairs[8:]])
    means, variances = zip(
        *((part.mean(axis=(0, 1, 2)), part.var(axis=(0, 1, 2))) for part in np.split(view_pairs, 3)), strict=True
    )
    np.testing.assert_allclose(norm.moving_mean, np.mean(means, axis=0), rtol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, np.mean(variances, axis=0), rtol=1e-4)
    assert norm.momentum == 0.99
