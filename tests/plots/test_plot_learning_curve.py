import numpy as np
import pytest

from kerastl import plots
from kerastl.errors import UsageError

POINTS = [(50, 0.8, 0.75, 0.85), (100, 0.86, 0.83, 0.9)]


def test_points_predictions_and_the_law_are_drawn():
    figure = plots.learning_curve(POINTS, [(200, 0.9, 0.86, 0.94)], (0.95, 1.06, 0.5))
    (axes,) = figure.axes
    measured, predicted = (container.lines[0].get_xydata() for container in axes.containers)
    np.testing.assert_allclose(measured, [[50, 0.8], [100, 0.86]])
    np.testing.assert_allclose(predicted, [[200, 0.9]])
    law = axes.lines[-1].get_xydata()
    np.testing.assert_allclose(law[[0, -1]], [[50, 0.95 - 1.06 / 50**0.5], [200, 0.95 - 1.06 / 200**0.5]])


def test_no_points_are_refused():
    with pytest.raises(UsageError, match="at least one"):
        plots.learning_curve([])
