"""Networks that see wide images: from decoding to the saved model, and what reads it."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.cli import run as command
from kerastl.errors import UsageError
from kerastl.finetuning import Settings
from kerastl.finetuning._candidates import candidates, sizes_of
from kerastl.finetuning._search_results import chosen_before, label
from kerastl.images import Resize

PERIODS = {"coarse": 8, "fine": 4}
WIDE = (32, 128)


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    """Wide images of stripes of 4 or of 8 pixels, which a square of 32 pixels, four times narrower, makes gray."""
    folder, random = tmp_path_factory.mktemp("wide"), np.random.default_rng(0)
    for name, period in PERIODS.items():
        (folder / name).mkdir()
        for number in range(12):
            dark = (np.arange(128) + random.integers(period)) % period < period // 2
            pixels = np.broadcast_to(np.where(dark, 60, 200)[None, :, None], (32, 128, 3))
            noisy = np.clip(pixels + random.normal(0, 10, pixels.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def wide_run(stripes, tmp_path_factory):
    """A run that chose among a square and a wide size, from the command line."""
    folder = tmp_path_factory.mktemp("run") / "wide"
    arguments = ["--model", "kerastl_mini", "--recipe", "probe", "--input-size", "32,32x128", "--resize", "squash"]
    assert command(["finetune", str(stripes), "--output", str(folder), *arguments]) == 0
    return folder


def test_a_square_squash_loses_what_tells_the_classes_apart(stripes):
    file = stripes / "fine" / "00.png"
    assert Resize(*WIDE, "squash").read(file).std() > 60
    assert Resize(32, 32, "squash").read(file).std() < 10


def test_the_wide_size_is_the_better_one(wide_run):
    search = json.loads((wide_run / "search.json").read_text())
    assert search["chosen"] == {"model": "kerastl_mini", "input_size": [32, 128]}
    tried = {json.dumps(row["input_size"]): row["accuracy"] for row in search["tried"]}
    assert tried["[32, 128]"] == 1
    assert tried["32"] < 0.9
    again = candidates(("kerastl_mini",), sizes_of([32, WIDE]), None)
    assert chosen_before(wide_run, again).input_size == WIDE  # as a run that goes on asks
    assert json.loads((wide_run / "metrics.json").read_text())["loo_accuracy"] == 1


def test_the_saved_model_knows_its_shape(wide_run, stripes):
    model = keras.saving.load_model(wide_run / "model.keras")
    classifier = kerastl.load(wide_run)
    assert model.input_shape == (None, *WIDE, 3)
    assert classifier.metadata.reader == Resize(*WIDE, "squash", 1.0)
    assert classifier.metadata.reader.describe() == "images of 32 x 128 pixels, squash"
    file = stripes / "coarse" / "03.png"
    pixels = classifier.metadata.reader.read(file)
    assert pixels.shape == (*WIDE, 3)
    assert classifier.classify(file).label == "coarse"
    expected = np.asarray(model(pixels[None].astype("float32")))[0]
    np.testing.assert_allclose(classifier.predict_pixels(pixels[None])[0], expected, atol=1e-3)


def test_engines_agree(wide_run, stripes):
    pixels = Resize(*WIDE, "squash").read(stripes / "fine" / "05.png")[None]
    fast, plain = (kerastl.load(wide_run, engine=engine) for engine in ("litert", "keras"))
    np.testing.assert_allclose(fast.predict_pixels(pixels), plain.predict_pixels(pixels), atol=1e-3)


def test_it_is_evaluated_explained_and_answered_with_crops(wide_run, stripes):
    classifier = kerastl.load(wide_run)
    assert kerastl.evaluate(classifier, stripes, split="all", corruptions=True).accuracy == 1
    for method in ("gradcam", "occlusion"):
        explanation = classifier.explain(stripes / "fine" / "00.png", method=method)
        assert explanation.map.shape == WIDE
        assert explanation.overlay().size == (128, 32)
    assert classifier.classify(stripes / "fine" / "00.png", tta="crops").label == "fine"


def test_it_goes_on_at_its_own_shape(wide_run, stripes, tmp_path):
    run = kerastl.finetune(stripes, wide_run, "probe", output=tmp_path / "on", verbose=0)
    assert run.model.input_shape == (None, *WIDE, 3)


def test_a_shape_is_kept_with_the_settings():
    kept = Settings(input_size=(32, 128)).as_dict()
    assert kept["input_size"] == [32, 128]
    assert Settings(**kept).input_size == (32, 128)
    assert Settings(input_size=(64, 64)).input_size == 64
    assert Settings().resumed(kept, []).input_size == (32, 128)
    with pytest.raises(UsageError, match="begun with input_size="):
        Settings(input_size=(128, 32)).resumed(kept, ["input_size"])


def test_a_list_holds_several_sizes_and_a_tuple_is_one():
    assert sizes_of((32, 128)) == ((32, 128),)
    assert sizes_of([32, (32, 128), (64, 64)]) == (32, (32, 128), 64)
    assert sizes_of(None) == (None,)
    with pytest.raises(UsageError, match="or a pair"):
        sizes_of((32, 48, 64))
    assert label("net", (32, 128)) == "net at 32x128 px"


def test_what_is_no_size_is_wrong_usage(stripes, tmp_path, capsys):
    arguments = ["finetune", str(stripes), "--output", str(tmp_path / "run"), "--input-size", "32x"]
    assert command(arguments) == 2
    assert "'32x' is no number of pixels, nor HEIGHTxWIDTH" in capsys.readouterr().err
    arguments[-1] = "4x64"
    assert command([*arguments, "--model", "kerastl_mini"]) == 2
    assert "kerastl_mini takes images of at least 8 px, not 4 x 64" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
