import json
import os
from pathlib import Path

import numpy as np
import pytest

from kerastl._metrics import top_k
from kerastl.errors import ModelError, UsageError
from kerastl.models._labels import Classification, LabelSet, Prediction, decode
from kerastl.models._published_labels import imagenet

ABC = LabelSet(("a", "b", "c"), ("n1", "n2", "n3"))


def test_top_k_orders_by_score():
    assert top_k([[0.1, 0.7, 0.2]], 2).tolist() == [[1, 2]]


def test_top_k_gives_ties_to_the_lower_index():
    assert top_k([0.3, 0.5, 0.3, 0.5, 0.3], 5).tolist() == [1, 3, 0, 2, 4]


def test_top_k_clips_k_to_the_classes():
    assert top_k([[0.1, 0.9]], 5).tolist() == [[1, 0]]


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_top_k_refuses_other_ks(k):
    with pytest.raises(UsageError, match="top must be a whole number of at least 1"):
        top_k([0.5, 0.5], k)


def test_top_k_refuses_nan():
    with pytest.raises(ModelError, match="NaN"):
        top_k([0.5, float("nan")], 1)


def test_top_k_agrees_with_a_sort_of_pairs():
    scores = np.random.default_rng(3).integers(0, 4, (20, 9)) / 4
    for row, best in zip(scores, top_k(scores, 4), strict=True):
        expected = sorted(range(9), key=lambda index: (-row[index], index))[:4]
        assert best.tolist() == expected


def test_decode_fills_every_field():
    assert decode(np.array([[0.25, 0.5, 0.25]]), ABC, 2) == [
        (Prediction("b", 0.5, 1, "n2"), Prediction("a", 0.25, 0, "n1"))
    ]


def test_decode_takes_a_plain_list_of_names():
    assert decode([[0.0, 1.0]], ["x", "y"], 1) == [(Prediction("y", 1.0, 1, None),)]


@pytest.mark.parametrize("scores", [[[0.5, 0.5]], [0.2, 0.3, 0.5], [[[0.2, 0.3, 0.5]]]])
def test_decode_refuses_scores_of_another_shape(scores):
    with pytest.raises(UsageError, match=r"shape \(n, 3\)"):
        decode(scores, ABC)


def test_label_set_refuses_wnids_that_do_not_fit():
    with pytest.raises(UsageError, match="2 wnids, 1 names"):
        LabelSet(("a",), ("n1", "n2"))


def test_imagenet_names_are_those_of_keras():
    home = os.environ.get("KERAS_HOME")
    index = Path(home or "", "models", "imagenet_class_index.json")
    if not home or not index.is_file():
        pytest.skip("KERAS_HOME names no Keras cache with imagenet_class_index.json")
    keras_index = json.loads(index.read_text())
    ours = imagenet()
    assert len(ours) == 1000
    assert [[w, n] for w, n in zip(ours.wnids, ours.names, strict=True)] == [keras_index[str(i)] for i in range(1000)]


def test_imagenet_has_known_classes_in_known_places():
    names, wnids = imagenet().names, imagenet().wnids
    assert (names[0], wnids[0]) == ("tench", "n01440764")
    assert (names[281], wnids[281]) == ("tabby", "n02123045")
    assert (names[999], wnids[999]) == ("toilet_tissue", "n15075141")
    assert names[134] == names[517] == "crane"


def test_results_print_well():
    result = Classification("a.jpg", "m", (Prediction("cat", 0.9213, 7), Prediction("dog", 0.05, 2)))
    assert str(result) == "a.jpg: cat 92.1 %, dog 5.0 %"
    assert (result.label, result.score, result.best.index) == ("cat", 0.9213, 7)


def test_results_show_as_html_and_escape():
    html = Classification("<x>.jpg", "m", (Prediction("a&b", 0.5, 0),))._repr_html_()
    assert "&lt;x&gt;.jpg" in html
    assert "a&amp;b" in html
    assert "50.0 %" in html
    assert "<x>" not in html


def test_a_failed_result_has_no_best():
    result = Classification("a.jpg", "m", error="truncated")
    assert str(result) == "a.jpg: truncated"
    assert result.as_dict() == {"path": "a.jpg", "error": "truncated"}
    with pytest.raises(ModelError, match="truncated"):
        _ = result.label


def test_scores_keep_seven_digits_in_json():
    score = float(np.float32(0.12345678))
    assert Prediction("a", score, 0).as_dict() == {"label": "a", "score": 0.1234568, "index": 0, "wnid": None}


def test_a_class_is_found_by_name_wordnet_id_or_loosely():
    labels = imagenet()
    assert labels.find("umbrella") == labels.find("n04507155") == labels.find("UMBRELLA") == 879
    assert labels.find("soccer ball") == labels.find("soccer_ball") == labels.find("Soccer-Ball") == 805


def test_an_exact_name_goes_before_a_loose_one():
    labels = LabelSet(("A", "a", "b c"))
    assert (labels.find("a"), labels.find("A"), labels.find("B_C")) == (1, 0, 2)


def test_a_name_of_two_classes_is_not_guessed_at():
    with pytest.raises(UsageError, match="2 classes are called 'crane'; say n02012849 or n03126707"):
        imagenet().find("crane")


def test_all_places_of_a_name_are_told():
    labels = LabelSet(("A", "a", "B c", "a", "b_C"), ("n1", "n2", "n3", "n4", "B c"))
    assert (labels.places("a"), labels.places("A"), labels.places("n4")) == ((1, 3), (0,), (3,))
    # A name goes before a WordNet id, an exact one before a loose one; loosely two are called so.
    assert (labels.places("B c"), labels.places("b-c"), labels.places("d")) == ((2,), (2, 4), ())


def test_a_class_that_is_not_there_has_close_ones():
    with pytest.raises(UsageError, match=r"no class is called 'umbrela'; did you mean umbrella\?"):
        imagenet().find("umbrela")
    with pytest.raises(UsageError, match=r"there are a, b$"):
        LabelSet(("a", "b")).find("zzz")
