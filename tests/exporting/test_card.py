"""The model card: what it tells of a run and of a published model, and that names in it mean nothing."""

import re
from dataclasses import replace

import pytest

import kerastl
from kerastl.exporting import EXPORT_FORMATS, ExportSource
from kerastl.exporting._card import card
from kerastl.models import LabelSet, resolve
from kerastl.models._metadata import Metadata

yaml = pytest.importorskip("yaml", reason="PyYAML comes with mkdocs, which is an extra")

HOSTILE = ("| a | <script>alert(1)</script>", '"]}\n---\nlicense: mit', "![x](http://example.com/x.png) `code` *b* # h")


def head_of(text):
    """The metadata and the rest."""
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


@pytest.fixture(scope="module")
def run(color_model, tmp_path_factory):
    """The source of a model that was fine-tuned: with what a run stores, and its split."""
    import shutil

    folder = shutil.copytree(color_model, tmp_path_factory.mktemp("run") / "colors")
    rows = [f"red/{number}.png,red,train" for number in range(30)] + ["blue/0.png,blue,train", "blue/1.png,blue,val"]
    (folder / "split.csv").write_text("\n".join(["path,label,split", *rows]) + "\n")
    spec = resolve(folder)
    metrics = {
        "accuracy_kind": "validation", "task": "classification", "val_loss": 0.3, "val_accuracy": 0.9, "val_top5": 1.0,
        "val_images": 50, "val_accuracy_interval": [0.79, 0.957], "classes": 3, "train_images": 31,
        "phases": [{"trains": "head", "epochs": 3}], "kept_phase": 1, "kept_epoch": 2, "complete": True,
        "recipe": "probe", "warnings": ["the loss rose"], "epochs": 3, "seconds": 3.0,
    }  # fmt: skip
    extra = {
        "metrics": metrics,
        "recipe": {"name": "probe", "why": "few images"},
        "settings": {"seed": 3, "precision": "float32", "class_weights": None},
        "versions": {"kerastl": "0.2.0", "keras": "3.15.1"},
    }
    return ExportSource(replace(spec, metadata=replace(spec.metadata, backbone="mobilenet_v2", extra=extra)))


def test_the_head_says_what_the_hub_asks_for(run):
    head, _ = head_of(card(run))
    assert head["license"] == "apache-2.0"  # of MobileNetV2's weights
    assert head["library_name"] == "keras"
    assert head["pipeline_tag"] == "image-classification"
    assert head["base_model"] == "mobilenet_v2"
    assert {"keras", "kerastl"} <= set(head["tags"])
    (model,) = head["model-index"]
    assert model["name"] == "colors"
    (result,) = model["results"]
    assert result["task"]["type"] == "image-classification"
    assert result["metrics"] == [
        {"type": "accuracy", "value": 0.9, "name": "accuracy (95 % interval 79.0 % to 95.7 %)"}
    ]


def test_hugging_face_reads_it(run):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is no extra of kerastl")
    read = hub.ModelCard(card(run))
    assert read.data.license == "apache-2.0"
    (figure,) = read.data.eval_results
    assert (figure.metric_type, figure.metric_value, figure.task_type) == ("accuracy", 0.9, "image-classification")


def test_the_text_tells_what_the_run_knows(run):
    _, body = head_of(card(run))
    for text in (
        "| accuracy | 90.0 % | 79.0 % to 95.7 % | 50 (validation images of its training) |",
        "- Images: 31 trained on, 50 validated on",
        "- Recipe: probe: few images",
        "seed 3, precision float32",
        "keras 3.15.1",
        "| class | trained on | validated on |",
        "| red | 30 | 0 |",
        "| blue | 1 | 1 |",
        "fewer than 20 images to train on: blue.",
        "the loss rose.",
        "Scores were not calibrated",
        "fine-tuned from mobilenet\\_v2",
        "(n, 32, 32, 3)",
        "under Apache-2.0",
        "kerastl classify --model model.keras IMAGE",
        "keras.saving.load_model('model.keras')",
    ):
        assert text in body, text
    assert "None" not in body
    assert "nan" not in body.lower().replace("finance", "")


def test_stored_values_of_any_kind_cost_nothing(run):
    for broken in (3, "x", [1], {"metrics": 3}, {"metrics": {"val_loss": 1, "val_accuracy": "x"}}, {"recipe": [1]},
                   {"metrics": {"val_loss": 1, "val_accuracy": 0.5, "val_accuracy_interval": 3}}, {"settings": 1},
                   {"versions": "x"}, {"metrics": {"warnings": 3, "phases": {}}},
                   {"metrics": {"val_loss": 1, "val_accuracy": 0.5, "val_images": float("inf")}}):  # fmt: skip
        extra = broken if isinstance(broken, dict) else {"metrics": broken, "recipe": broken, "versions": broken}
        metadata = replace(run.spec.metadata, extra=extra)
        head, body = head_of(card(ExportSource(replace(run.spec, metadata=metadata))))
        assert head["library_name"] == "keras"
        assert "## Limits" in body


def test_names_mean_nothing_to_yaml_and_markdown(run):
    metadata = replace(run.spec.metadata, name=HOSTILE[1], labels=LabelSet(HOSTILE))
    text = card(ExportSource(replace(run.spec, metadata=metadata)), has_keras=True)
    head, body = head_of(text)
    assert head["license"] == "apache-2.0"
    assert head["model-index"][0]["name"] == '"]}\\n---\\nlicense: mit'
    assert "<script" not in body.replace("\\<script", "")
    assert "\n---\n" not in body
    assert not re.search(r"(?<!\\)!\[", body)
    assert not re.search(r"(?<!\\)\*b", body)
    # No name opens a cell of its own.
    rows = [line for line in body.splitlines() if line.startswith("| ") and "| ---" not in line]
    assert all(len(re.findall(r"(?<!\\)\|", row)) in (4, 5) for row in rows)


def test_a_published_network_tells_what_is_published():
    from kerastl.models._registry import BACKBONES

    row = BACKBONES["vgg16"]
    spec = replace(resolve("kerastl_mini"), metadata=replace(resolve("kerastl_mini").metadata, backbone="vgg16"))
    head, body = head_of(card(ExportSource(spec)))
    assert head["license"] == "cc-by-4.0"
    assert "base_model" not in head
    assert "model-index" not in head
    assert f"top-1 {row.top1} %" in body
    assert "Not known: nothing was measured" in body


def test_an_unknown_license_is_said(run):
    metadata = replace(run.spec.metadata, backbone=None, extra={"base_model": {"name": "theirs"}})
    head, body = head_of(card(ExportSource(replace(run.spec, metadata=metadata))))
    assert head["license"] == "unknown"
    assert "The license of the weights of theirs is not known here" in body


@pytest.mark.parametrize("weights", ["none", "/home/someone/own.weights.h5"])
def test_the_license_of_published_weights_is_not_told_of_others(run, weights):
    extra = {**run.metadata.extra, "settings": {"weights": weights}}
    text = card(ExportSource(replace(run.spec, metadata=replace(run.spec.metadata, extra=extra))))
    head, body = head_of(text)
    assert head["license"] == "unknown"
    assert "base_model" not in head
    assert "is not known here" in body
    assert "someone" not in text


def test_numbers_have_no_pipeline(run):
    metadata = Metadata("age", LabelSet(("years",)), run.metadata.reader, task="regression")
    source = ExportSource(replace(run.spec, metadata=metadata))
    head, body = head_of(card(source))
    assert "pipeline_tag" not in head
    assert "Out: numbers" in body


def test_figures_of_images_that_it_was_trained_on_are_no_measure(run, image, tmp_path, monkeypatch):
    image("data/red/a.png", "red")
    image("data/green/a.png", "blue")
    source = ExportSource(run.spec, prove=tmp_path / "data")
    head, body = head_of(card(source))
    assert [result["dataset"]["name"] for result in head["model-index"][0]["results"]] == [
        "validation images of its training", "labeled images (data)"
    ]  # fmt: skip
    assert "| accuracy | 50.0 % |" in body
    assert "never the answer on 2 labeled images: green" in body
    object.__setattr__(source.images, "trained", 2)
    assert "| accuracy | 50.0 % |" not in card(source)


def test_the_card_beside_exports_tells_how_they_compare(color_model, tmp_path):
    result = kerastl.export(color_model, "litert", tmp_path)
    head, body = head_of((tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8"))
    assert head["license"] == "unknown"
    assert "kerastl classify --model model.tflite IMAGE" in body
    assert "- model.tflite (litert): " in body
    assert "example\\_litert.py" in body
    assert "| litert | 100.0 % |" in body
    assert [line.count("|") for line in body.splitlines() if line.startswith("| litert")] == [
        len(result.proof.headings) + 1
    ]
    assert EXPORT_FORMATS["litert"].name in result.files


@pytest.mark.parametrize(
    ("names", "model", "said"),
    [
        (["savedmodel", "onnx-int8"], "model-int8.onnx", "line:"),
        (["openvino", "onnx"], "model.onnx", "line:"),
        (["savedmodel"], "model.keras", "line, with the file that was exported:"),
    ],
)
def test_what_is_told_to_be_used_lies_there(run, names, model, said):
    text = card(run, formats=[EXPORT_FORMATS[name] for name in names])
    assert f"--model {model} IMAGE" in text
    assert f"kerastl.load('{model}')" in text
    assert f"With kerastl, on the command {said}" in text
