"""From the command line to the weights file and what may be done with it, on a tiny network."""

import csv
import json
import os
import shutil
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest
from PIL import Image
from small_runs import OUTPUTS, SMALL, rows_of

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.errors import DataError, TrainingError
from kerastl.models import _build
from kerastl.pretraining._feature_quality import CollapseError, CollapseMonitor
from kerastl.pretraining._pixels import Pixels, read_pixels, resized_whole, stored_side
from kerastl.pretraining._training import Training
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache


@pytest.fixture(scope="module")
def done(image_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "byol"
    command = ["pretrain", str(image_folder), "-o", str(folder), "--epochs", "2", "--method", "byol", *SMALL]
    assert kerastl_command(command) == 0
    return folder


def test_a_run_leaves_its_files_and_no_others(done):
    assert {path.name for path in done.iterdir()} == OUTPUTS
    described = json.loads((done / "pretraining.json").read_text())
    assert (described["backbone"], described["size"], described["method"]) == ("mobilenet_025", 32, "byol")
    assert (described["images"], described["held_out"], described["skipped"]) == (43, 5, 0)
    assert described["complete"] is True
    assert "2006.07733" in described["paper"]
    assert described["settings"]["epochs"] == len(described["history"]) == 2
    rows = rows_of(done)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(0 <= float(row["knn_accuracy"]) <= 1 and float(row["rank"]) > 1 for row in rows)
    with Image.open(done / "curves.png") as curves:
        assert curves.size[0] > 1_000  # three panels


def plain_network(size):
    return keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(size, size, 3))


def test_plain_keras_and_backbones_take_the_weights_at_any_size(done, tmp_path):
    code = (
        "import sys, keras, numpy as np\n"
        "network = keras.applications.MobileNet(\n"
        "    alpha=0.25, include_top=False, weights=None, input_shape=(64, 64, 3))\n"
        "network.load_weights(sys.argv[1])\n"
        "assert not [name for name in sys.modules if name.startswith('kerastl')]\n"
        "np.savez(sys.argv[2], *network.get_weights())\n"
    )
    target = tmp_path / "weights.npz"
    subprocess.run([sys.executable, "-c", code, done / "backbone.weights.h5", target], check=True, capture_output=True)
    with np.load(target) as stored:
        plain = [stored[f"arr_{number}"] for number in range(len(stored.files))]
    path = done / "backbone.weights.h5"
    ours = _build.build("mobilenet_025", weights=path, include_top=False, input_size=96).get_weights()
    here = plain_network(32)
    here.load_weights(path)
    random = plain_network(32).get_weights()
    for one, two, three in zip(plain, ours, here.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)
    assert not all(np.array_equal(one, other) for one, other in zip(plain, random, strict=True))
    assert all(np.isfinite(weight).all() for weight in plain)


def test_finetune_takes_the_weights_and_its_result_classifies(done, image_folder, tmp_path, capsys):
    run, weights = tmp_path / "tuned", str(done / "backbone.weights.h5")
    command = ["finetune", str(image_folder), "-o", str(run), "--recipe", "probe", "--model", "mobilenet_025"]
    assert kerastl_command([*command, "--weights", weights, "--input-size", "48"]) == 0
    answer = kerastl.load(run).classify(str(image_folder / "red" / "01.png"), top=2)
    assert {entry.label for entry in answer.predictions} == {"red", "blue"}
    model = keras.saving.load_model(run / "model.keras")
    expected = _build.build("mobilenet_025", weights=weights, include_top=False, input_size=48)
    for one, other in zip(model.get_weights()[:-2], expected.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    capsys.readouterr()
    assert kerastl_command([*command[:-1], "mobilenet_050", "--weights", weights, "--overwrite"]) == 1
    assert "do not fit mobilenet_050" in capsys.readouterr().err


def test_going_on_from_other_weights(done, image_folder, tmp_path):
    weights = str(done / "backbone.weights.h5")
    command = ["pretrain", str(image_folder), "-o", str(tmp_path / "run"), "--epochs", "1", *SMALL]
    assert kerastl_command([*command, "--weights", weights, "--learning-rate", "1e-12"]) == 0
    before, after = (
        _build.build("mobilenet_025", weights=w, include_top=False, input_size=32)
        for w in (weights, tmp_path / "run" / "backbone.weights.h5")
    )
    for one, other in zip(before.trainable_weights, after.trainable_weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "magic"], "unknown pre-training method 'magic'; there are barlow, byol"),
        (["--input-size", "16"], "at least 32 px, not 16 x 16"),
        (["--model", "mobilenet_v9"], "mobilenet_v9"),
        (["--resume", "--overwrite"], "exclude each other"),
        (["--labels", "nowhere.csv"], "nowhere.csv: no such table"),
        (["--weights", "nowhere.h5"], "nowhere.h5: no such weights file"),
        (["--learning-rate", "0"], "not in the range x>0"),
    ],
)
def test_wrong_arguments_are_one_line(image_folder, tmp_path, capsys, arguments, message):
    command = ["pretrain", str(image_folder), "-o", str(tmp_path / "run"), *SMALL, *arguments]
    assert kerastl_command(command) in (1, 2)
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_folders_that_cannot_be_used_are_one_line(done, image_folder, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert kerastl_command(["pretrain", str(empty), "-o", str(tmp_path / "run"), *SMALL]) == 1
    assert capsys.readouterr().err == f"kerastl: {empty}: no images in it\n"
    assert not (tmp_path / "run").exists()
    assert kerastl_command(["pretrain", str(tmp_path / "nowhere"), "-o", str(tmp_path / "run"), *SMALL]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert kerastl_command(["pretrain", str(image_folder), "-o", str(done), *SMALL]) == 2
    assert "holds a complete run, --overwrite replaces it" in capsys.readouterr().err
    assert kerastl_command(["pretrain", str(image_folder), "-o", str(done), "--resume", *SMALL]) == 1
    assert "nothing to resume" in capsys.readouterr().err


def closed_to_all(folder):
    """Whether permissions can close a folder here; root reads all."""
    try:
        os.listdir(folder)  # noqa: PTH208
    except PermissionError:
        return True
    return False


def test_a_folder_that_cannot_be_listed(tmp_path, capsys):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    try:
        if not closed_to_all(closed):
            pytest.skip("this user may list every folder")
        assert kerastl_command(["pretrain", str(tmp_path), "-o", str(tmp_path / "run"), *SMALL]) == 1
        assert "cannot be listed" in capsys.readouterr().err
    finally:
        closed.chmod(0o700)


def test_unreadable_images_are_skipped_counted_and_listed(quickly_built, image_folder, tmp_path, capsys):
    folder = tmp_path / "data"
    shutil.copytree(image_folder, folder)
    (folder / "red" / "broken.png").write_bytes((folder / "red" / "01.png").read_bytes()[:200])
    run = tmp_path / "run"
    command = ["pretrain", str(folder), "-o", str(run), "--epochs", "1", "--labels", "none", *SMALL]
    assert kerastl_command(command) == 0
    assert "1 unreadable image (the first: red/broken.png" in capsys.readouterr().err
    with (run / "skipped.csv").open() as stream:
        assert [row["path"] for row in csv.DictReader(stream)] == ["red/broken.png"]
    described = json.loads((run / "pretraining.json").read_text())
    assert (described["images"], described["held_out"], described["skipped"]) == (48, 0, 1)
    assert rows_of(run)[0]["knn_accuracy"] == ""


def test_pixels_that_do_not_fit_are_decoded_each_time_and_are_the_same(quickly_built, image_folder, tmp_path, capsys):
    runs = []
    for limit in ("8", "0"):
        run = tmp_path / limit
        command = ["pretrain", str(image_folder), "-o", str(run), "--epochs", "1", "--cache-limit", limit, *SMALL]
        assert kerastl_command(command) == 0
        runs.append([{**row, "seconds": ""} for row in rows_of(run)])
    assert "decoded in each epoch" in capsys.readouterr().err
    assert runs[0] == runs[1]


def test_collapse_stops_the_run_and_keeps_it(quickly_built, image_folder, tmp_path, monkeypatch, capsys):
    from kerastl.pretraining import _evaluating as evaluating

    monkeypatch.setattr(evaluating, "relative_spread", lambda embeddings: 0.001)
    monkeypatch.setattr(CollapseMonitor, "__init__", _strict(CollapseMonitor.__init__))
    command = ["pretrain", str(image_folder), "-o", str(tmp_path / "run"), "--epochs", "50", *SMALL]
    assert kerastl_command(command) == 1
    said = capsys.readouterr().err
    assert "features have collapsed" in said
    assert f"What was reached is in {tmp_path / 'run'}" in said
    assert {path.name for path in (tmp_path / "run").iterdir()} >= OUTPUTS
    assert len(rows_of(tmp_path / "run")) == 3
    with pytest.raises(CollapseError):
        kerastl.pretrain(
            image_folder,
            "mobilenet_025",
            output=tmp_path / "run",
            resume=True,
            input_size=32,
            batch_size=16,
            width=16,
            epochs=50,
        )


@pytest.mark.parametrize("epochs", [0, 1])
def test_weights_that_became_nan_are_never_written(quickly_built, image_folder, tmp_path, monkeypatch, epochs):
    plain = Training.after_step

    def step(self, *given):
        plain(self, *given)
        if self.state.epoch == epochs:
            weight = self._learner.backbone.weights[0]
            weight.assign(np.full(weight.shape, np.nan, "float32"))

    monkeypatch.setattr(Training, "after_step", step)
    with pytest.raises(TrainingError, match=r"NaN or infinite|loss became"):
        kerastl.pretrain(image_folder, output=tmp_path / "run", epochs=2, input_size=32, batch_size=16, width=16)
    written = tmp_path / "run" / "backbone.weights.h5"
    assert written.exists() == (epochs == 1)
    if written.exists():
        with h5py.File(written) as file:
            arrays = []
            file.visititems(lambda _, item: arrays.append(item[()]) if isinstance(item, h5py.Dataset) else None)
        assert all(np.isfinite(array).all() for array in arrays)


def _strict(plain):
    def init(self):
        plain(self, grace=0)

    return init


def test_images_are_kept_larger_than_the_views_if_they_are(image_folder, tmp_path):
    files = sorted(image_folder.rglob("*.png"))  # 48 x 40 px
    assert stored_side(files, 32) == 40
    assert stored_side(files, 24) == 36
    assert stored_side(files, 64) == 64
    assert stored_side([tmp_path / "none.png"], 32) == 32


@pytest.mark.parametrize(
    ("size", "kept"),
    [((16, 32), (24, 48)), ((24, 16), (36, 24)), ((32, 64), (32, 64)), ((20, 24), (30, 36))],
)
def test_images_are_kept_in_the_shape_of_the_views(image_folder, tmp_path, size, kept):
    files = sorted(image_folder.rglob("*.png"))[:2]  # 48 x 40 px
    assert stored_side(files, size) == kept
    pixels = read_pixels(files, size, FeatureCache(tmp_path / "cache", 10**9), RunCallback())
    assert pixels.rows(np.arange(2)).shape == (2, *kept, 3)
    assert resized_whole(pixels.rows(np.arange(2)), size).shape == (2, *size, 3)
    assert FeatureCache(tmp_path / "cache", 0).clear()
    assert not (tmp_path / "cache").exists()


def test_wide_views_train_a_network_of_their_shape(image_folder, tmp_path):
    run = kerastl.pretrain(
        image_folder, "kerastl_mini", output=tmp_path / "run", epochs=1, input_size=(16, 32), batch_size=16, width=8,
        verbose=0,
    )  # fmt: skip
    assert run.backbone.input_shape == (None, 16, 32, 3)
    text = (tmp_path / "run" / "README.md").read_text()
    assert "Images are seen at 16 x 32 pixels" in text
    assert "--input-size 16x32" in text
    assert "input_size=(16, 32))" in text


def test_an_image_that_vanishes_is_said(image_folder, tmp_path):
    victim = tmp_path / "a.png"
    shutil.copy(image_folder / "red" / "01.png", victim)
    pixels = Pixels([victim], 32, {})
    assert resized_whole(pixels.rows(np.array([0])), 16).shape == (1, 16, 16, 3)
    victim.unlink()
    with pytest.raises(DataError, match="could be read when the run began"):
        pixels.rows(np.array([0]))
    assert "a.png" in str(pixels.failure)


def test_images_of_16_bits_have_one_white_level(tmp_path):
    files = []
    for number, brightest in enumerate((4000, 3000, 400)):
        files.append(tmp_path / f"{number}.png")
        values = np.tile(np.linspace(0, brightest, 32), (32, 1)).astype(np.uint16)
        Image.fromarray(values).save(files[-1])
    for limit in (0, 10**9):
        pixels = read_pixels(files, 32, FeatureCache(tmp_path / "cache", limit), RunCallback())
        brightest = pixels.rows(np.arange(3)).max(axis=(1, 2, 3))
        assert brightest == pytest.approx(np.array([4000, 3000, 400]) / 4095 * 255, abs=1)
    assert [folder.name for folder in (tmp_path / "cache").iterdir()] == ["pixels-32-4095"]
    assert FeatureCache(tmp_path / "cache", 0).clear()
    assert not (tmp_path / "cache").exists()
