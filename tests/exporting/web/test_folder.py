"""The folder as it is written; no browser and no runtime is needed."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from kerastl._version import __version__
from kerastl.calibration import Thresholds
from kerastl.errors import ModelError
from kerastl.exporting import EXPORT_FORMATS, ExportSource
from kerastl.exporting import _web as web
from kerastl.exporting import _web_runtime as web_runtime
from kerastl.exporting._selected import check_selected
from kerastl.exporting._web_page import page
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata, resolve

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028\"'\\"


@pytest.fixture
def runtime(monkeypatch):
    """Some bytes in place of the runtime."""
    content = {file: f"// {file.name}".encode() for file in web_runtime.FILES}
    monkeypatch.setattr(web_runtime, "runtime", lambda given=None: content)
    return content


@pytest.fixture
def metadata():
    """Of a model that gives any number of labels."""
    return Metadata(HOSTILE, LabelSet((HOSTILE, "dog")), Resize(32, 48, "pad"), task="multilabel")


def values_of(script):
    """What the page reads from `model.js`: JavaScript's rule for such texts is JSON's."""
    found = re.findall(r"kerastl\.(\w+) = JSON\.parse\((\".*\")\);", script)
    return {name: json.loads(json.loads(text)) for name, text in found}


def test_the_page_knows_the_labels_the_input_and_no_more_than_it_needs(metadata):
    model = values_of(web._model_script(metadata, {}))["model"]
    assert model["labels"] == [HOSTILE, "dog"]
    assert model["input"] == {
        "height": 32, "width": 48, "policy": "pad", "crop_fraction": 0.875, "white_level": None,
    }  # fmt: skip
    assert (model["task"], model["thresholds"], model["interval"]) == ("multilabel", [0.5, 0.5], None)


def test_thresholds_and_intervals_come_along(metadata):
    scores, truth = np.array([[0.2, 0.9], [0.4, 0.1], [0.6, 0.8]]), np.array([[0, 1], [1, 0], [1, 1]], bool)
    chosen = Thresholds.choose(scores, truth, metadata.labels.names, "f1", "labeled")
    described = replace(metadata, extra={"thresholds": chosen.as_dict()})
    assert values_of(web._model_script(described, {}))["model"]["thresholds"] == list(chosen.values)
    interval = {"interval": {"coverage": 0.9, "half_width": 3.5, "images": 40}}
    number = replace(metadata, labels=LabelSet(("age",)), task="regression", extra=interval)
    assert values_of(web._model_script(number, {}))["model"]["interval"] == {"coverage": 0.9, "half_width": 3.5}


def test_names_of_the_model_are_text_in_the_page(metadata):
    html = page(metadata)
    assert "onerror=alert(1)&gt;" in html
    assert "<img" not in html
    assert html.count("</script>") == html.count("<script ")


@pytest.mark.parametrize(
    ("task", "labels", "said"),
    [
        ("classification", ("a", "b"), "which of 2 classes an image shows"),
        ("ordinal", ("low", "high"), "which of 2 classes an image shows"),
        ("multilabel", ("a", "b"), "which of 2 labels an image has"),
        ("regression", ("age",), "a number of an image: age"),
    ],
)
def test_the_page_says_what_the_model_tells(task, labels, said):
    html = page(Metadata("model", LabelSet(labels), Resize(32, 32), task=task))
    assert said in html
    assert ("labels.txt" in html) is (task != "regression")
    assert "unknown" not in html


def test_the_page_names_the_network_that_the_model_was_made_from(metadata):
    assert "mobilenet_v2" in page(replace(metadata, backbone="mobilenet_v2"))


def test_a_network_of_any_size_comes_in_parts(monkeypatch, color_model, tmp_path, runtime):
    pytest.importorskip("onnxruntime", reason="the page needs the extra web")
    source = ExportSource(resolve(color_model))
    if (reason := EXPORT_FORMATS["web"].unavailable()) is not None:
        pytest.skip(reason)
    monkeypatch.setattr(web, "_PART", 60)
    EXPORT_FORMATS["web"].write(source, tmp_path / "web")
    parts = sorted((tmp_path / "web" / "files").glob("model-*.js"))
    assert len(parts) > 3
    assert max(part.stat().st_size for part in parts) < 110
    files = values_of((tmp_path / "web" / "model.js").read_text())["files"]
    assert files["model"]["bytes"] == len(source.onnx)
    assert {f"files/{part.name}" for part in parts} == {f"files/{name}" for name in files["model"]["parts"]}
    red = np.full((1, 32, 32, 3), (255, 0, 0), np.uint8)
    # exp(10) / (exp(10) + 2), as the model's description says.
    assert EXPORT_FORMATS["web"].open(tmp_path / "web").predict(red)[0, 0] == pytest.approx(0.99990921, abs=1e-6)
    assert f"kerastl {__version__}" in (tmp_path / "web" / "index.html").read_text("utf-8")


def test_a_model_that_takes_no_images_is_refused(color_model):
    class Sounds:
        kind = "sound"
        shape = (32, 32, 3)

        def describe(self):
            return "sounds of 2 seconds"

    spec = resolve(color_model)
    source = ExportSource(replace(spec, metadata=replace(spec.metadata, reader=Sounds())))
    with pytest.raises(ModelError, match="colors takes sounds of 2 seconds, and the page reads images only"):
        EXPORT_FORMATS["web"].check_source(source)


def test_all_leaves_the_page_out_where_there_is_no_npm(color_model, monkeypatch, tmp_path):
    if (reason := EXPORT_FORMATS["web"].unavailable()) is not None:
        pytest.skip(reason)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(web_runtime, "_kept", lambda folder: None)
    source = ExportSource(resolve(color_model))
    both = [EXPORT_FORMATS["litert"], EXPORT_FORMATS["web"]]
    found, lacking = check_selected(both, source, everything=True)
    assert ([each.name for each in found], lacking) == (["litert"], {})
    found, lacking = check_selected(both, source, everything=False)
    assert "npm is missing" in str(lacking["web"])
