import numpy as np
import pytest

from kerastl.tasks._ordinal import figures as ordinal_figures
from kerastl.tasks._regression import figures


def test_errors_of_numbers_by_hand():
    found = figures(np.array([[1.0], [5.0]]), np.array([2.0, 2.0]))
    assert found["loss"] == 5
    assert found["mean_absolute_error"] == 2
    assert found["root_mean_squared_error"] == pytest.approx(5**0.5)


def test_errors_of_ranks_by_hand():
    answers = np.array([[0.8, 0.1, 0.1], [0.5, 0.25, 0.25]])
    found = ordinal_figures(answers, np.array([0, 2]))
    assert found["mean_absolute_error"] == 1  # of 0 and 2 ranks
    assert found["accuracy"] == 0.5
