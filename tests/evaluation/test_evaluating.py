import csv
import json
import math

import numpy as np
import pytest

import kerastl
from kerastl.errors import DataError, ModelError, UsageError
from kerastl.evaluation import evaluate, write_predictions


def softmax(*logits):
    exponents = np.exp(np.array(logits))
    return exponents / exponents.sum()


def test_an_evaluation_by_hand(color_model, colors):
    found = evaluate(color_model, colors)
    assert found.paths == ("blue/1.png", "blue/2.png", "red/1.png", "red/2.png", "red/3.png")
    assert found.truth.tolist() == [2, 2, 0, 0, 0]
    assert found.probabilities[1] == pytest.approx(softmax(0, 0, 2), abs=1e-5)
    assert found.probabilities[3] == pytest.approx(softmax(10, 0, 8), abs=1e-5)
    assert found.right.tolist() == [True, True, True, True, False]
    assert found.accuracy == 0.8
    assert found.figures["accuracy"].value == 0.8
    assert found.figures["top_k_accuracy"].value == 1
    assert found.figures["macro_recall"].value == pytest.approx((2 / 3 + 1) / 2)
    assert found.figures["macro_precision"].value == pytest.approx((1 + 2 / 3) / 2)
    losses = [-math.log(softmax(*z)[i]) for z, i in [((0, 0, 10), 2), ((0, 0, 2), 2), ((10, 0, 0), 0),
                                                     ((10, 0, 8), 0), ((0, 0, 10), 0)]]  # fmt: skip
    assert found.figures["log_loss"].value == pytest.approx(np.mean(losses), abs=1e-4)
    assert dict(found.unknown) == {"cyan": 1}
    assert found.missing == ("green",)
    assert [(pair.label, pair.predicted, pair.count) for pair in found.confused] == [("red", "blue", 1)]
    (mistake,) = found.mistakes()
    assert (mistake.path, mistake.label, mistake.right, mistake.predictions[0].label) == (
        "red/3.png",
        "red",
        False,
        "blue",
    )


def test_an_image_that_cannot_be_read_is_reported_and_left_out(color_model, colors):
    (colors / "red" / "broken.jpg").write_text("no image")
    found = evaluate(color_model, colors)
    assert list(found.failed) == ["red/broken.jpg"]
    assert len(found) == 5


def test_nothing_that_can_be_read_is_one_line(color_model, tmp_path):
    for name in ("red", "blue"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"not one image can be read \(the first: blue/1.jpg"):
        evaluate(color_model, tmp_path)


def test_the_result_is_json_text_and_a_table(color_model, colors):
    found = evaluate(color_model, colors, resamples=20)
    values = json.loads(json.dumps(found.as_dict()))
    assert values["metrics"]["accuracy"]["value"] == 0.8
    assert values["metrics"]["accuracy"]["low"] <= 0.8 <= values["metrics"]["accuracy"]["high"]
    assert values["confusion"] == [
        {"label": "red", "predicted": "red", "count": 2},
        {"label": "red", "predicted": "blue", "count": 1},
        {"label": "blue", "predicted": "blue", "count": 2},
    ]
    assert values["images"] == sum(row["count"] for row in values["reliability"]["filled"]) == 5
    assert "accuracy            80.0 %" in str(found)
    assert "top-" not in str(found)  # three classes: all are among the best three
    assert "<td>80.0 %</td>" in found._repr_html_()


def test_the_table_of_predictions_has_a_row_an_image(color_model, colors, tmp_path):
    (colors / "blue" / "broken.jpg").write_text("no image")
    write_predictions(evaluate(color_model, colors, top=2, resamples=1), tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == [
        "blue/1.png", "blue/2.png", "blue/broken.jpg", "red/1.png", "red/2.png", "red/3.png"
    ]  # fmt: skip
    assert rows[2]["error"]
    assert rows[2]["prediction"] == ""
    second = rows[4]
    assert (second["label"], second["prediction"], second["right"], second["label_rank"]) == ("red", "red", "1", "1")
    assert (second["prediction_2"], second["error"]) == ("blue", "")
    assert float(second["score_2"]) == pytest.approx(softmax(10, 0, 8)[2], abs=1e-5)
    assert (rows[5]["right"], rows[5]["prediction"], rows[5]["label_score"]) != ("1", "red", "")
    assert float(rows[5]["label_score"]) == pytest.approx(softmax(0, 0, 10)[0], abs=1e-6)


def test_progress_ends_with_all_images(color_model, colors):
    calls = []
    evaluate(color_model, colors, resamples=1, progress=lambda *call: calls.append(call))
    assert calls == [("scoring images", n, 5) for n in range(1, 6)]


def test_scores_that_are_not_numbers_are_one_line(color_model, colors, monkeypatch):
    classifier = kerastl.load(color_model)
    monkeypatch.setattr(classifier, "predict_pixels", lambda pixels: np.full((len(pixels), 3), np.nan, np.float32))
    with pytest.raises(ModelError, match="not numbers"):
        evaluate(classifier, colors)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"resamples": 0}, {"split": "dev"}])
def test_wrong_arguments(color_model, colors, wrong):
    with pytest.raises(UsageError):
        evaluate(color_model, colors, **wrong)


def test_an_imagenet_network_finds_its_classes_in_folders(keras_home, shared_images, tmp_path):
    """Folders called by WordNet id and by name; the images' own names say what they show."""
    for pattern, folder in (("n01443537_*", "n01443537"), ("*_goldfish*", "goldfish"), ("n02*", "n02")):
        files = sorted(shared_images.glob(pattern))[:3]
        for file in files:
            target = tmp_path / (folder if folder != "n02" else file.name.split("_")[0])
            target.mkdir(exist_ok=True)
            (target / file.name).symlink_to(file)
    found = evaluate("mobilenet_v2", tmp_path, resamples=10)
    assert not found.unknown
    for path, truth in zip(found.paths, found.truth, strict=True):
        assert found.labels.wnids[truth] == path.split("/")[1].split("_")[0]
    assert found.accuracy >= 0.6


def test_images_of_one_class(color_model, image, tmp_path):
    for number in range(3):
        image(f"new/red/{number}.png", (255, number, 0))
    image("new/red/wrong.png", "blue")
    found = evaluate(color_model, tmp_path / "new", resamples=5)
    assert (found.split, len(found), found.missing) == ("all", 4, ("green", "blue"))
    assert [(scores.label, scores.recall, scores.support) for scores in found.classes] == [("red", 0.75, 4)]
    assert found.figures["macro_recall"].value == 0.75
    assert str(found)


@pytest.mark.parametrize("split", [None, "test", "val"])
def test_images_that_come_as_a_test_part_only(color_model, image, tmp_path, split):
    image("t/test/red/1.png", "red")
    image("t/test/blue/1.png", "blue")
    found = evaluate(color_model, tmp_path / "t", split, resamples=1)
    assert (found.split, found.paths) == ("test", ("test/blue/1.png", "test/red/1.png"))
    assert ("there is no val part: test is taken" in found.notes) is (split == "val")


@pytest.mark.parametrize("hold", [evaluate, kerastl.calibrate])
def test_images_are_looked_for_before_the_model_is_loaded(tmp_path, monkeypatch, hold):
    def load(*_, **__):
        raise AssertionError("loaded")

    monkeypatch.setattr("kerastl.evaluation._evaluating.load", load)
    monkeypatch.setattr("kerastl.evaluation._calibrating.resolve", load)
    with pytest.raises(DataError, match="no such folder"):
        hold("model.keras", tmp_path / "nowhere")
