"""Exports compared with the Keras model: figures, the bound, what is told and what is kept."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

import kerastl
from kerastl.cli import run
from kerastl.errors import DataError, ModelError
from kerastl.evaluation import Figure
from kerastl.exporting import EXPORT_FORMATS, ExportSource
from kerastl.exporting._builtin_images import builtin_images
from kerastl.exporting._proof import bound, prove
from kerastl.exporting._proof_file import read_proof
from kerastl.exporting._proof_images import MOST_IMAGES, ProofImages, read_images
from kerastl.exporting._proof_row import ProofRow, images_needed
from kerastl.inference import KerasEngine, Parallelism
from kerastl.models import resolve

LITERT = EXPORT_FORMATS["litert"]


class Answering:
    """An engine that gives what a function makes of the right answers."""

    name = "answering"
    parallelism = Parallelism(1, 1, 1, 1)

    def __init__(self, source, change):
        self._engine, self._change = KerasEngine(source.model), change

    def predict(self, pixels):
        return self._change(self._engine.predict(pixels))


@pytest.fixture(scope="module")
def source(color_model):
    return ExportSource(resolve(color_model))


@pytest.fixture
def proven(source, tmp_path):
    """Compare an export whose answers are changed by a function, on images of these colors."""

    def make(change, colors, **more):
        pixels = np.stack([np.full((32, 32, 3), color, np.uint8) for color in colors])
        images = ProofImages(source, pixels, "colors")
        file = tmp_path / "file"
        file.write_bytes(bytes(1 << 20))
        return prove(replace(LITERT, runner=lambda path: Answering(source, change), **more), file, images)

    return make


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def test_the_same_answers_pass(proven):
    row = proven(lambda scores: scores, [RED, GREEN, BLUE])
    assert (row.same, row.images, row.difference, row.megabytes, row.reason) == (3, 3, 0.0, 1.0, "")
    assert row.milliseconds > 0
    # Wilson's interval of 3 of 3 begins at 3 / (3 + 1.96 ** 2).
    assert row.interval[0] == pytest.approx(3 / (3 + 1.959964**2))


def test_other_best_classes_are_refused(proven):
    row = proven(lambda scores: scores[:, ::-1], [RED, GREEN, GREEN, BLUE])  # red and blue change places
    assert row.same == 2
    # exp(10) / (exp(10) + 2) for the right class, 1 / (exp(10) + 2) for the others.
    assert row.difference == pytest.approx((np.exp(10) - 1) / (np.exp(10) + 2), abs=1e-6)
    assert "for 50.0 % of 4 images, and at least 99.5 % are wanted" in row.reason
    with pytest.raises(ModelError, match="--prove DATA"):
        row.check()


def test_integers_have_a_bound_of_their_own_and_an_explicit_one_goes_before():
    assert bound(LITERT) == 0.995
    assert bound(replace(LITERT, quantized=True)) == 0.97
    assert bound(LITERT, 0.5) == 0.5


@pytest.mark.parametrize(
    ("images", "quantized", "wanted"),
    [
        (19, False, 0.995),
        (24, False, 23 / 24),
        (199, False, 198 / 199),
        (1_000, False, 0.995),
        (24, True, 23 / 24),
        (100, True, 0.97),
    ],
)
def test_one_of_few_images_may_differ(images, quantized, wanted):
    export_format = replace(LITERT, quantized=quantized)
    assert bound(export_format, None, images) == pytest.approx(wanted)
    assert bound(export_format, 1.0, images) == 1.0  # unless another bound was asked for


def test_the_fraction_is_not_rounded_up_to_the_bound():
    row = ProofRow("x", 10_000, 9_949, 0.995, 0.0, 1.0, 1.0)
    assert "for 99.4 % of 10,000 images" in row.reason
    assert ProofRow("x", 10_000, 9_950, 0.995, 0.0, 1.0, 1.0).reason == ""


def test_where_rounding_decides_either_class_is_right(proven):
    """An all black image scores 1/3 for each class."""
    row = proven(lambda scores: scores + np.float32([0, 0, 1e-6]), [(0, 0, 0)])
    assert row.reason == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda scores: scores * np.nan, "not numbers"),
        (lambda scores: scores[:, :2], r"shape \(2, 2\), and those of the Keras model \(2, 3\)"),
        (lambda scores: scores if len(scores) == 1 else scores[::-1], "several images together get other answers"),
        (lambda scores: 1 / 0, "cannot be run .ZeroDivisionError"),
    ],
)
def test_what_does_not_answer_as_it_should_is_refused(proven, change, reason):
    row = proven(change, [RED, BLUE])
    with pytest.raises(ModelError, match=reason):
        row.check()


def test_how_many_images_must_agree():
    # n / (n + z ** 2) >= p for z = 1.959964.
    assert images_needed(0.995) == 765
    assert images_needed(0.97) == 125
    assert 765 / (765 + 1.959964**2) >= 0.995 > 764 / (764 + 1.959964**2)


def test_labels_and_numbers_have_rules_of_their_own(several_colors_model, tmp_path):
    source = ExportSource(resolve(several_colors_model))
    pixels = np.stack([np.full((32, 32, 3), color, np.uint8) for color in (RED, (255, 255, 0))])
    images = ProofImages(source, pixels, "colors")
    (tmp_path / "file").touch()

    def same(change):
        return prove(replace(LITERT, runner=lambda path: Answering(source, change)), tmp_path / "file", images).same

    assert same(lambda scores: scores * 0.9) == 2  # still more probable than not
    # Green is lost, which the yellow image has.
    assert same(lambda scores: scores * np.float32([1, 0, 1])) == 1


def test_labels_are_given_from_the_thresholds_that_the_model_has(several_colors_model, tmp_path):
    """Of red 204 a score of sigmoid(20 * 0.8 - 10) = 0.9975, which kerastl tells as no label from 0.999 on."""
    source = ExportSource(resolve(several_colors_model))
    values = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "met": True, "positives": 1, "images": 2}
    labels = [{"label": name, "threshold": 0.999, **values} for name in source.metadata.labels.names]
    extra = {"thresholds": {"aim": "precision=1", "kind": "validation", "labels": labels}}
    source = ExportSource(replace(source.spec, metadata=replace(source.metadata, extra=extra)))
    images = ProofImages(source, np.full((1, 32, 32, 3), (204, 0, 0), np.uint8), "colors")

    def same(change):
        return prove(replace(LITERT, runner=lambda path: Answering(source, change)), tmp_path, images).same

    assert same(lambda scores: scores * 0.4) == 1  # no label, as before
    assert same(lambda scores: scores * np.float32(1.002)) == 0  # 0.9995, which is one


@pytest.fixture(scope="module")
def redness(tmp_path_factory):
    """A run folder whose model gives how red an image is, from 0 to 10."""
    import keras

    from kerastl.images import Resize
    from kerastl.models import LabelSet, Metadata, embed_metadata

    pixels = keras.Input((8, 8, 3))
    dense = keras.layers.Dense(1)
    model = keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(pixels)))
    dense.set_weights([np.float32([[10 / 255], [0], [0]]), np.zeros(1, np.float32)])
    folder = tmp_path_factory.mktemp("redness")
    model.save(folder / "model.keras")
    described = Metadata("redness", LabelSet(("redness",)), Resize(8, 8, "crop", 1.0), task="regression")
    embed_metadata(folder / "model.keras", described)
    return folder


def test_numbers_tell_their_error(redness, tmp_path, image):
    colors = {"red.png": ("red", 9.5), "black.png": ("black", 0.25), "half.png": ((127, 0, 0), 5.0)}
    rows = [f"{image(name, color).name},{number}" for name, (color, number) in colors.items()]
    (tmp_path / "table.csv").write_text("path,redness\n" + "\n".join(rows) + "\n")
    result = kerastl.export(redness, "litert", tmp_path / "out", prove=tmp_path / "table.csv")
    (row,) = result.proof.rows
    # 10 for 9.5, 0 for 0.25, 4.98 for 5.
    assert row.figures["mean_absolute_error"].value == pytest.approx((0.5 + 0.25 + 5 - 1270 / 255) / 3, abs=1e-4)
    assert "calibration_error" not in row.figures
    assert result.proof.headings == ("format", "agree", "diff", "MAE", "ms", "MB")
    source = ExportSource(resolve(redness))
    pixels = np.stack([np.full((8, 8, 3), value, np.uint8) for value in (0, 255)])  # their answers scatter by 5
    images = ProofImages(source, pixels, "grays")

    def same(change):
        return prove(replace(LITERT, runner=lambda path: Answering(source, change)), tmp_path, images).same

    assert same(lambda numbers: numbers + 0.49) == 2
    assert same(lambda numbers: numbers + 0.51) == 0
    images = ProofImages(source, pixels[1:], "white")  # one answer, which does not scatter: 10
    assert same(lambda numbers: numbers * np.float32(1 + 1e-6)) == 1
    assert same(lambda numbers: numbers + 0.01) == 0


# Which images.


def test_builtin_images_are_photographs_and_drawings():
    images = list(builtin_images())
    assert len(images) == 24
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 and min(image.shape[:2]) > 100 for image in images)
    assert all(image.std() > 10 for image in images)  # none is flat
    # Neighboring pixels are alike, which those of noise are not.
    steps = [np.abs(np.diff(image.astype(int), axis=1)).mean() / image.std() for image in images]
    assert max(steps) < 0.5


def test_the_drawings_are_those_of_the_samples():
    from pathlib import Path

    kept = Path(kerastl.__file__).parent / "exporting" / "drawings"
    samples = Path(__file__).parents[2] / "data"
    for file in kept.iterdir():
        assert file.read_bytes() == (samples / file.name).read_bytes()


def test_labeled_images_tell_accuracy(source, image, tmp_path):
    for number in range(3):
        image(f"colors/red/{number}.png", "red")
    image("colors/blue/0.png", "green")
    images = read_images(tmp_path / "colors", source)
    assert (images.data, len(images), images.trained) == ("colors", 4, 0)
    row = prove(LITERT, _written(source, tmp_path), images)
    expected = kerastl.evaluate(kerastl.load(source.spec.weights_file), tmp_path / "colors").figures
    assert row.figures["accuracy"].value == 0.75
    assert row.figures["accuracy"] == expected["accuracy"]
    assert row.figures["calibration_error"].value == pytest.approx(expected["calibration_error"].value, abs=1e-6)


def _written(source, folder):
    LITERT.write(source, folder / "model.tflite")
    return folder / "model.tflite"


def test_other_images_tell_no_accuracy(source, image, tmp_path):
    image("some/a.png", "red")
    (tmp_path / "some" / "broken.png").write_bytes(b"no image")
    images = read_images(tmp_path / "some", source)
    assert len(images) == 1
    assert images.labeled is None
    assert list(images.failed) == ["broken.png"]
    assert any(note.startswith("no accuracy: ") for note in images.notes)
    rows = [image("b.png", "blue"), np.zeros((20, 20, 3), np.uint8)]
    assert len(read_images(rows, source)) == 2


def test_images_of_classes_that_the_model_lacks_are_used_without(source, image, tmp_path):
    image("animals/cat/a.png", "red")
    image("animals/dog/a.png", "blue")
    images = read_images(tmp_path / "animals", source)
    assert len(images) == 2
    assert images.notes == ("no accuracy: these images have no labels that the model knows",)


def test_nothing_to_read_is_an_error(source, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_images(tmp_path / "nowhere", source)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        read_images(tmp_path / "empty", source)


def test_many_images_are_chosen_from_and_always_the_same(source):
    images = [np.full((8, 8, 3), number % 256, np.uint8) for number in range(MOST_IMAGES + 50)]
    first, second = (read_images(images, source) for _ in range(2))
    assert len(first) == MOST_IMAGES
    assert (first.pixels == second.pixels).all()
    assert f"{MOST_IMAGES:,} of {MOST_IMAGES + 50:,} images, chosen at random" in first.notes


def test_integers_are_compared_on_images_that_they_were_not_fitted_to(color_model):
    given = [np.full((32, 32, 3), (number, 255 - number, 9), np.uint8) for number in range(40)]
    source = ExportSource(resolve(color_model), calibrate=given)
    fitted = {each.tobytes() for each in source.calibrating}
    assert len(source.images) == 20
    assert fitted.isdisjoint(each.tobytes() for each in source.images.pixels)


def test_that_integers_were_fitted_to_what_proves_them_is_told(formats, color_model, tmp_path):
    given = [np.full((32, 32, 3), (number, 255 - number, 9), np.uint8) for number in range(40)]
    formats.register(replace(LITERT, name="integers", filename="integers.tflite", quantized=True))
    notes = kerastl.export(color_model, "integers", tmp_path, prove=given).proof.notes
    assert "integers were fitted to 20 of these images: --calibrate DATA names others" in notes
    notes = kerastl.export(color_model, "integers", tmp_path, calibrate=given).proof.notes
    assert not [note for note in notes if "fitted to" in note]


def test_the_part_of_labeled_images_is_named(source, image, tmp_path):
    """Of data in parts it is the validation part that is compared on."""
    for part in ("train", "val"):
        image(f"colors/{part}/red/0.png", "red")
        image(f"colors/{part}/blue/0.png", "blue")
    images = read_images(tmp_path / "colors", source)
    assert (images.data, len(images)) == ("colors, val", 2)


def test_what_resizes_itself_gets_whole_images(source, image, tmp_path):
    files = [image(name, "red", size) for name, size in (("a.png", (50, 40)), ("b.png", (64, 96)))]
    images = read_images(files, ExportSource(source.spec, with_resize=True))
    seen = []

    class Resizing(Answering):
        def predict(self, pixels):
            seen.append(pixels.shape)
            return super().predict(pixels[:, :32, :32])

    row = prove(replace(LITERT, runner=lambda path: Resizing(source, lambda scores: scores)), tmp_path, images)
    assert row.reason == ""
    assert {(1, 40, 50, 3), (1, 96, 64, 3)} <= set(seen)


# What is told and kept.


@pytest.fixture(scope="module")
def labeled_export(color_model, tmp_path_factory):
    """`color_model` exported to LiteRT and compared on four labeled images, one of which it takes for another."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("proof")
    for name, color in (("red/0", "red"), ("red/1", "blue"), ("green/0", "lime"), ("blue/0", "blue")):
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), color).save(folder / "data" / f"{name}.png")
    return kerastl.export(color_model, "litert", folder / "out", prove=folder / "data")


def test_the_file_says_what_was_found(labeled_export):
    told = json.loads((labeled_export.output / "proof.json").read_text())
    assert told["schema"] == "kerastl-proof-1"
    assert (told["model"], told["data"], told["images"]) == ("colors", "data", 4)
    assert len(told["sha256"]) == 64
    assert {"kerastl", "keras", "tensorflow", "ai-edge-litert"} <= told["versions"].keys()
    (row,) = told["formats"]
    assert row["agreement"] == {"same": 4, "images": 4, "value": 1.0, "bound": 0.995} | {
        end: pytest.approx(value) for end, value in zip(("low", "high"), (4 / (4 + 1.959964**2), 1), strict=True)
    }
    assert row["figures"]["accuracy"]["value"] == 0.75
    assert row["largest_difference"] < 1e-5
    assert told["references"][0]["format"] == "keras"
    assert told["references"][0]["figures"]["accuracy"]["value"] == 0.75
    assert told["refused"] == []


def test_the_file_is_read_again(labeled_export):
    proof = read_proof(labeled_export.output / "proof.json")
    assert proof.as_dict() == labeled_export.proof.as_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"}, {"images": 0}, {"images": "4"}, {"formats": 3}, {"task": "nothing"}, {"model": ["x"]},
        {"formats": [{"format": "litert"}]}, {"versions": [1]}, {"notes": [3]}, {"sha256": 7},
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_not_believed(labeled_export, tmp_path, change):
    values = json.loads((labeled_export.output / "proof.json").read_text())
    (tmp_path / "proof.json").write_text(json.dumps({**values, **change}))
    assert read_proof(tmp_path / "proof.json") is None


def test_what_was_compared_earlier_is_kept(color_model, tmp_path, monkeypatch):
    monkeypatch.setattr(EXPORT_FORMATS, "_entries", dict(EXPORT_FORMATS._entries))
    EXPORT_FORMATS.register(replace(LITERT, name="other", filename="other.tflite"))
    kerastl.export(color_model, "other", tmp_path)
    second = kerastl.export(color_model, "litert", tmp_path, prove=[np.zeros((32, 32, 3), np.uint8)])
    assert [row.name for row in second.proof.rows] == ["other", "litert"]
    assert "other was compared earlier, on 24 images (the built-in images)" in second.proof.notes
    (tmp_path / "other.tflite").unlink()
    third = kerastl.export(color_model, "litert", tmp_path)
    assert [row.name for row in third.proof.rows] == ["litert"]


def test_what_is_refused_is_told_beside_what_is_not(color_model, tmp_path, monkeypatch, image):
    monkeypatch.setattr(EXPORT_FORMATS, "_entries", dict(EXPORT_FORMATS._entries))
    source = ExportSource(resolve(color_model))
    wrong = replace(
        LITERT, name="wrong", filename="wrong.tflite", runner=lambda path: Answering(source, lambda x: x[:, ::-1])
    )
    EXPORT_FORMATS.register(wrong)
    result = kerastl.export(color_model, "wrong,litert", tmp_path, prove=[image("red.png", "red")])
    assert not (tmp_path / "wrong.tflite").exists()
    told = json.loads((tmp_path / "proof.json").read_text())
    assert [row["format"] for row in told["formats"]] == ["litert"]
    assert "for 0.0 % of 1 image, and at least 99.5 % are wanted" in told["refused"][0]["reason"]
    assert "wrong" in result.failed


def test_few_images_prove_little_and_that_is_said(labeled_export):
    notes = "\n".join(labeled_export.proof.notes)
    assert "where all 4 agree, one is 95 % sure of 51.0 % on others; 765 tell 99.5 %" in notes


@pytest.mark.parametrize(
    ("columns", "shown"), [(80, ["agree", "diff", "accuracy", "ECE", "ms", "MB"]), (40, ["agree", "diff", "accuracy"])]
)
def test_the_table_fits(color_model, tmp_path, capsys, monkeypatch, columns, shown, image):
    monkeypatch.setenv("COLUMNS", str(columns))
    image("data/red/a.png", "red")
    image("data/blue/a.png", "blue")
    assert run(["export", str(color_model), "--to", "litert", "-o", str(tmp_path / "o"), "--prove",
                str(tmp_path / "data"), "--quiet"]) == 0  # fmt: skip
    told = capsys.readouterr().out
    rows = told[told.index("format") :].splitlines()
    assert rows[0].split()[1 : len(shown) + 1] == shown
    table = rows[: rows.index(next(row for row in rows if row.strip().startswith("litert"))) + 1]
    assert all(len(row.rstrip()) <= columns for row in table)
    assert "litert" in table[-1]
    assert "100.0 %" in table[-1]


def test_equal_intervals_are_told_once(labeled_export):
    (same,) = labeled_export.proof.intervals()
    assert re.fullmatch(r"accuracy, 95 % sure: [\d.]+ % to 100\.0 %", same)
    other = replace(labeled_export.proof.rows[0], figures={"accuracy": Figure(0.5, 0.25, 0.75)})
    (told,) = replace(labeled_export.proof, rows=(other,)).intervals()
    assert told.endswith("% to 100.0 % (Keras); 25.0 % to 75.0 % (litert)")


def test_notebooks_get_a_table(labeled_export):
    html = labeled_export._repr_html_()
    assert "<th style='text-align:left'>format</th>" in html
    assert "75.0 %" in html
    assert "litert" in str(labeled_export)
