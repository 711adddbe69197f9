"""Fine-tuning from what is not in the catalog: a Keras model, an earlier run, a file."""

import csv
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.data import _training_record as training_record
from kerastl.data._file_inspection import content_hashes
from kerastl.errors import ModelError, StateError, UsageError
from kerastl.finetuning._base_model import Classifier, keep_rows, stored
from kerastl.finetuning._folder import BASE_MODEL
from kerastl.finetuning._network import attach_head
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.images import Resize
from kerastl.models import _metadata as metadata
from kerastl.training._callback import RunCallback

SIZE = 16
# The head alone by gradient steps that hardly move it, so that what it starts with is seen in what it ends with.
STILL = Recipe("still", (Phase(epochs=1, learning_rate=1e-7),), dropout=0.0)
SHORT = Recipe("short", (Phase(epochs=1, learning_rate=0.01), Phase(trains="all", epochs=2)), dropout=0.0)


class Heard(RunCallback):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)

    warn = say


class StopAfter(RunCallback):
    """Breaks off like Ctrl-C when an epoch is over."""

    def __init__(self, epochs):
        self._left = epochs

    def epoch(self, row):
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt


@keras.saving.register_keras_serializable("kerastl_tests")
class Doubling(layers.Layer):
    """A layer that is not Keras's own."""

    def call(self, inputs):
        return inputs * 2


def handmade(seed=0, own_layer=False, scaling=True):
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 255)(pixels) if scaling else pixels
    x = layers.Conv2D(4, 3, 2, "same", activation="relu", name="lower")(x)
    x = Doubling(name="double")(x) if own_layer else x
    x = layers.Conv2D(6, 3, 2, "same", activation="relu", name="upper")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(9, "softmax", name="classes")(x), name="handmade")


def folder_of(path, colors, count=6, size=(20, 24)):
    """A folder a class of noisy images of one color each."""
    random = np.random.default_rng(0)
    for name, color in colors.items():
        (path / name).mkdir(parents=True)
        for number in range(count):
            noise = random.integers(-30, 30, (*size, 3))
            pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(path / name / f"{number}.png")
    return path


COLORS = {"blue": (40, 40, 200), "green": (40, 200, 40), "red": (200, 40, 40)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("data") / "colors", COLORS)


@pytest.fixture(scope="module")
def first(data, tmp_path_factory):
    """A run that began with a Keras model."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    return kerastl.finetune(data, handmade(), "probe", output=folder, validation_split=0.2, verbose=0).folder


def test_a_keras_model_is_fine_tuned_and_answers_through_the_fast_engine(data, tmp_path):
    model, heard = handmade(), Heard()
    before = [value.copy() for value in model.get_weights()]
    tuned = kerastl.finetune(data, model, SHORT, output=tmp_path / "run", callbacks=[heard])
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    classifier = kerastl.load(tmp_path / "run")
    assert classifier.engine == "litert"
    assert classifier.labels.names == ("blue", "green", "red")
    plain = keras.saving.load_model(tmp_path / "run" / "model.keras")
    pixels = np.random.default_rng(2).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    expected = plain.predict(pixels.astype("float32"), verbose=0)
    np.testing.assert_allclose(classifier.predict_pixels(pixels), expected, atol=1e-5)
    assert "its head of 9 classes ('classes', probabilities) is replaced" in heard.lines
    assert tuned.metadata.backbone is None
    assert tuned.metadata.extra["base_model"]["name"] == "handmade"
    assert tuned.metadata.extra["base_model"]["stages"] == {"upper": "upper", "lower": "pixels"}
    assert not (tmp_path / "run" / "state").exists()


@pytest.mark.parametrize("own_layer", [False, True])
def test_plain_keras_gives_the_same_before_and_after_it_is_calibrated(data, tmp_path, own_layer):
    run, given = tmp_path / "run", handmade(own_layer=own_layer)
    solved = Recipe("solved", (Phase(solver="logistic_regression"),), dropout=0.0)
    kerastl.finetune(data, given, solved, output=run, verbose=0)
    # A third of these is mislabeled, which the network is too sure of.
    labeled = folder_of(tmp_path / "labeled", COLORS, count=8)
    for name, other in (("blue", "red"), ("red", "green"), ("green", "blue")):
        for number in range(4):
            shutil.copy(labeled / name / f"{number}.png", labeled / other / f"{name}{number}.png")
    pixels = np.random.default_rng(2).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    found = []
    for _ in range(2):
        plain = keras.saving.load_model(run / "model.keras").predict(pixels.astype("float32"), verbose=0)
        found.append(kerastl.load(run, trust=own_layer).predict_pixels(pixels))
        np.testing.assert_allclose(found[-1], plain, atol=1e-5)
        calibration = kerastl.calibrate(run, labeled, "all", trust=own_layer, verbose=0)
    assert calibration.temperature > 1.1
    powers = found[0].astype(np.float64) ** (1 / calibration.temperature)
    np.testing.assert_allclose(found[1], powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_what_a_model_does_not_say_is_said_by_arguments(data, tmp_path):
    with pytest.raises(UsageError, match="say it, input_scaling="):
        kerastl.finetune(data, handmade(scaling=False), "probe", output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    arguments = {"input_scaling": (1 / 255, 0), "stages": ["upper"], "pooling": "max", "input_size": 20}
    tuned = kerastl.finetune(data, handmade(scaling=False), "probe", output=tmp_path / "run", verbose=0, **arguments)
    assert tuned.model.input_shape == (None, 20, 20, 3)
    assert tuned.model.get_layer("scale_pixels").scale == pytest.approx(1 / 255)
    assert isinstance(tuned.model.get_layer("feature_pool"), layers.GlobalMaxPooling2D)
    assert list(tuned.metadata.extra["base_model"]["stages"]) == ["upper", "stem"]


def test_a_broken_off_run_goes_on_without_the_model_to_the_same_bits(data, tmp_path):
    whole = kerastl.finetune(data, handmade(), SHORT, output=tmp_path / "whole", verbose=0)
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(data, handmade(), SHORT, output=tmp_path / "parts", callbacks=[StopAfter(2)])
    assert (tmp_path / "parts" / "state" / BASE_MODEL).is_file()
    parts = kerastl.finetune(data, output=tmp_path / "parts", resume=True, verbose=0)
    for one, other in zip(whole.model.get_weights(), parts.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert {path.name for path in (tmp_path / "parts").iterdir()} == {p.name for p in (tmp_path / "whole").iterdir()}


@pytest.fixture
def broken_off(data, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(data, handmade(), SHORT, output=tmp_path / "run", callbacks=[StopAfter(1)])
    return tmp_path / "run"


def test_a_run_does_not_go_on_with_another_model(data, broken_off):
    with pytest.raises(UsageError, match="was begun with another model"):
        kerastl.finetune(data, handmade(seed=1), output=broken_off, resume=True)
    with pytest.raises(UsageError, match="begun with model='handmade'"):
        kerastl.finetune(data, "mobilenet_v2", output=broken_off, resume=True)
    assert kerastl.finetune(data, handmade(), output=broken_off, resume=True, verbose=0).metrics["complete"]


def test_a_base_model_that_was_changed_is_not_gone_on_with(data, broken_off):
    other = handmade(seed=1)
    other.save(broken_off / "state" / BASE_MODEL)
    with pytest.raises(StateError, match=r"base_model\.keras is not what the run began with"):
        kerastl.finetune(data, output=broken_off, resume=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda record: record.clear(), "state is not one of kerastl's: 'base_model.name' is missing"),
        (lambda record: record.update(name=7), "'base_model.name' must be"),
        (lambda record: record.update(stages=["up"]), "'base_model.stages' must be a JSON object"),
        (lambda record: record.update(classes={"a": 1}), "'base_model.classes' must be a list"),
        (lambda record: record.update(resize=[32]), "'base_model.resize' must be a JSON object"),
        (lambda record: record["resize"].update(height=10**9), "'input.height' must be a whole number"),
        (lambda record: record.update(sha256=None), "'base_model.sha256' must be a hash"),
    ],
)  # fmt: skip
def test_what_a_forged_state_says_of_the_base_model_is_not_believed(record, change, named):
    change(record)
    with pytest.raises(StateError, match=rf"the state of the run is damaged .*{named}.*--overwrite starts anew"):
        stored(record, Path("base_model.keras"), trust=False)


@pytest.fixture
def record():
    resize = {"height": 32, "width": 32, "policy": "crop", "crop_fraction": 1.0, "white_level": None}
    return {
        "name": "m", "backbone": None, "resize": resize, "stages": {"up": "up"}, "classes": [], "own_layers": [],
        "given": "0" * 64, "sha256": "0" * 64,
    }  # fmt: skip


def test_overwriting_removes_the_base_model(data, broken_off):
    options = {"weights": None, "input_size": 32, "callbacks": [StopAfter(1)]}
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(data, "mobilenet_025", STILL, output=broken_off, overwrite=True, **options)
    assert (broken_off / "state" / "state.json").is_file()
    assert not (broken_off / "state" / BASE_MODEL).exists()


def test_a_run_goes_on_from_an_earlier_one_with_other_classes(first, tmp_path):
    colors = {name: COLORS[name] for name in ("green", "red")} | {"yellow": (200, 200, 40)}
    other, heard = folder_of(tmp_path / "other", colors), Heard()
    tuned = kerastl.finetune(other, first, STILL, output=tmp_path / "run", callbacks=[heard], resize="squash")
    line = "2 of 3 classes keep their rows in the head; new: 'yellow'; gone: 'blue'"
    assert line in heard.lines
    before, after = (keras.saving.load_model(run / "model.keras") for run in (first, tmp_path / "run"))
    for name in ("lower", "upper"):
        np.testing.assert_array_equal(before.get_layer(name).kernel, after.get_layer(name).kernel)
    old, new = (model.layers[-1].get_weights() for model in (before, after))
    for place_before, place_after in ((1, 0), (2, 1)):  # green and red
        np.testing.assert_allclose(new[0][:, place_after], old[0][:, place_before], atol=1e-5)
        assert new[1][place_after] == pytest.approx(old[1][place_before], abs=1e-5)
    assert tuned.metadata.resize.policy == "squash"
    assert tuned.metadata.backbone is None
    assert list(tuned.metadata.extra["base_model"]["stages"]) == ["upper", "lower"]


@pytest.mark.parametrize("name", ["", "model.keras"])
def test_a_run_does_not_replace_what_it_starts_from(first, data, name):
    before = (first / "model.keras").read_bytes()
    with pytest.raises(UsageError, match="holds the model to start from: give the run another output"):
        kerastl.finetune(data, first / name, STILL, output=first, overwrite=True)
    assert (first / "model.keras").read_bytes() == before


def test_an_earlier_run_brings_its_resize_and_its_network(data, tmp_path):
    options = {"weights": None, "input_size": 32, "resize": "pad", "verbose": 0}
    once = kerastl.finetune(data, "mobilenet_025", "probe", output=tmp_path / "once", **options)
    file = tmp_path / "once" / "model.keras"
    twice = kerastl.finetune(data, file, "probe", output=tmp_path / "twice", verbose=0)
    assert twice.metadata.resize == once.metadata.resize == Resize(32, 32, "pad", 0.875)
    assert twice.metadata.backbone == "mobilenet_025"
    stages = list(twice.metadata.extra["base_model"]["stages"])
    assert stages == [stage.name for stage in kerastl.models.BACKBONES["mobilenet_025"].stages[1:]]
    for one, other in zip(once.model.get_weights(), twice.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_images_that_an_earlier_run_has_trained_on_are_known_again(first, data, tmp_path):
    same, other = Heard(), Heard()
    kerastl.finetune(data, first, STILL, output=tmp_path / "same", callbacks=[same])
    kerastl.finetune(data, first, STILL, output=tmp_path / "other", callbacks=[other], seed=1)
    assert not any("were trained on by" in line for line in same.lines)
    assert any("of 3 images to validate on were trained on by" in line for line in other.lines)
    splits = [split_of(folder) for folder in (first, tmp_path / "other")]
    either = {path for split in splits for path, part in split.items() if part == "train"}
    record = training_record.read(tmp_path / "other" / "model.keras")
    hashes = content_hashes([data / path for path in splits[0]])
    trained = {path for path, part in zip(splits[0], record.parts(hashes), strict=True) if part == "train"}
    assert trained == either
    assert len(either) > 15


def split_of(folder):
    with (folder / "split.csv").open() as stream:
        return {row["path"]: row["split"] for row in csv.DictReader(stream)}


def test_a_file_that_kerastl_did_not_make_is_taken(data, tmp_path):
    handmade().save(tmp_path / "own.keras")
    tuned = kerastl.finetune(data, tmp_path / "own.keras", "probe", output=tmp_path / "run", verbose=0)
    np.testing.assert_array_equal(tuned.model.get_layer("lower").kernel, handmade().get_layer("lower").kernel)


def test_layers_of_ones_own_need_trust_to_be_loaded(data, tmp_path):
    heard = Heard()
    kerastl.finetune(data, handmade(own_layer=True), "probe", output=tmp_path / "run", callbacks=[heard])
    assert any("that are not Keras's own, or run code ('Doubling')" in line for line in heard.lines)
    assert "trust=True" in (tmp_path / "run" / "README.md").read_text()
    with pytest.raises(ModelError, match=r"layer 'double' is .*Doubling"):
        kerastl.load(tmp_path / "run")
    assert kerastl.load(tmp_path / "run", trust=True).engine == "litert"
    with pytest.raises(ModelError, match=r"layer 'double' is .*Doubling"):
        kerastl.finetune(data, tmp_path / "run", "probe", output=tmp_path / "next")
    assert not (tmp_path / "next").exists()
    kerastl.finetune(data, tmp_path / "run", "probe", output=tmp_path / "next", trust=True, verbose=0)


def test_half_precision_trains_a_keras_model_and_saves_it_whole(data, tmp_path):
    tuned = kerastl.finetune(data, handmade(), SHORT, output=tmp_path / "run", precision="mixed_bfloat16", verbose=0)
    assert {layer.compute_dtype for layer in tuned.model.layers} == {"float32"}
    assert tuned.metrics["val_accuracy"] >= 1 / 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "no_such/run"}, "no_such/run does not exist"),
        ({"model": 3}, "must be a name"),
        ({"model": "data", "weights": None}, "weights are for networks of the catalog"),
        ({"model": "mobilenet_v2", "input_scaling": "tf"}, "input_scaling is for models that are not of the catalog"),
        ({"model": "mobilenet_v2", "pooling": "max"}, "pooling is for models that are not of the catalog"),
        ({"model": "mobilenet_v2", "stages": ["a"]}, "stages is for models that are not of the catalog"),
    ],
    ids=str,
)
def test_arguments_that_do_not_go_together_are_refused(data, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(data)
    (tmp_path / "runs").mkdir()
    if arguments["model"] == "data":
        arguments = arguments | {"model": str(tmp_path / "own.keras")}
        handmade().save(tmp_path / "own.keras")
    with pytest.raises(UsageError, match=message):
        kerastl.finetune(data, output=tmp_path / "runs" / "new", **arguments)
    assert not list((tmp_path / "runs").iterdir())


def test_the_command_line_takes_files_and_says_what_is_missing(data, tmp_path, capsys):
    handmade(scaling=False).save(tmp_path / "own.keras")
    command = [
        "finetune",
        str(data),
        "--model",
        str(tmp_path / "own.keras"),
        "-o",
        str(tmp_path / "run"),
        "-r",
        "probe",
    ]
    assert kerastl_command(command) == 2
    said = capsys.readouterr().err
    assert "say it, input_scaling=" in said
    assert said.count("\n") == 1
    assert kerastl_command([*command, "--input-scaling", "unit", "--stages", "top=upper,top=lower"]) == 2
    assert "'top' is given twice" in capsys.readouterr().err
    assert kerastl_command([*command, "--input-scaling", "0.00392,0", "--pooling", "max"]) == 0
    described = json.loads((tmp_path / "run" / "kerastl.json").read_text())
    assert described["extra"]["settings"]["input_scaling"] == [0.00392, 0.0]


def test_the_stages_of_a_hostile_run_are_not_believed(first, data, tmp_path):
    shutil.copytree(first, tmp_path / "hostile")
    file = tmp_path / "hostile" / "model.keras"
    known = metadata.read_metadata(file)
    for stages in ({"upper": 3}, ["nothing"], {"head": "upper"}):
        extra = known.extra | {"base_model": {"name": "x", "stages": stages}}
        forged = metadata.Metadata(known.name, known.labels, known.resize, None, extra)
        metadata.update(file, forged)
        with pytest.raises((ModelError, UsageError)):
            kerastl.finetune(data, file, "probe", output=tmp_path / "run")


def test_a_learning_rate_is_found_for_a_given_model(data):
    curve = kerastl.lr_find(data, handmade(scaling=False), input_scaling="unit", steps=10, batch_size=8, verbose=0)
    assert 1e-7 < curve.suggestion <= 1
    with pytest.raises(UsageError, match="say it, input_scaling="):
        kerastl.lr_find(data, handmade(scaling=False), steps=10, verbose=0)


def test_rows_are_kept_for_classes_of_the_same_name():
    pixels = keras.Input((SIZE, SIZE, 3))
    network = attach_head(keras.Model(pixels, layers.Flatten()(pixels)[:, :2]), {}, 3, seed=1)
    fresh = network.stages["head"][-1].get_weights()[0]
    before = Classifier(("a", "b"), np.array([[1, 2], [3, 4]], np.float32), np.array([5, 6], np.float32))
    assert keep_rows(network, before, ("b", "c", "a")) == "2 of 3 classes keep their rows in the head; new: 'c'"
    kernel, bias = network.stages["head"][-1].get_weights()
    np.testing.assert_array_equal(kernel[:, [0, 2]], [[2, 1], [4, 3]])
    np.testing.assert_array_equal(kernel[:, 1], fresh[:, 1])
    np.testing.assert_array_equal(bias, [6, 0, 5])
    other = Classifier(("a",), np.ones((5, 1), np.float32), np.ones(1, np.float32))
    assert keep_rows(network, other, ("a", "b", "c")) == "the head starts anew: it gets other features than before"
