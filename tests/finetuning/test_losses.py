import keras
import numpy as np
import pytest

from kerastl.errors import RecipeError
from kerastl.finetuning import AsymmetricLoss, Phase
from kerastl.finetuning._compiling import loss_for
from kerastl.finetuning._phase_fields import loss_fields
from kerastl.tasks import TASKS

TARGETS = np.array([[1, 0, 0], [0, 1, 1]], "float32")
ANSWERS = np.array([[0.7, 0.2, 0.04], [0.9, 0.3, 0.5]], "float32")


def test_it_is_equation_7_of_the_paper():
    present = lambda p: -np.log(p)  # noqa: E731
    absent = lambda p: -(max(p - 0.05, 0) ** 4) * np.log(1 - max(p - 0.05, 0))  # noqa: E731
    expected = [present(0.7) + absent(0.2) + absent(0.04), absent(0.9) + present(0.3) + present(0.5)]
    assert float(AsymmetricLoss()(TARGETS, ANSWERS)) == pytest.approx(sum(expected) / 6, rel=1e-5)


def test_without_asymmetry_it_is_binary_cross_entropy():
    plain = AsymmetricLoss(0, 0, 0)
    assert float(plain(TARGETS, ANSWERS)) == pytest.approx(
        float(keras.losses.BinaryCrossentropy()(TARGETS, ANSWERS)), rel=1e-5
    )


def test_present_labels_may_be_focused_on_too():
    found = float(AsymmetricLoss(0, 2, 0)(np.ones((1, 1)), np.full((1, 1), 0.8)))
    assert found == pytest.approx(-(0.2**2) * np.log(0.8), rel=1e-4)


def test_certain_answers_have_finite_losses():
    certain = np.array([[0.0, 1.0, 1.0]], "float32")
    assert np.isfinite(float(AsymmetricLoss()(np.array([[1.0, 0.0, 1.0]]), certain)))


@pytest.mark.parametrize("wrong", [{"gamma_negative": -1}, {"gamma_positive": -0.5}, {"margin": 1.0}])
def test_options_are_checked(wrong):
    with pytest.raises(ValueError, match="Received"):
        AsymmetricLoss(**wrong)
    with pytest.raises(RecipeError, match="cannot be used"):
        loss_for(Phase(loss="asymmetric_loss", loss_options=wrong))


def test_a_phase_names_it():
    loss = loss_for(Phase(loss="asymmetric_loss", loss_options={"gamma_negative": 2.0}), TASKS["multilabel"])
    assert isinstance(loss, AsymmetricLoss)
    assert loss.gamma_negative == 2
    assert loss_fields(AsymmetricLoss(margin=0.1))["loss_options"]["margin"] == 0.1


def test_labels_are_trained_by_binary_cross_entropy_unless_the_phase_says_otherwise():
    assert isinstance(loss_for(Phase(), TASKS["multilabel"]), keras.losses.BinaryCrossentropy)
    assert isinstance(loss_for(Phase(), TASKS["classification"]), keras.losses.CategoricalCrossentropy)
