"""From the command line to the files of a run, on a tiny network with random weights."""

import csv
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl import card
from kerastl.cli import run as kerastl_command
from kerastl.data import training_record
from kerastl.errors import DataError, RecipeError, UsageError
from kerastl.finetuning.recipe import Phase, Recipe
from kerastl.runs.listener import Listener
from kerastl.runs.lock import LOCK

SMALL = ["--backbone", "mobilenet_025", "--input-size", "32", "--weights", "none"]
OUTPUTS = {".kerastl-run", "README.md", "curves.png", "history.csv", "kerastl.json", "metrics.json", "model.keras"}
OUTPUTS |= {"split.csv"}
RECIPE = Recipe(
    "two",
    (
        Phase(epochs=2, learning_rate=0.01, batch_size=8),
        Phase(trains=1, epochs=3, learning_rate=0.001, batch_size=8, shape="cosine"),
    ),
)


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(RECIPE.to_json())
    return str(path)


@pytest.fixture(scope="module")
def probed(coloured_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "probed"
    assert kerastl_command(["finetune", str(coloured_folder), "-o", str(folder), "--recipe", "probe", *SMALL]) == 0
    return folder


def test_a_run_leaves_its_files_and_no_others(probed):
    assert {path.name for path in probed.iterdir()} == OUTPUTS
    metrics = json.loads((probed / "metrics.json").read_text())
    assert (metrics["classes"], metrics["train_images"], metrics["val_images"]) == (3, 30, 6)
    assert metrics["val_top5"] == 1.0
    assert len(metrics["phase_seconds"]) == 1
    assert 0 < metrics["phase_seconds"][0] <= metrics["seconds"]
    with (probed / "split.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert sorted({(row["label"], row["split"]) for row in rows}) == [
        (label, split) for label in ("blue", "green", "red") for split in ("train", "val")
    ]
    described = json.loads((probed / "kerastl.json").read_text())
    assert described["labels"] == ["blue", "green", "red"]
    assert described["extra"]["recipe"]["name"] == "probe"
    assert len(described["extra"]["data_fingerprint"]) == 64


def test_chance_is_said_and_kept_and_blank_pictures_are_an_error(tmp_path, capsys):
    random = np.random.default_rng(0)
    for name in ("one", "two"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for number in range(60):
            pixels = random.integers(0, 256, (32, 32, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "noise" / name / f"{number}.png")
    for number, part in enumerate(("train/one", "train/two", "val/one", "val/two")):
        (tmp_path / "blank" / part).mkdir(parents=True)
        for side in range(40, 44):  # no two files are the same
            Image.new("RGB", (side + 4 * number, 40), "black").save(tmp_path / "blank" / part / f"{side}.png")
    probe = ["--recipe", "probe", "--backbone", "kerastl_mini", "--val-fraction", "0.5"]
    assert kerastl_command(["finetune", str(tmp_path / "noise"), "-o", str(tmp_path / "run"), *probe]) == 0
    said = capsys.readouterr().err
    assert "warning: the accuracy on validation pictures is at chance level" in " ".join(said.split())
    (warning,) = json.loads((tmp_path / "run" / "metrics.json").read_text())["warnings"]
    assert "chance level" in warning

    assert kerastl_command(["finetune", str(tmp_path / "blank"), "-o", str(tmp_path / "none"), *probe]) == 1
    assert "nothing was learnt" in capsys.readouterr().err
    assert not (tmp_path / "none" / "model.keras").exists()


def test_plain_keras_loads_the_model_and_gets_the_same_accuracy(probed, coloured_folder):
    code = (
        "import sys, keras, numpy as np\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "assert not [name for name in sys.modules if name.startswith('kerastl')]\n"
        "assert not [layer for layer in model.layers if isinstance(layer, (keras.Model, keras.layers.Lambda))]\n"
        "np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))\n"
    )
    with (probed / "split.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "val"]
    resize = card.read(probed / "model.keras").resize
    pixels = np.stack([kerastl.load_pixels(coloured_folder / row["path"], resize) for row in rows])
    given, got = probed.parent / "pixels.npy", probed.parent / "probabilities.npy"
    np.save(given, pixels.astype("float32"))
    subprocess.run([sys.executable, "-c", code, probed / "model.keras", given, got], check=True, capture_output=True)
    best = np.load(got).argmax(axis=1)
    right = [("blue", "green", "red")[n] == row["label"] for n, row in zip(best, rows, strict=True)]
    assert np.mean(right) == json.loads((probed / "metrics.json").read_text())["val_accuracy"]


def test_the_result_classifies(probed, coloured_folder):
    prediction = kerastl.load(probed).classify(str(coloured_folder / "red" / "0.png"), top=3).predictions
    assert {entry.label for entry in prediction} == {"blue", "green", "red"}
    assert sum(entry.score for entry in prediction) == pytest.approx(1, abs=1e-4)


def test_a_filled_run_folder_is_refused(probed, coloured_folder, tmp_path, capsys):
    assert kerastl_command(["finetune", str(coloured_folder), "-o", str(probed), *SMALL]) == 2
    assert "--resume goes on" in capsys.readouterr().err
    assert kerastl_command(["finetune", str(coloured_folder), "-o", str(probed), "--resume", *SMALL]) == 1
    assert "nothing to resume" in capsys.readouterr().err
    (tmp_path / "thesis.txt").write_text("three years")
    assert kerastl_command(["finetune", str(coloured_folder), "-o", str(tmp_path), "--overwrite", *SMALL]) == 2
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backbone", "mobilenet_v9"], "mobilenet_v9"),
        (["--recipe", "magic"], "auto, probe, gradual, full"),
        (["--val-fraction", "1.5"], "val-fraction"),
        (["--resume", "--overwrite"], "exclude each other"),
        (["--weights", "nowhere.h5"], "nowhere.h5"),
    ],
)
def test_wrong_arguments_are_one_line(coloured_folder, tmp_path, capsys, arguments, message):
    command = ["finetune", str(coloured_folder), "-o", str(tmp_path / "run"), *SMALL, *arguments]
    assert kerastl_command(command) in (1, 2)
    assert message in capsys.readouterr().err


def test_a_stage_that_is_not_there(coloured_folder, tmp_path):
    recipe = Recipe("r", (Phase(trains="block_99"),))
    with pytest.raises(RecipeError, match="block_12"):
        kerastl.finetune("mobilenet_025", coloured_folder, recipe, output=tmp_path / "run", input_size=32, weights=None)


def test_unreadable_pictures_are_skipped_and_listed_or_refused(coloured_folder, tmp_path, capsys):
    folder = tmp_path / "data"
    shutil.copytree(coloured_folder, folder)
    (folder / "red" / "broken.png").write_bytes((folder / "red" / "0.png").read_bytes()[:200])
    command = ["finetune", str(folder), "--recipe", "probe", *SMALL]
    assert kerastl_command([*command, "-o", str(tmp_path / "strict"), "--strict"]) == 1
    assert "red/broken.png" in capsys.readouterr().err
    assert kerastl_command([*command, "-o", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err
    assert "1 unreadable picture " in said
    run = tmp_path / "run"
    assert f"kerastl evaluate {run} {folder} --report {run}-report\n" in said
    with (tmp_path / "run" / "skipped.csv").open() as stream:
        assert [row["path"] for row in csv.DictReader(stream)] == ["red/broken.png"]
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["skipped_images"] == 1


def model_weights(folder):
    return keras.saving.load_model(folder / "model.keras").get_weights()


def start(data, folder, recipe_file, *more):
    command = [sys.executable, "-m", "kerastl", "finetune", str(data), "-o", str(folder), "--recipe", recipe_file]
    return subprocess.Popen([*command, *SMALL, *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def progress(folder):
    try:
        return json.loads((folder / "state" / "state.json").read_text())["values"]["progress"]
    except (OSError, KeyError):
        return {"phase": 0, "epoch": 0}


def wait_for(process, folder, phase, epoch):
    """Wait until an epoch is complete, or the process has ended."""
    while process.poll() is None:
        now = progress(folder)
        if (now["phase"], now["epoch"]) >= (phase, epoch):
            return
        time.sleep(0.005)


def test_killed_and_resumed_is_the_same_to_the_bit(coloured_folder, tmp_path, recipe_file, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    whole = start(coloured_folder, tmp_path / "whole", recipe_file)
    parts = start(coloured_folder, tmp_path / "parts", recipe_file)
    wait_for(parts, tmp_path / "parts", 0, 1)
    parts.kill()
    parts.communicate()
    again = start(coloured_folder, tmp_path / "parts", recipe_file, "--resume")
    wait_for(again, tmp_path / "parts", 1, 1)
    again.kill()
    again.communicate()
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    (tmp_path / "parts" / f".{again.pid}-{host}0123abcd.metrics.json").touch()
    last = start(coloured_folder, tmp_path / "parts", recipe_file, "--resume")
    for process in (whole, last):
        _, said = process.communicate()
        assert process.returncode == 0, said
    for one, other in zip(model_weights(tmp_path / "whole"), model_weights(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)
    rows = []
    for folder in (tmp_path / "whole", tmp_path / "parts"):
        with (folder / "history.csv").open() as stream:
            rows.append([{**row, "seconds": ""} for row in csv.DictReader(stream)])
    assert rows[0] == rows[1]
    assert len(rows[0]) == 5
    names = [sorted(path.name for path in (tmp_path / folder).iterdir()) for folder in ("whole", "parts")]
    assert names[0] == names[1]
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_leaves_a_usable_model_and_a_run_to_resume(coloured_folder, tmp_path):
    recipe = tmp_path / "long.json"
    recipe.write_text(Recipe("long", (Phase(epochs=10_000, learning_rate=0.001, batch_size=8),)).to_json())
    process = start(coloured_folder, tmp_path / "run", str(recipe))
    wait_for(process, tmp_path / "run", 0, 2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "--resume goes on" in said
    assert "Traceback" not in said
    assert len(model_weights(tmp_path / "run")) > 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["complete"] is False
    assert progress(tmp_path / "run")["epoch"] >= 2


def test_resume_takes_no_other_settings(coloured_folder, tmp_path):
    folder = tmp_path / "run"
    (folder / "state").mkdir(parents=True)
    from kerastl.finetuning.settings import Settings

    stored = Settings(backbone="mobilenet_025", seed=3).as_dict()
    assert Settings(backbone="mobilenet_025").resumed(stored).seed == 3
    with pytest.raises(UsageError, match="begun with seed=3"):
        Settings(backbone="mobilenet_025", seed=4).resumed(stored)


def test_a_picture_that_vanishes_is_skipped_with_a_word(coloured_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(coloured_folder, folder)
    victim = folder / "red" / "0.png"
    from kerastl.data import scan
    from kerastl.runs.listener import Listener

    class Thief(Listener):
        """Takes the picture away once the split is made."""

        def __init__(self):
            self.warnings = []

        def say(self, text):
            if text.startswith("phase"):
                victim.unlink(missing_ok=True)

        def warn(self, text):
            self.warnings.append(text)

    thief = Thief()
    result = kerastl.finetune(
        "mobilenet_025",
        scan(folder),
        "probe",
        output=tmp_path / "run",
        input_size=32,
        weights=None,
        listener=thief,
    )
    assert len(thief.warnings) == 1
    assert "red" in thief.warnings[0]
    assert "skipped" in thief.warnings[0]
    assert result.metrics["train_images"] + result.metrics["val_images"] == 35


def test_a_class_that_vanishes_ends_the_run_with_a_line_that_names_it(coloured_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(coloured_folder, folder)
    from kerastl.data import scan
    from kerastl.runs.listener import Listener

    class Thief(Listener):
        """Takes a class away once the split is made."""

        def say(self, text):
            if text.startswith("phase"):
                shutil.rmtree(folder / "red", ignore_errors=True)

    with pytest.raises(
        DataError, match=r"no training picture of 'red' can be read any more \(the last: .*red.*\); put the files back"
    ):
        kerastl.finetune(
            "mobilenet_025",
            scan(folder),
            "probe",
            output=tmp_path / "run",
            input_size=32,
            weights=None,
            listener=Thief(),
        )


def test_lr_find_suggests_and_plots(coloured_folder, tmp_path, capsys):
    plot = tmp_path / "rates.png"
    assert kerastl_command(["lr-find", str(coloured_folder), "-o", str(plot), "--steps", "40", *SMALL]) == 0
    assert 1e-7 < float(capsys.readouterr().out) < 1
    with Image.open(plot) as image:
        assert image.size == (648, 432)
    with (tmp_path / "rates.png.csv").open() as stream:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(stream)]
    assert rates[0] == pytest.approx(1e-7)
    assert rates[1] / rates[0] == pytest.approx(1e7 ** (1 / 39), rel=1e-4)


def test_recipes_prints_json_that_finetune_takes(capsys):
    assert kerastl_command(["recipes"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[:4]] == [
        "auto",
        "probe",
        "gradual",
        "full",
    ]
    assert kerastl_command(["recipes", "gradual"]) == 0
    assert Recipe.from_json(capsys.readouterr().out).name == "gradual"
    assert kerastl_command(["recipes", "auto"]) == 2


def test_pictures_decoded_ahead_change_nothing(coloured_folder, probed, tmp_path, monkeypatch):
    from kerastl.data.ahead import DecodedAhead
    from kerastl.finetuning import pictures

    found = []
    get, stop = DecodedAhead.get, DecodedAhead.stop

    def all_of_them(self):
        if self._child is not None:
            self._child.wait(timeout=60)
        stop(self)

    monkeypatch.setattr(pictures, "_MANY", 1)
    monkeypatch.setattr(pictures, "cores", lambda: 2)
    monkeypatch.setattr(DecodedAhead, "stop", all_of_them)
    monkeypatch.setattr(DecodedAhead, "get", lambda self, file: found.append(get(self, file)) or found[-1])
    output = tmp_path / "ahead"
    assert kerastl_command(["finetune", str(coloured_folder), "-o", str(output), "--recipe", "probe", *SMALL]) == 0
    assert len(found) >= 36
    assert None not in found
    assert {path.name for path in output.iterdir()} == OUTPUTS
    ours, theirs = (keras.models.load_model(run / "model.keras").get_weights() for run in (output, probed))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_the_precision_the_saved_model_is_float32(coloured_folder, recipe_file, tmp_path, capsys, precision):
    command = ["finetune", str(coloured_folder), "-o", str(tmp_path / "run"), "--recipe", recipe_file, *SMALL]
    assert kerastl_command([*command, "--precision", precision]) == 0
    assert "engine" not in capsys.readouterr().err
    model = keras.saving.load_model(tmp_path / "run" / "model.keras")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    with (tmp_path / "run" / "history.csv").open() as stream:
        losses = [float(row["loss"]) for row in csv.DictReader(stream) if row["phase"] == "1"]
    assert losses[-1] < losses[0]


OPTIONS = {"input_size": 32, "weights": None, "seed": 3}


@pytest.fixture(scope="module")
def content_with_little():
    """Random weights that do not train learn nothing, which ends a run and is not what is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerastl.finetuning.training._NOTHING", "")
        yield


@pytest.fixture(scope="module")
def stopped_once(coloured_folder, tmp_path_factory, content_with_little):
    """A run that was stopped in its second epoch, and the data it began with."""
    folder = tmp_path_factory.mktemp("stopped")
    shutil.copytree(coloured_folder, folder / "data")

    class Impatient(Listener):
        def epoch(self, row):
            os.kill(os.getpid(), signal.SIGINT)

    recipe = Recipe("long", (Phase(epochs=3, learning_rate=0.01, batch_size=8),))
    found = kerastl.finetune(
        "mobilenet_025", folder / "data", recipe, output=folder / "run", listener=Impatient(), **OPTIONS
    )
    assert found.stopped
    return folder


@pytest.fixture
def stopped(stopped_once, tmp_path):
    shutil.copytree(stopped_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data", tmp_path / "run"


def resumed(data, run, recipe="auto", backbone=None, **settings):
    return kerastl.finetune(backbone, data, recipe, output=run, resume=True, **settings)


def remove_a_class(data):
    shutil.rmtree(data / "red")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: shutil.copy(data / "red/0.png", data / "red/new.png"), r"1 picture is new \(red/new.png\)"),
        (lambda data: (data / "red/0.png").unlink(), r"1 picture is gone \(red/0.png\)"),
        (lambda data: shutil.copy(data / "red/0.png", data / "red/1.png"), "1 picture is changed in content"),
        (lambda data: (data / "red/0.png").rename(data / "blue/x.png"), r"new \(blue/x.png\); 1 picture is gone"),
        (lambda data: (data / "red").rename(data / "pink"), r"1 class is new \(pink\); 1 class is gone \(red\)"),
        (remove_a_class, r"12 pictures are gone \(red/0.png, .*1 class is gone \(red\)"),
        (lambda data: [shutil.rmtree(data / name) for name in ("red", "blue")],
         "one class only.*the classes blue, green, red"),
    ],
)  # fmt: skip
def test_resume_with_other_pictures_is_refused_and_says_what_changed(stopped, change, said):
    data, run = stopped
    change(data)
    with pytest.raises(DataError, match=said):
        resumed(data, run)
    assert not (run / LOCK).exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"recipe": "probe"}, "begun with recipe long and cannot go on with another: probe"),
        ({"backbone": "mobilenet_v2"}, "begun with backbone='mobilenet_025' and cannot go on with 'mobilenet_v2'"),
        ({"seed": 0}, "begun with seed=3 and cannot go on with 0"),
        ({"weights": "imagenet"}, "begun with weights=None"),
        ({"epochs": 9}, "begun with epochs=None"),
    ],
)
def test_resume_with_another_wish_is_refused(stopped, asked, said):
    data, run = stopped
    with pytest.raises(UsageError, match=said):
        resumed(data, run, **asked)


def test_the_same_pictures_elsewhere_are_gone_on_with(stopped):
    data, run = stopped
    data = data.rename(data.with_name("moved"))
    found = resumed(data, run, Recipe.from_dict(card.read(run / "model.keras").extra["recipe"]), keep_features=True)
    assert (len(found.history), found.stopped) == (3, False)
    record = training_record.read(run / "model.keras")
    assert [len(record.hashes[part]) for part in ("train", "val")] == [30, 6]
    assert (run / "features").is_dir()


@pytest.mark.parametrize("harm", ["state.json", "pictures.csv", "now.npz", "best.npz", "start.npz"])
def test_a_run_whose_state_is_damaged_says_so_in_one_line(stopped, harm, capsys):
    data, run = stopped
    (file,) = (run / "state").glob(f"*{harm}")
    file.write_bytes(file.read_bytes()[:-20])
    before = (run / "model.keras").read_bytes()
    assert kerastl_command(["finetune", str(data), "-o", str(run), "--resume"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(run / "state") in last
    assert last.endswith("--overwrite starts anew")
    assert (run / "model.keras").read_bytes() == before


def test_defaults_of_the_command_line_say_nothing(stopped, capsys):
    data, run = stopped
    assert kerastl_command(["finetune", str(data), "-o", str(run), "--resume", "--seed", "0"]) == 2
    assert "begun with seed=3" in capsys.readouterr().err


def test_damaged_features_are_computed_anew_which_is_said(stopped):
    data, run = stopped
    for file in (run / "features").glob("*/features.npy"):
        content = bytearray(file.read_bytes())
        content[-1] ^= 0x40
        file.write_bytes(content)
    warnings = []

    class Notes(Listener):
        def warn(self, text):
            warnings.append(text)

    found = resumed(data, run, listener=Notes())
    assert not found.stopped
    damaged = [text for text in warnings if "rows kept there are damaged" in text]
    assert sorted("1 of 6 rows" in text or "1 of 30 rows" in text for text in damaged) == [True, True]
