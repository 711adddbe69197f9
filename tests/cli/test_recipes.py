"""`kerastl recipes` says what a recipe will do."""

import json

import pytest

from kerastl.cli import run
from kerastl.data._augmentation import Augmentation, Flip
from kerastl.finetuning import _phase_times as times
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._recipe_description import describe

STAGES = ["head", "top", "stem"]


def test_each_phase_is_told_in_words():
    phases = (
        Phase(solver="ridge"),
        Phase(trains=1, epochs=3, layer_decay=0.5, warmup=1.0, schedule="cosine", patience=2,
              augmentation=Augmentation(flip=Flip()), num_augmented_copies=4),
        Phase(trains="all", epochs=1, augmentation=Augmentation(flip=Flip()), batch_norm="trained"),
    )  # fmt: skip
    first, second, third = describe(Recipe("r", phases), STAGES, images=100)
    assert first == (
        "1. The head is solved by ridge regression, the rest stays as it is. The images are seen as they are; the "
        "frozen part computes features of 100 images once."
    )
    assert second == (
        "2. head to top trains; all below top stays as it is. 4 versions of each image are seen (flip); the frozen "
        "part computes features of 400 images once. 3 epochs in batches of 32, 9 steps. The rate of the head, 0.001 "
        "at its highest, warms up for 1 epoch and then falls to zero in half a cosine; that of each stage below is "
        "0.5 times that above. BatchNorm is frozen. It ends after 2 epochs that are no better."
    )
    assert third == (
        "3. Everything trains. Each epoch sees new versions of the images (flip). 1 epoch in batches of 32, 3 steps. "
        "The rate of the head, 0.001 at its highest, stays there. BatchNorm is trained."
    )


def test_a_recipe_is_shown_in_words_and_as_a_table(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert run(["recipes", "gradual", "--model", "kerastl_mini", "--images", "600", "--classes", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "gradual: the head, then one stage more in each phase"
    assert any(line.startswith("2. head to stage3 trains") for line in lines)
    assert all(len(line) <= 40 for line in lines[1:] if not line.startswith("too narrow for: "))
    assert sum(line.split()[:1] == ["head"] for line in lines) >= 4


def test_auto_says_what_it_chooses_where_the_number_of_images_is_known(capsys):
    assert run(["recipes", "auto"]) == 2
    assert "auto chooses by the data: say --images and --classes" in capsys.readouterr().err
    assert run(["recipes", "auto", "--images", "60", "--classes", "10"]) == 0
    assert "auto chose probe" in capsys.readouterr().out


def test_json_is_for_programs(capsys):
    assert run(["recipes", "--format", "json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)][:4] == ["auto", "probe", "gradual", "full"]
    assert run(["recipes", "full", "--format", "json"]) == 0
    assert Recipe.from_json(capsys.readouterr().out).phases[-1].trains == "all"
    assert run(["recipes", "full", "--measure"]) == 2
    assert "--measure needs --images" in capsys.readouterr().err


def test_the_time_of_a_phase_is_that_of_its_features_and_epochs(monkeypatch):
    measure = times.measured_pace
    monkeypatch.setattr(times, "_features", lambda engine, pixels: (engine.predict(pixels), 0.5))
    monkeypatch.setattr(times, "measured_pace", lambda *arguments: measure(*arguments)._replace(epoch=3.0))
    flips = Augmentation(flip=Flip())
    phases = (
        Phase(solver="logistic_regression"),
        Phase(epochs=2, augmentation=flips, num_augmented_copies=4),
        Phase(epochs=2, augmentation=flips),
    )
    # 0.5 s for each of 64 images, once or four times, and of 12.8 to validate on; without copies in each epoch.
    expected = [0.5 * 64 * 1.2, 0.5 * 64 * 4.2 + 2 * 3.0, 0.5 * 64 * 0.2 + 2 * (3.0 + 32.0)]
    assert times.phase_times(Recipe("r", phases), "kerastl_mini", 64, 3) == pytest.approx(expected)
