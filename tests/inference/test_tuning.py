import pytest

from kerastl.inference import _tuning as tuning
from kerastl.inference._cache import default_parallelism
from kerastl.inference._engines import cores


def test_the_plan_that_is_never_bad_comes_first_and_none_twice():
    plans = tuning.candidates(10**6)
    assert plans[0] == default_parallelism(10**6)
    assert len(set(plans)) == len(plans)
    assert all(plan.interpreters * plan.threads <= cores() for plan in plans)


def test_a_large_network_is_not_copied():
    assert {plan.interpreters for plan in tuning.candidates(10**9)} == {1}


@pytest.mark.parametrize(("factor", "chosen"), [(1.05, 0), (1.2, 1)])
def test_another_plan_must_be_clearly_faster(monkeypatch, factor, chosen):
    plans = tuning.candidates(10**6)

    class Trial:
        def __init__(self, engine, image):
            self._speed = 100 * factor if engine == plans[1] else 100.0

        def speed(self):
            return self._speed

    monkeypatch.setattr(tuning, "LiteRTEngine", lambda file, parallelism: parallelism)
    monkeypatch.setattr(tuning, "_Trial", Trial)
    assert tuning.fastest(None, 10**6, (8, 8, 3)) == plans[chosen]
