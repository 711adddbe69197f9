import inspect

import pytest

from kerastl._base.arguments import keywords, written
from kerastl.errors import UsageError


@keywords({"listener": "callbacks"})
def train(data, model=None, *, callbacks=(), epochs=3):
    return data, model, callbacks, epochs, written()


def test_what_a_call_names_is_known_within_it():
    assert train("d") == ("d", None, (), 3, {"data"})
    assert train("d", "m", epochs=3) == ("d", "m", (), 3, {"data", "model", "epochs"})
    assert train(data="d", callbacks=[1]) == ("d", None, [1], 3, {"data", "callbacks"})
    assert written() == frozenset()


def test_a_call_within_a_call_knows_its_own():
    @keywords()
    def outer(data, seed=0):
        return train(data, epochs=seed)[-1], written()

    assert outer("d", seed=1) == ({"data", "epochs"}, {"data", "seed"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("listener", "train: listener= is called callbacks= now"),
        ("epoch", "train: there is no argument epoch; did you mean epochs?"),
        ("xyz", "train: there is no argument xyz; there are data, model, callbacks, epochs"),
    ],
)
def test_other_names_are_refused_with_what_they_may_mean(name, said):
    with pytest.raises(UsageError) as refused:
        train("d", **{name: 1})
    assert str(refused.value) == said


def test_the_signature_stays_what_it_is():
    assert list(inspect.signature(train).parameters) == ["data", "model", "callbacks", "epochs"]
