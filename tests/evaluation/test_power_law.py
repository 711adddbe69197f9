import numpy as np
import pytest

from kerastl.evaluation._power_law import PowerLaws, fit_power_laws

SIZES = np.array([20.0, 40, 80, 160, 320])


@pytest.mark.parametrize(("ceiling", "scale", "exponent"), [(0.95, 1.5, 0.5), (1.0, 0.8, 0.3), (0.7, 3.0, 1.0)])
def test_a_law_is_found_again(ceiling, scale, exponent):
    law = fit_power_laws(SIZES, (ceiling - scale * SIZES**-exponent)[None])
    assert law.exponent[0] == pytest.approx(exponent)
    assert law.ceiling[0] == pytest.approx(ceiling, abs=1e-6)
    assert law.scale[0] == pytest.approx(scale, abs=1e-5)
    assert law.at(640)[0] == pytest.approx(ceiling - scale * 640**-exponent)


def test_it_is_the_best_of_all_on_the_grid():
    """Compared with SciPy's bounded least squares for each exponent."""
    from scipy.optimize import lsq_linear

    rows = np.random.default_rng(0).uniform(0.4, 1, (3, 5))
    law = fit_power_laws(SIZES, rows)
    weights = np.sqrt(SIZES / SIZES.sum())
    for place, row in enumerate(rows):
        best = min(
            lsq_linear(
                np.stack([weights, -weights * SIZES**-exponent], axis=1), weights * row, ([-np.inf, 0], [1, np.inf])
            ).cost
            for exponent in np.arange(0.1, 1.51, 0.05)
        )
        own = weights**2 @ (row - law.ceiling[place] + law.scale[place] * SIZES ** -law.exponent[place]) ** 2 / 2
        assert own == pytest.approx(best, rel=1e-6, abs=1e-12)


def test_curves_stay_between_none_and_all_and_never_fall():
    laws = fit_power_laws(SIZES, np.array([[0.9, 0.8, 0.7, 0.6, 0.5], [0.2, 0.9, 0.99, 1.0, 1.0]]))
    assert (laws.scale >= 0).all()
    assert (laws.ceiling <= 1).all()
    for images in (1, 100, 1e6):
        assert ((laws.at(images) >= 0) & (laws.at(images) <= 1)).all()


def test_by_hand():
    law = PowerLaws(np.array([0.9]), np.array([2.0]), np.array([0.5]))
    assert law.at(100)[0] == pytest.approx(0.7)
