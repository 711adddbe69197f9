"""The table of networks and export formats: what is measured tells right from wrong; what was not run is no pass."""

import export_table
import export_table_page as pages
import numpy as np
import pytest
import random_weights as weights

from kerastl.exporting import EXPORT_FORMATS
from kerastl.models import build


def probabilities(log_odds):
    exponentials = np.exp(np.asarray(log_odds, float))
    return exponentials / exponentials.sum(1, keepdims=True)


def test_the_difference_is_a_fraction_of_how_much_images_differ():
    expected = probabilities([[1, -1, 0], [-1, 1, 0]])
    assert weights.relative_difference(expected, expected) == 0
    # A constant added to all log-odds changes nothing, and answers that are the mean of the others are 1 off.
    assert weights.relative_difference(probabilities([[6, 4, 5], [4, 6, 5]]), expected) == pytest.approx(0, abs=1e-9)
    assert weights.relative_difference(probabilities([[0, 0, 0]] * 2), expected) == pytest.approx(1)
    # Each of the four log-odds that are not 0 is off by 0.1.
    assert weights.relative_difference(probabilities([[1.1, -1.1, 0], [-1.1, 1.1, 0]]), expected) == pytest.approx(0.1)


def test_where_all_images_get_the_same_nothing_is_compared():
    with pytest.raises(ValueError, match="the images get the same probabilities"):
        weights.relative_difference(probabilities([[1, 0], [0, 1]]), probabilities([[1, 0], [1, 0]]))


def test_under_random_weights_images_differ_and_wrong_networks_are_told():
    images = weights.patterns(8, 32, 32)
    model = weights.randomize(build("kerastl_mini", weights=None), images)
    answers = np.asarray(model(images.astype("float32")))
    log_odds = np.log(answers) - np.log(answers).mean(1, keepdims=True)
    assert np.sqrt(np.mean((log_odds - log_odds.mean(0)) ** 2)) == pytest.approx(1, abs=0.05)
    blue_first = np.asarray(model(images[..., ::-1].astype("float32")))
    assert weights.relative_difference(blue_first, answers) > 1
    layer = model.get_layer("stage2_block1_1_relu")
    layer.activation = lambda values: values
    assert weights.relative_difference(np.asarray(model(images.astype("float32"))), answers) > 0.01


def row(**found):
    return {"backbone": "one", "format": "litert", "megabytes": 3.21, **found}


def test_the_page_says_what_passes_what_fails_and_why_and_what_was_not_run():
    formats = [EXPORT_FORMATS["litert"], EXPORT_FORMATS["litert-fp16"], EXPORT_FORMATS["litert-int8"]]
    known = {
        ("one", "litert"): row(difference=2e-6, versions={"keras": "3.99"}),
        ("one", "litert-fp16"): row(difference=0.2),
        ("two", "litert"): row(reason="it has a layer that nobody knows"),
        ("two", "litert-int8"): row(difference=0.2),
    }
    lines = pages.page(known, ["one", "two", "three"], formats).splitlines()
    assert "| network | litert | litert-fp16 | litert-int8 |" in lines
    assert "| `one` | 2e-06, 3.21 MB | **fails** (1) | not run |" in lines
    assert "| `two` | **fails** (2) | not run | 0.2, 3.21 MB |" in lines
    assert "| `three` | not run | not run | not run |" in lines
    assert "1. differs by 0.2, more than 0.05" in lines
    assert "2. it has a layer that nobody knows" in lines
    assert "Measured with keras 3.99." in lines


def test_a_network_that_was_tried_is_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(export_table, "RESULTS", tmp_path / "results.jsonl")
    monkeypatch.setattr(export_table, "PAGE", tmp_path / "page.md")
    commands = []

    def process(command):
        commands.append(command[-3:])
        if "mobilenet_025" in command:
            export_table.record("mobilenet_025", "litert", difference=1e-6, megabytes=1.9)
        return type("Done", (), {"returncode": 0 if "mobilenet_025" in command else -9})

    monkeypatch.setattr(export_table.subprocess, "run", process)
    for _ in range(2):
        export_table.run(["resnet50", "mobilenet_025"], ["litert"], again=False)
    # The smaller first; each once.
    assert commands == [["mobilenet_025", "--formats", "litert"], ["resnet50", "--formats", "litert"]]
    assert "ended with code -9" in export_table.known()["resnet50", "litert"]["reason"]
    assert "1e-06, 1.9 MB" in (tmp_path / "page.md").read_text()
