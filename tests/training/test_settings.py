from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.training._settings import RunSettings


@dataclass(frozen=True)
class Walk(RunSettings):
    changeable = ("pace",)

    miles: int = 3
    pace: int = 4

    def rules(self):
        return {"miles must be at least 1": self.miles >= 1, "pace must be above 0": self.pace > 0}


def test_a_broken_rule_names_its_field_and_what_was_received():
    with pytest.raises(UsageError, match=r"^pace must be above 0\. Received: pace=-1$"):
        Walk(pace=-1)
    with pytest.raises(UsageError, match="miles must be at least 1"):
        Walk(miles=0, pace=0)  # the first of them


def test_a_run_goes_on_with_what_it_began_with():
    begun = Walk(miles=5, pace=6).as_dict()
    assert begun == {"miles": 5, "pace": 6}
    assert Walk().resumed(begun) == Walk(5, 6)
    assert Walk(miles=5).resumed(begun) == Walk(5, 6)
    assert Walk(pace=7).resumed(begun) == Walk(5, 7)
    with pytest.raises(UsageError, match="begun with miles=5 and cannot go on with 8"):
        Walk(miles=8).resumed(begun)


def test_what_json_has_no_word_for_is_stored_as_it_is_read_back():
    @dataclass(frozen=True)
    class Scaled(RunSettings):
        scale: tuple[float, float] | list[float] = (1.0, 0.0)

    stored = Scaled((2.0, 1.0)).as_dict()
    assert stored == {"scale": [2.0, 1.0]}
    assert Scaled((2.0, 1.0)).resumed(stored, {"scale"}).scale == [2.0, 1.0]
    with pytest.raises(UsageError, match="begun with scale"):
        Scaled((1.0, 0.0)).resumed(stored, {"scale"})


@dataclass(frozen=True)
class Typed(RunSettings):
    count: int = 1
    rate: float | None = None
    name: str | None = "a"
    strict: bool = False
    kind: Literal["x", "y"] | None = None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"count": "3"}, "count must be a whole number. Received: count='3'"),
        ({"count": 3.5}, "count must be a whole number. Received: count=3.5"),
        ({"count": float("inf")}, "count must be a whole number. Received: count=inf"),
        ({"count": True}, "count must be a whole number. Received: count=True"),
        ({"count": None}, "count must be a whole number. Received: count=None"),
        ({"rate": "fast"}, "rate must be a number or None. Received: rate='fast'"),
        ({"rate": float("nan")}, "rate must be a number or None. Received: rate=nan"),
        ({"name": 3}, "name must be a text or None. Received: name=3"),
        ({"strict": 1}, "strict must be True or False. Received: strict=1"),
    ],
)
def test_a_value_of_another_type_is_refused_in_one_line(wrong, said):
    with pytest.raises(UsageError) as refused:
        Typed(**wrong)
    assert str(refused.value) == said


def test_numbers_of_numpy_and_whole_rates_are_taken():
    made = Typed(count=np.int64(3), rate=np.float32(0.5))
    assert (type(made.count), made.count, type(made.rate), made.rate) == (int, 3, float, 0.5)
    assert made.as_dict()["count"] == 3
    assert (type(Typed(count=8e9).count), type(Typed(rate=2.0).rate)) == (int, float)
    assert Typed(rate=1).rate == 1
    assert Typed(kind="z").kind == "z"  # a rule of its own says what it may be
