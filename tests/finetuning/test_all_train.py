"""Runs in which every labeled image trains, and leave-one-out says how good the model is."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from trainings import run

import kerastl
from kerastl.errors import DataError, RecipeError
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._leave_one_out import KeptAnswers
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._recipe_registry import RECIPES
from kerastl.finetuning._recipes import needs_validation
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.training._callback import RunCallback

RIDGE = Recipe("ridge", (Phase(solver="ridge"),), dropout=0.0)
NONE = LabeledImages([], np.empty(0, np.int64))
SMALL = {"model": "mobilenet_025", "input_size": 32, "weights": None, "verbose": 0}


def everything(data, **changed):
    """The training images without those to validate on."""
    return TrainingData(data.classes, data.train, NONE, data.reader, **changed)


def test_which_recipes_need_images_to_validate_on():
    assert not RIDGE.needs_validation
    assert Recipe("more", (*RIDGE.phases, Phase(trains=1))).needs_validation
    assert Recipe("old", (Phase(solver="logistic_regression"),)).needs_validation
    assert RECIPES["full"].needs_validation
    assert needs_validation("auto")  # which chooses only when it has seen the data
    assert not needs_validation(RIDGE)


def test_how_much_is_held_back():
    assert Settings().held_back(needed=False) is None
    assert Settings().held_back(needed=True) == 0.2
    assert Settings(validation_split=0.3).held_back(needed=False) == 0.3
    assert Settings(split_strategy="mine").held_back(needed=False) == 0.2  # who names one wants a split


def test_the_best_score_is_by_leave_one_out(small_network, data, tmp_path):
    training = run(small_network, RIDGE, everything(data), tmp_path)
    state, answers = training.state, training.left_out()
    assert state.best == state.leave_one_out
    assert (state.best.kind, state.best.images, state.best.groups) == ("leave_one_out", 36, 36)
    right = answers.probabilities.argmax(axis=1) == data.train.labels[answers.numbers]
    assert state.best.accuracy == right.mean()
    (row,) = state.history
    assert (row["val_accuracy"], row["loo_accuracy"]) == (None, state.best.accuracy)


def test_validation_images_go_before_leave_one_out(small_network, data, tmp_path):
    training = run(small_network, RIDGE, data, tmp_path)
    state = training.state
    assert (state.best.kind, state.leave_one_out.kind) == ("validation", "leave_one_out")
    assert state.history[0]["val_accuracy"] == state.best.accuracy
    assert state.history[0]["loo_accuracy"] == state.leave_one_out.accuracy


def test_groups_are_left_out_together(small_network, data, tmp_path):
    """All images of the first class are one group: a head that has seen none of them cannot name the class."""
    groups = np.where(data.train.labels == 0, 0, np.arange(36) + 1)
    training = run(small_network, RIDGE, everything(data, group_numbers=groups), tmp_path)
    answers = training.left_out()
    first = answers.labels == 0
    assert not (answers.probabilities[first].argmax(axis=1) == 0).any()
    assert training.state.best.groups == len(np.unique(answers.groups))


def test_gradient_steps_without_images_to_validate_on_are_refused(small_network, data, tmp_path):
    with pytest.raises(RecipeError, match="phase 2: there are no images to validate on"):
        run(small_network, Recipe("more", (*RIDGE.phases, Phase(trains=1))), everything(data), tmp_path)


def test_later_weights_have_no_leave_one_out(small_network, data, tmp_path):
    """A phase by gradient steps that is better takes the place of the solution, and of what was said of it."""
    recipe = Recipe("more", (Phase(solver="ridge"), Phase(trains=1, epochs=4, learning_rate=0.01, batch_size=8)))
    training = run(small_network, recipe, data, tmp_path)
    state = training.state
    solved = (state.history[0]["val_accuracy"], -state.history[0]["val_loss"])
    assert (training.left_out() is None) == ((state.best.accuracy, state.best.minus_loss) != solved)


@pytest.fixture(scope="module")
def solved(colored_folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "solved"
    return kerastl.finetune(colored_folder, recipe=RIDGE, output=output, **SMALL)


def test_no_image_is_held_back(solved):
    metrics = json.loads((solved.folder / "metrics.json").read_text())
    assert (metrics["train_images"], metrics["val_images"], metrics["loo_images"]) == (36, 0, 36)
    assert metrics["accuracy_kind"] == "leave_one_out"
    assert "val_accuracy" not in metrics
    assert "chosen_by_validation" not in metrics
    with (solved.folder / "split.csv").open() as stream:
        assert {row["split"] for row in csv.DictReader(stream)} == {"train"}
    assert "right by leave-one-out" in (solved.folder / "README.md").read_text()
    assert "right by leave-one-out" in repr(solved)
    assert "leave-one-out accuracy" in solved._repr_html_()


def test_the_answers_lie_beside_the_model(solved):
    kept = KeptAnswers.read(solved.folder, solved.metadata.extra["data_fingerprint"], 3)
    assert kept.probabilities.shape == (36, 3)
    labels = np.repeat([0, 1, 2], 12)  # by path
    assert (kept.probabilities.argmax(axis=1) == labels).mean() == solved.metrics["loo_accuracy"]


def test_a_part_is_held_back_where_that_is_asked_for(colored_folder, tmp_path):
    run = kerastl.finetune(colored_folder, recipe=RIDGE, output=tmp_path, validation_split=0.25, **SMALL)
    assert (run.metrics["train_images"], run.metrics["val_images"], run.metrics["loo_images"]) == (27, 9, 27)
    assert {"val_accuracy", "loo_accuracy"} <= run.metrics.keys()
    assert not run.metrics["chosen_by_validation"]  # there was one solution


def test_given_parts_stay(colored_folder, tmp_path):
    for name in ("blue", "red"):
        shutil.copytree(colored_folder / name, tmp_path / "data" / "train" / name)
        shutil.move(tmp_path / "data" / "train" / name / "0.png", tmp_path / f"{name}.png")
        (tmp_path / "data" / "val" / name).mkdir(parents=True)
        shutil.move(tmp_path / f"{name}.png", tmp_path / "data" / "val" / name / "0.png")
    run = kerastl.finetune(tmp_path / "data", recipe=RIDGE, output=tmp_path / "run", **SMALL)
    assert (run.metrics["train_images"], run.metrics["val_images"]) == (22, 2)
    assert run.metrics["accuracy_kind"] == "validation"


class Until(RunCallback):
    """Stops at a line."""

    def __init__(self, words):
        self.words = words

    def say(self, text):
        if text.startswith(self.words):
            raise KeyboardInterrupt


def test_a_run_that_was_cut_off_leaves_the_same_groups_out(colored_folder, tmp_path):
    folder = shutil.copytree(colored_folder, tmp_path / "data")
    for number in range(6):  # the same images twice
        shutil.copy(folder / "red" / f"{number}.png", folder / "red" / f"again{number}.png")
    whole = kerastl.finetune(folder, recipe=RIDGE, output=tmp_path / "whole", group_by=r"(\w+)\.png", **SMALL)
    assert whole.metrics["loo_images"] == 42
    # The numbers 0 to 11 of each color are together, the copies are with what they are copies of.
    assert whole.metrics["loo_groups"] == 12
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(
            folder,
            recipe=RIDGE,
            output=tmp_path / "cut",
            group_by=r"(\w+)\.png",
            callbacks=[Until("ridge regression")],
            **SMALL,
        )
    again = kerastl.finetune(folder, recipe=RIDGE, output=tmp_path / "cut", resume=True, **SMALL)
    timeless = [{name: value for name, value in run.metrics.items() if "seconds" not in name} for run in (whole, again)]
    assert timeless[0] == timeless[1]
    assert (tmp_path / "cut" / LEAVE_ONE_OUT).read_bytes() == (tmp_path / "whole" / LEAVE_ONE_OUT).read_bytes()


def test_a_class_of_one_image_is_refused(colored_folder, tmp_path):
    folder = shutil.copytree(colored_folder, tmp_path / "data")
    (folder / "white").mkdir()
    Image.new("RGB", (40, 48), "white").save(folder / "white" / "0.png")
    with pytest.raises(DataError, match="class 'white' has 1 image, too few to leave one out and train on the others"):
        kerastl.finetune(folder, recipe=RIDGE, output=tmp_path / "run", **SMALL)
