"""The network bundled: its file, its scores, and the commands on it. No exact score stands here."""

import json
import re
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import kerastl
from kerastl.cli import run
from kerastl.models import _build
from kerastl.models import _published_labels as labels
from kerastl.models._mini.network import KerastlMini
from kerastl.models._registry import BACKBONES

ROW = BACKBONES["kerastl_mini"]
DATA = Path(__file__).parent.parent.parent / "data"


def pixels(size, count=3):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def network():
    return _build.build("kerastl_mini")


def test_the_file_is_small_and_of_half_precision():
    kinds = set()
    with h5py.File(ROW.weights.bundled) as file:
        file.visititems(lambda _, item: kinds.add(item.dtype) if isinstance(item, h5py.Dataset) else None)
    assert kinds == {np.dtype("float16")}
    assert ROW.weights.bundled.stat().st_size <= 4 * 10**6


def test_the_row_counts_its_parameters(network):
    assert network.count_params() == ROW.parameters
    assert {weight.dtype for weight in network.weights} == {"float32"}


def test_scores_are_those_of_plain_keras_for_image_and_mirror(network):
    """Scaled by hand, built plainly, loaded by Keras; the mean of the two images' logits, and a softmax of it."""
    plain = KerastlMini(mirrored=False, classifier_activation=None)
    plain.load_weights(ROW.weights.bundled)
    scaled = pixels(32) / 127.5 - 1
    given, turned = np.asarray(plain(scaled)), np.asarray(plain(scaled[:, :, ::-1]))
    assert np.abs(given - turned).max() > 0.1
    exponential = np.exp((given + turned) / 2)
    expected = exponential / exponential.sum(axis=1, keepdims=True)
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(network(pixels(32))), expected, rtol=0, atol=1e-5)


def test_the_features_are_those_below_the_head(network):
    """First those of the images, then those of their mirrors; and what the head gets is the mean, turned back."""
    features = _build.build("kerastl_mini", include_top=False)
    assert features.output_shape == (None, 4, 4, 320)
    below = keras.Model(network.input, network.get_layer("stage3_block2_relu").output)
    given, turned = (np.asarray(features(some)) for some in (pixels(32), pixels(32)[:, :, ::-1]))
    np.testing.assert_allclose(np.asarray(below(pixels(32))), np.concatenate([given, turned]), atol=1e-4)
    headed = keras.Model(network.input, network.get_layer("avg_pool").input)
    np.testing.assert_allclose(np.asarray(headed(pixels(32))), (given + turned[:, :, ::-1]) / 2, atol=1e-4)


def test_it_is_saved_and_loaded_by_keras(network, tmp_path):
    network.save(tmp_path / "mini.keras")
    loaded = keras.models.load_model(tmp_path / "mini.keras")
    np.testing.assert_allclose(np.asarray(loaded(pixels(32))), np.asarray(network(pixels(32))), atol=1e-6)


@pytest.mark.parametrize(("size", "rows"), [(8, 1), (33, 5), (64, 8)])
def test_other_sizes_have_the_same_weights(network, size, rows):
    other = _build.build("kerastl_mini", input_size=size)
    features = _build.build("kerastl_mini", include_top=False, input_size=size)
    assert features.output_shape == (None, rows, rows, 320)
    scores = np.asarray(other(pixels(size)))
    assert scores.shape == (3, 200)
    np.testing.assert_allclose(np.asarray(other(pixels(size)[:, :, ::-1])), scores, atol=1e-5)
    for ours, theirs in zip(other.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_too_small():
    with pytest.raises(kerastl.KerastlError, match="at least 8 px"):
        _build.build("kerastl_mini", input_size=7)


def test_each_stage_holds_its_own_layers(network):
    stages = _build.stages(network, ROW)
    for name in ("stage1", "stage2", "stage3"):
        assert all(layer.name.startswith(f"{name}_") for layer in stages[name])
        assert f"{name}_block1_shortcut_conv" in [layer.name for layer in stages[name]]
        assert len(_build.boundary_tensors(network, ROW, name)) == 1
    assert [layer.name for layer in stages["head"]] == ["avg_pool", "predictions"]


def test_the_classes_are_imagenets():
    known, everything = labels.tiny_imagenet(), labels.imagenet()
    assert len(known) == len(set(known.wnids)) == 200
    assert list(known.wnids) == sorted(known.wnids)
    names = dict(zip(everything.wnids, everything.names, strict=True))
    assert known.names == tuple(names[wnid] for wnid in known.wnids)
    assert (known.wnids[0], known.names[0]) == ("n01443537", "goldfish")


def test_the_compiled_network_answers_as_keras_does():
    compiled = kerastl.load("kerastl_mini", engine="litert")
    plain = kerastl.load("kerastl_mini", engine="keras")
    images = [str(DATA / "umbrella.png"), str(DATA / "candle.jpg")]
    np.testing.assert_allclose(compiled.predict_proba(images), plain.predict_proba(images), atol=1e-3)
    assert compiled.labels == labels.tiny_imagenet()
    assert (compiled.metadata.resize.width, compiled.metadata.resize.crop_fraction) == (32, 1.0)


def test_classify_in_json(capfd):
    assert (
        run(["classify", str(DATA / "candle.jpg"), "--model", "kerastl_mini", "--format", "json", "--top", "200"]) == 0
    )
    (answer,) = json.loads(capfd.readouterr().out)
    assert answer["model"] == "kerastl_mini"
    assert {entry["wnid"] for entry in answer["predictions"]} == set(labels.tiny_imagenet().wnids)


def test_explain(capfd, tmp_path):
    command = ["explain", str(DATA / "candle.jpg"), "--model", "kerastl_mini", "--label", "torch", "-o", str(tmp_path)]
    assert run(command) == 0
    (shown,) = capfd.readouterr().out.splitlines()
    assert Path(shown).is_file()


def test_it_is_listed_and_needs_no_download(capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert run(["models", "--format", "json"]) == 0
    row = next(row for row in json.loads(capfd.readouterr().out) if row["name"] == "kerastl_mini")
    assert (row["bundled"], row["cached"], row["classes"], row["top1"]) == (True, True, 200, None)
    for more in ([], ["--no-top"]):
        assert run(["download", "kerastl_mini", *more]) == 0
        out, err = capfd.readouterr()
        assert out == f"kerastl_mini: {ROW.weights.bundled}\n"
        assert err == "kerastl: kerastl_mini comes with kerastl: nothing to download\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """A run of the probe on the drawn shapes."""
    folder = tmp_path_factory.mktemp("shapes") / "run"
    assert run(["finetune", str(DATA / "shapes"), "-o", str(folder), "-m", "kerastl_mini", "-r", "probe"]) == 0
    return folder


def test_finetune_takes_its_own_size(shapes):
    assert json.loads((shapes / "kerastl.json").read_text())["input"]["width"] == 32
    with zipfile.ZipFile(shapes / "model.keras") as file:
        assert "stage3_block2_relu" in file.read("config.json").decode()


@pytest.mark.parametrize("recipe", ["gradual", "full"])
def test_other_recipes(recipe, tmp_path):
    command = ["finetune", str(DATA / "shapes"), "-o", str(tmp_path / "run"), "-m", "kerastl_mini", "-r", recipe]
    assert run([*command, "--epochs", "1"]) == 0


def check_same_as_plain_keras(run, images):
    """The probabilities of images are those that Keras gives alone for the same pixels."""
    classifier = kerastl.load(run)
    pixels = np.stack([classifier.pixels(image) for image in images])
    expected = keras.models.load_model(run / "model.keras").predict(pixels.astype("float32"), verbose=0)
    assert classifier.predict_proba(images) == pytest.approx(expected, abs=1e-5)


def test_the_published_network_gives_what_plain_keras_gives():
    classifier = kerastl.load("kerastl_mini")
    pixels = classifier.pixels(DATA / "umbrella.png")[None]
    expected = classifier.keras_model().predict(pixels.astype("float32"), verbose=0)
    assert classifier.predict_proba(DATA / "umbrella.png") == pytest.approx(expected, abs=1e-5)


def test_evaluate_and_calibrate_what_was_tuned(shapes, capfd):
    capfd.readouterr()
    assert run(["evaluate", str(shapes), str(DATA / "shapes"), "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["images"] > 0
    stars = sorted((DATA / "shapes" / "star").glob("*.jpg"))[:4]
    check_same_as_plain_keras(shapes, stars)
    assert run(["calibrate", str(shapes), str(DATA / "shapes")]) == 0
    check_same_as_plain_keras(shapes, stars)
    star = DATA / "shapes" / "star" / "star_00.jpg"
    assert run(["classify", str(star), "--model", str(shapes), "--coverage", "0.8"]) == 0


def test_lr_find(capfd, tmp_path):
    command = ["lr-find", str(DATA / "shapes"), "-o", str(tmp_path / "rates.png"), "-m", "kerastl_mini"]
    assert run([*command, "--steps", "10"]) == 0
    assert re.fullmatch(r"[\d.e-]+\n", capfd.readouterr().out)


def test_pretrain_from_its_weights(tmp_path):
    command = ["pretrain", str(DATA / "shapes"), "-o", str(tmp_path / "run"), "-m", "kerastl_mini"]
    small = ["--epochs", "1", "--batch-size", "16", "--width", "16", "--weights", "imagenet"]
    assert run([*command, *small]) == 0
    _build.build("kerastl_mini", weights=tmp_path / "run" / "backbone.weights.h5", include_top=False)


def test_finetune_without_a_name_where_nothing_can_be_fetched(monkeypatch, tmp_path, capfd):
    from kerastl.errors import DownloadError
    from kerastl.models import _default as choice
    from kerastl.models import _weights as weights

    def fail(*_):
        raise DownloadError("no way out", "cannot download")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights, "download", fail)
    monkeypatch.setattr(choice._Fetching, "failure", None)
    assert run(["finetune", str(DATA / "shapes"), "-o", str(tmp_path / "run"), "-r", "probe"]) == 0
    lines = capfd.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith("kerastl: ") and "kerastl_mini" in line]
    assert len(said) == 1
    assert "kerastl_mini is the backbone" in said[0]
    assert kerastl.load(tmp_path / "run").metadata.backbone == "kerastl_mini"
    assert run(["lr-find", str(DATA / "shapes"), "-o", str(tmp_path / "rates.png"), "--steps", "10"]) == 0
