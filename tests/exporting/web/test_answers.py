"""What the page makes of the network's numbers, compared with what Python says of them."""

import json

import numpy as np
import pytest

from kerastl.models import decode
from kerastl.models._number import NumberPrediction


@pytest.fixture
def answer(scripts):
    """The answer of the page, as its scripts give it."""

    def work(outputs, task, labels, thresholds=None, interval=None):
        model = {"task": task, "labels": labels, "thresholds": thresholds, "interval": interval}
        return scripts.evaluate(f"kerastl.answers.answer(Float32Array.from({outputs}), {json.dumps(model)})")

    return work


@pytest.mark.parametrize("task", ["classification", "ordinal"])
def test_the_best_classes_come_first(answer, task):
    scores = np.random.default_rng(0).dirichlet(np.ones(9)).astype(np.float32)
    labels = [f"class {n}" for n in range(9)]
    found = answer(scores.tolist(), task, labels)
    assert [bar["label"] for bar in found["bars"]] == [each.label for each in decode(scores[None], labels, 5)[0]]
    assert [bar["text"].replace("\xa0", " ") for bar in found["bars"]] == [
        f"{100 * s:.1f} %" for s in -np.sort(-scores)[:5]
    ]
    assert [bar["given"] for bar in found["bars"]] == [True, False, False, False, False]
    assert found["title"] == f"{found['bars'][0]['label']} {found['bars'][0]['text']}"


def test_of_equal_scores_the_first_class_is_the_best(answer):
    found = answer([0.25, 0.25, 0.25, 0.25], "classification", ["d", "c", "b", "a"])
    assert [bar["label"] for bar in found["bars"]] == ["d", "c", "b", "a"]


def test_labels_are_given_from_their_thresholds_on(answer):
    found = answer([0.4, 0.6, 0.95, 0.1], "multilabel", ["cat", "dog", "sky", "sea"], [0.3, 0.7, 0.9, 0.5])
    assert found["title"].replace("\xa0", " ") == "sky 95.0 %, cat 40.0 %"
    # What is not given follows, so that one sees how close it was.
    assert [(bar["label"], bar["given"]) for bar in found["bars"]] == [
        ("sky", True), ("cat", True), ("dog", False), ("sea", False),
    ]  # fmt: skip
    assert [bar["threshold"] for bar in found["bars"]] == [0.9, 0.3, 0.7, 0.5]


def test_a_score_that_equals_its_threshold_in_float32_gives_the_label(answer):
    # As in Python: 0.7 is no number of float32, in which scores come.
    assert answer([float(np.float32(0.7))], "multilabel", ["cat"], [0.7])["given"] is True


def test_an_image_without_any_label_is_told_so(answer):
    found = answer([0.1, 0.2], "multilabel", ["cat", "dog"], [0.5, 0.5])
    assert (found["title"], found["given"]) == ("none of the labels", False)


@pytest.mark.parametrize("half", [7.2, 0.031, 4500.0, 0.0])
def test_numbers_read_as_in_python(answer, half):
    value = float(np.float32(12345.678))
    found = answer([value], "regression", ["weight"], None, {"coverage": 0.9, "half_width": half})
    assert found["title"].replace("\xa0", " ") == str(
        NumberPrediction("weight", value, value - half, value + half, 0.9)
    )
    assert found["bars"] == []


def test_a_number_without_an_interval_has_four_digits(answer):
    assert answer([31.41592], "regression", ["age"])["title"] == "age 31.42"


def test_numbers_that_are_none_are_an_error(scripts):
    code = """
    (() => {
      try { kerastl.answers.answer(new Float32Array([NaN, 1]), {task: "classification", labels: ["a", "b"]}); }
      catch (error) { return error.message; }
    })()
    """
    assert scripts.evaluate(code) == "the model's numbers are not finite: it is broken"


def test_joiners_of_emoji_and_persian_words_stay(answer):
    names = ["\U0001f468\u200d\U0001f467", "\u0645\u06cc\u200c\u0631\u0648\u0645", "a\u200bb"]
    found = answer([0.5, 0.3, 0.2], "classification", names)
    assert [bar["label"] for bar in found["bars"]] == [*names[:2], "a\\u200bb"]


def test_names_are_text_whatever_they_hold(scripts, answer):
    hostile = ["<img src=x onerror=\"document.title='run'\">", "a\u202eb\n\u0007c", "</li><script>1</script>"]
    found = answer([0.5, 0.3, 0.2], "classification", hostile)
    assert found["bars"][1]["label"] == "a\\u202eb\\u000a\\u0007c"
    drawn = f"document.querySelector('main').replaceChildren(kerastl.bars.draw({json.dumps(found)}))"
    scripts.evaluate(f"(() => {{ {drawn}; }})()")
    assert scripts.evaluate("[...document.querySelectorAll('main .label')].map((each) => each.textContent)") == [
        hostile[0], "a\\u202eb\\u000a\\u0007c", hostile[2],
    ]  # fmt: skip
    assert scripts.evaluate("document.querySelectorAll('main img, main script').length") == 0


def test_bars_are_as_long_as_scores_and_thresholds_are_marked(scripts, answer):
    found = answer([0.4, 0.6], "multilabel", ["cat", "dog"], [0.3, 0.7])
    scripts.evaluate(
        f"(() => {{ document.querySelector('main').replaceChildren(kerastl.bars.draw({json.dumps(found)})); }})()"
    )
    assert scripts.evaluate("[...document.querySelectorAll('.fill')].map((each) => each.style.width)") == ["40%", "60%"]
    marks = scripts.evaluate("[...document.querySelectorAll('.threshold')].map((each) => each.style.left)")
    assert marks == ["30%", "70%"]
