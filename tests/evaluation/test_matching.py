import pytest

from kerastl.errors import DataError
from kerastl.evaluation._matching import match
from kerastl.models._labels import LabelSet, imagenet

OWN = LabelSet(("red", "green light", "blue"))


def test_classes_go_by_name_and_not_by_place():
    found = match(["blue", "red"], OWN, "m")
    assert found.indices == {"blue": 2, "red": 0}
    assert found.unknown == {}
    assert found.missing == ("green light",)


def test_a_class_that_the_model_does_not_know_shifts_nothing():
    found = match(["a", "blue", "cyan", "red"], OWN, "m")
    assert found.indices == {"blue": 2, "red": 0}
    assert list(found.unknown) == ["a", "cyan"]


def test_case_and_underscores_do_not_matter():
    assert match(["Green_Light", "RED"], OWN, "m").indices == {"Green_Light": 1, "RED": 0}
    both = LabelSet(("Red", "red"))
    assert match(["Red", "red"], both, "m").indices == {"Red": 0, "red": 1}
    assert list(match(["red", "RED"], both, "m").unknown) == ["RED"]


def test_imagenets_names_and_wordnet_ids():
    found = match(["n01440764", "goldfish", "golden retriever"], imagenet(), "m")
    assert found.indices == {"n01440764": 0, "goldfish": 1, "golden retriever": 207}


def test_a_name_that_two_classes_have_is_not_guessed_at():
    found = match(["crane", "tench"], imagenet(), "m")
    assert found.indices == {"tench": 0}
    assert found.unknown["crane"].endswith("n02012849 or n03126707")
    assert match(["n03126707"], imagenet(), "m").indices == {"n03126707": 517}


def test_a_model_that_knows_none_of_the_classes():
    with pytest.raises(DataError, match=r"m knows none of the classes \(cat, dog\); it knows red, green light, blue"):
        match(["cat", "dog"], OWN, "m")
