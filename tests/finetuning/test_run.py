"""From the command line to the files of a run, on a tiny network with random weights."""

import csv
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.data import Dataset, Item
from kerastl.errors import DataError, RecipeError, UsageError, WeightsError
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.models import _metadata as metadata
from kerastl.training._callback import RunCallback

SMALL = ["--model", "mobilenet_025", "--input-size", "32", "--weights", "none"]
PROBE = ["--recipe", "probe", "--validation-split", "0.2", *SMALL]
OUTPUTS = {".kerastl-run", "README.md", "curves.png", "history.csv", "kerastl.json", "metrics.json", "model.keras"}
OUTPUTS |= {"features.npz", "leave_one_out.npz", "split.csv"}


@pytest.mark.parametrize(
    "wrong",
    [["--recipe", "no.json"], ["--weights", "no.h5"], ["--input-size", "1"], ["--resume"], ["--model", "none"]],
)
def test_wrong_arguments_are_found_before_images_are_and_nothing_is_written(tmp_path, capsys, wrong):
    (tmp_path / "data").mkdir()  # without an image
    command = ["finetune", str(tmp_path / "data"), "-o", str(tmp_path / "run"), *SMALL, *wrong]
    assert kerastl_command(command) in (1, 2)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no images" not in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ((), "0 classes; a classifier needs two or more"),
        (("a", "b"), "images of 'c', which is not among the classes"),
    ],
)
def test_a_data_set_without_its_classes_is_refused(tmp_path, classes, said):
    dataset = Dataset(tmp_path, classes, (Item("1.png", "c"),), "made by hand")
    with pytest.raises(DataError, match=said):
        kerastl.finetune(dataset, "mobilenet_025", "probe", output=tmp_path / "run", weights=None, input_size=32)


@pytest.fixture(scope="module")
def probed(colored_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "probed"
    assert kerastl_command(["finetune", str(colored_folder), "-o", str(folder), *PROBE]) == 0
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


def test_chance_is_said_and_kept_and_blank_images_are_an_error(tmp_path, capsys):
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
    probe = ["--recipe", "probe", "--model", "kerastl_mini", "--validation-split", "0.5"]
    assert kerastl_command(["finetune", str(tmp_path / "noise"), "-o", str(tmp_path / "run"), *probe]) == 0
    said = capsys.readouterr().err
    assert "warning: the accuracy on validation images is at chance level" in " ".join(said.split())
    (warning,) = json.loads((tmp_path / "run" / "metrics.json").read_text())["warnings"]
    assert "chance level" in warning

    assert kerastl_command(["finetune", str(tmp_path / "blank"), "-o", str(tmp_path / "none"), *probe]) == 1
    assert "nothing was learnt" in capsys.readouterr().err
    assert not (tmp_path / "none" / "model.keras").exists()


def test_plain_keras_loads_the_model_and_gets_the_same_accuracy(probed, colored_folder):
    code = (
        "import sys, keras, numpy as np\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "assert not [name for name in sys.modules if name.startswith('kerastl')]\n"
        "assert not [layer for layer in model.layers if isinstance(layer, (keras.Model, keras.layers.Lambda))]\n"
        "np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))\n"
    )
    with (probed / "split.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "val"]
    resize = metadata.read_metadata(probed / "model.keras").resize
    pixels = np.stack([kerastl.load_pixels(colored_folder / row["path"], resize) for row in rows])
    given, got = probed.parent / "pixels.npy", probed.parent / "probabilities.npy"
    np.save(given, pixels.astype("float32"))
    subprocess.run([sys.executable, "-c", code, probed / "model.keras", given, got], check=True, capture_output=True)
    best = np.load(got).argmax(axis=1)
    right = [("blue", "green", "red")[n] == row["label"] for n, row in zip(best, rows, strict=True)]
    assert np.mean(right) == json.loads((probed / "metrics.json").read_text())["val_accuracy"]


def test_the_result_classifies(probed, colored_folder):
    prediction = kerastl.load(probed).classify(str(colored_folder / "red" / "0.png"), top=3).predictions
    assert {entry.label for entry in prediction} == {"blue", "green", "red"}
    assert sum(entry.score for entry in prediction) == pytest.approx(1, abs=1e-4)


def test_a_refused_run_without_a_folder_of_its_own_leaves_none(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(DataError, match="no such folder"):
        kerastl.finetune(tmp_path / "nowhere", "kerastl_mini", verbose=0)
    assert not list((tmp_path / "temporary").iterdir())


def test_a_filled_run_folder_is_refused(probed, colored_folder, tmp_path, capsys):
    assert kerastl_command(["finetune", str(colored_folder), "-o", str(probed), *SMALL]) == 2
    assert "holds a complete run, --overwrite replaces it" in capsys.readouterr().err
    assert kerastl_command(["finetune", str(colored_folder), "-o", str(probed), "--resume", *SMALL]) == 1
    assert "nothing to resume" in capsys.readouterr().err
    (tmp_path / "thesis.txt").write_text("three years")
    assert kerastl_command(["finetune", str(colored_folder), "-o", str(tmp_path), "--overwrite", *SMALL]) == 2
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "mobilenet_v9"], "mobilenet_v9"),
        (["--recipe", "magic"], "auto, probe, gradual, full"),
        (["--validation-split", "1.5"], "validation-split"),
        (["--resume", "--overwrite"], "exclude each other"),
        (["--weights", "nowhere.h5"], "nowhere.h5"),
    ],
)
def test_wrong_arguments_are_one_line(colored_folder, tmp_path, capsys, arguments, message):
    command = ["finetune", str(colored_folder), "-o", str(tmp_path / "run"), *SMALL, *arguments]
    assert kerastl_command(command) in (1, 2)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("given", ["folder", [("a.png", "a")]])
def test_images_in_the_place_of_the_network_are_refused(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="model must be a name "):
        kerastl.finetune("folder", given)
    with pytest.raises(UsageError, match=r"the data comes first and the model second\. Received: data='mobilenet_025'"):
        kerastl.finetune("mobilenet_025", given)


@pytest.mark.parametrize(
    ("wish", "error", "message"),
    [
        ({"recipe": "none.json"}, RecipeError, "none.json is neither a built-in recipe"),
        ({"weights": "none.h5"}, WeightsError, "none.h5: no such weights file"),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_done(tmp_path, wish, error, message):
    with pytest.raises(error, match=message):
        kerastl.finetune(tmp_path / "no images either", "mobilenet_025", output=tmp_path / "run", **wish)
    assert not (tmp_path / "run").exists()


def test_a_stage_that_is_not_there(colored_folder, tmp_path):
    recipe = Recipe("r", (Phase(trains="block_99"),))
    with pytest.raises(RecipeError, match="block_12"):
        kerastl.finetune(colored_folder, "mobilenet_025", recipe, output=tmp_path / "run", input_size=32, weights=None)


def test_unreadable_images_are_skipped_and_listed_or_refused(colored_folder, tmp_path, capsys):
    folder = tmp_path / "data"
    shutil.copytree(colored_folder, folder)
    (folder / "red" / "broken.png").write_bytes((folder / "red" / "0.png").read_bytes()[:200])
    command = ["finetune", str(folder), "--recipe", "probe", *SMALL]
    assert kerastl_command([*command, "-o", str(tmp_path / "strict"), "--strict"]) == 1
    assert "red/broken.png" in capsys.readouterr().err
    assert kerastl_command([*command, "-o", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err
    assert "1 unreadable image " in said
    run = tmp_path / "run"
    assert f"kerastl evaluate {run} {folder} --report {run}-report\n" in said
    with (tmp_path / "run" / "skipped.csv").open() as stream:
        assert [row["path"] for row in csv.DictReader(stream)] == ["red/broken.png"]
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["skipped_images"] == 1


def test_an_image_that_vanishes_is_skipped_with_a_word(colored_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(colored_folder, folder)
    victim = folder / "red" / "0.png"
    from kerastl.data import scan

    class Thief(RunCallback):
        """Takes the image away once the split is made."""

        def __init__(self):
            self.warnings = []

        def say(self, text):
            if text.startswith("phase"):
                victim.unlink(missing_ok=True)

        def warn(self, text):
            self.warnings.append(text)

    thief = Thief()
    result = kerastl.finetune(
        scan(folder),
        "mobilenet_025",
        "probe",
        output=tmp_path / "run",
        input_size=32,
        weights=None,
        callbacks=[thief],
    )
    assert len(thief.warnings) == 1
    assert "red" in thief.warnings[0]
    assert "skipped" in thief.warnings[0]
    assert result.metrics["train_images"] + result.metrics["val_images"] == 35


def test_a_class_that_vanishes_ends_the_run_with_a_line_that_names_it(colored_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(colored_folder, folder)
    from kerastl.data import scan

    class Thief(RunCallback):
        """Takes a class away once the split is made."""

        def say(self, text):
            if text.startswith("phase"):
                shutil.rmtree(folder / "red", ignore_errors=True)

    with pytest.raises(
        DataError, match=r"no training image of 'red' can be read any more \(the last: .*red.*\); put the files back"
    ):
        kerastl.finetune(
            scan(folder),
            "mobilenet_025",
            "probe",
            output=tmp_path / "run",
            input_size=32,
            weights=None,
            callbacks=[Thief()],
        )


def test_lr_find_suggests_and_plots(colored_folder, tmp_path, capsys):
    plot = tmp_path / "rates.png"
    assert kerastl_command(["lr-find", str(colored_folder), "-o", str(plot), "--steps", "40", *SMALL]) == 0
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
    assert kerastl_command(["recipes", "gradual", "--format", "json"]) == 0
    assert Recipe.from_json(capsys.readouterr().out).name == "gradual"
    assert kerastl_command(["recipes", "auto"]) == 2


def test_images_decoded_ahead_change_nothing(colored_folder, probed, tmp_path, monkeypatch):
    from kerastl.data._prefetch import PrefetchedImages
    from kerastl.finetuning import _training_data as images

    found = []
    get, stop = PrefetchedImages.get, PrefetchedImages.stop

    def all_of_them(self):
        if self._child is not None:
            self._child.wait(timeout=60)
        stop(self)

    monkeypatch.setattr(images, "_MANY", 1)
    monkeypatch.setattr(images, "cores", lambda: 2)
    monkeypatch.setattr(PrefetchedImages, "stop", all_of_them)
    monkeypatch.setattr(PrefetchedImages, "get", lambda self, file: found.append(get(self, file)) or found[-1])
    output = tmp_path / "ahead"
    assert kerastl_command(["finetune", str(colored_folder), "-o", str(output), *PROBE]) == 0
    assert len(found) >= 36
    assert None not in found
    assert {path.name for path in output.iterdir()} == OUTPUTS
    ours, theirs = (keras.models.load_model(run / "model.keras").get_weights() for run in (output, probed))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_the_precision_the_saved_model_is_float32(colored_folder, recipe_file, tmp_path, capsys, precision):
    command = ["finetune", str(colored_folder), "-o", str(tmp_path / "run"), "--recipe", recipe_file, *SMALL]
    assert kerastl_command([*command, "--precision", precision]) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert all("get the same scores" in line for line in warnings)  # as random weights give; and no other
    model = keras.saving.load_model(tmp_path / "run" / "model.keras")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    with (tmp_path / "run" / "history.csv").open() as stream:
        losses = [float(row["loss"]) for row in csv.DictReader(stream) if row["phase"] == "1"]
    assert losses[-1] < losses[0]
