from dataclasses import dataclass

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
