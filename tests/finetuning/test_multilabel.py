"""Fine-tuning for any number of labels an image, from a table to answers."""

import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score

import kerastl
from kerastl.errors import UsageError
from kerastl.finetuning import Phase, Recipe
from kerastl.finetuning._folder import LEAVE_ONE_OUT

NAMES = ("blue", "green", "red")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of 36 noisy images whose red, green and blue are bright or not; a label each that is."""
    folder = tmp_path_factory.mktemp("colors")
    random = np.random.default_rng(0)
    rows = []
    for number in range(36):
        bright = random.random(3) < 0.5
        pixels = random.integers(0, 90, (36, 36, 3)) + 120 * bright
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
        names = [name for name, there in zip(("red", "green", "blue"), bright, strict=True) if there]
        rows.append((f"{number:02}.png", "|".join(names)))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "labels"), *rows])
    return folder


def truth_of(folder):
    with (folder / "labels.csv").open(newline="") as file:
        rows = [row["labels"].split("|") for row in csv.DictReader(file)]
    return np.array([[name in row for name in NAMES] for row in rows])


@pytest.fixture(scope="module")
def solved(folder, tmp_path_factory):
    """A run whose head is solved."""
    run = tmp_path_factory.mktemp("run") / "solved"
    return kerastl.finetune(folder, "kerastl_mini", "probe", output=run, input_size=32, verbose=0)


def test_the_run_tells_mean_average_precision(folder, solved):
    metrics = json.loads((solved.folder / "metrics.json").read_text())
    assert metrics["task"] == "multilabel"
    assert metrics["loo_mean_average_precision"] > 0.9
    assert "mean average precision" in repr(solved)
    with np.load(solved.folder / LEAVE_ONE_OUT) as kept:
        answers = kept["probabilities"]
    expected = np.mean([average_precision_score(truth_of(folder)[:, n], answers[:, n]) for n in range(3)])
    assert metrics["loo_mean_average_precision"] == pytest.approx(expected, abs=1e-6)


def test_plain_keras_gives_a_probability_for_each_label(folder, solved):
    model = keras.saving.load_model(solved.folder / "model.keras")
    pixels = np.stack([np.asarray(Image.open(folder / f"{n:02}.png").resize((32, 32))) for n in range(36)])
    answers = model.predict(pixels, verbose=0)
    assert answers.shape == (36, 3)
    assert ((answers > 0.5) == truth_of(folder)).mean() > 0.95
    assert answers.sum(axis=1).max() > 1.5  # and not one for all


def test_answers_are_the_labels_above_their_thresholds(folder, solved):
    classifier = kerastl.load(solved.folder)
    assert classifier.metadata.task == "multilabel"
    files = [folder / f"{n:02}.png" for n in range(36)]
    scores = classifier.predict_proba(files)
    thresholds = [one["threshold"] for one in classifier.metadata.extra["thresholds"]["labels"]]
    answers = classifier.classify(files, top=1)
    for answer, row in zip(answers, scores, strict=True):
        expected = {name: score for name, score, least in zip(NAMES, row, thresholds, strict=True) if score >= least}
        assert {one.label: one.score for one in answer.predictions} == pytest.approx(expected)
        assert answer.labels == tuple(sorted(expected, key=expected.get, reverse=True))
    black = classifier.classify(np.zeros((32, 32, 3), np.uint8))
    assert black.labels == ()
    assert str(black) == "none of the labels"


def test_rejection_and_views_work_and_sets_of_classes_are_refused(folder, solved):
    classifier = kerastl.load(solved.folder)
    image = folder / "00.png"
    assert classifier.classify(image, reject=True).rejected is False
    mirrored = classifier.classify(image, tta="mirror")
    assert mirrored.labels == classifier.classify(image).labels
    with pytest.raises(UsageError, match="coverage is for one class an image"):
        classifier.classify(image, coverage=0.9)


def test_an_explanation_is_of_one_label(folder, solved):
    explanation = kerastl.load(solved.folder).explain(folder / "00.png", "red")
    assert explanation.label == "red"
    assert explanation.map.shape == (32, 32)


def test_gradient_steps_train_labels_and_choose_thresholds_on_validation_images(folder, tmp_path):
    recipe = Recipe("steps", (Phase(epochs=3, learning_rate=0.05, batch_size=8, loss="asymmetric_loss"),))
    run = kerastl.finetune(folder, "kerastl_mini", recipe, output=tmp_path / "run", input_size=32, verbose=0)
    assert run.metadata.extra["thresholds"]["kind"] == "validation"
    assert run.metadata.extra["thresholds"]["aim"] == "f1"
    with (run.folder / "history.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert 0.5 < float(last["val_mean_average_precision"]) <= 1
    assert 0 < float(last["label_accuracy"]) <= 1


def test_tuned_labels_are_kept_or_not_by_their_losses(folder, tmp_path):
    recipe = Recipe("held", (Phase(solver="ridge"), Phase(trains=1, epochs=2, learning_rate=0.3, batch_size=8)))
    run = kerastl.finetune(folder, "kerastl_mini", recipe, output=tmp_path / "run", input_size=32, verbose=0)
    assert "validation images are answered better" in run.metrics["phases"][1]["outcome"]
    assert run.metrics["refitted"]  # a rate that spoils everything
    assert run.metadata.extra["thresholds"]["kind"] == "leave_one_out"


def test_class_weights_are_refused_before_images_are_read(folder):
    with pytest.raises(UsageError, match="class_weights are for one class an image"):
        kerastl.finetune(folder, "kerastl_mini", "probe", class_weights="balanced", verbose=0)


def test_interrupted_and_resumed_is_the_same_to_the_bit(folder, tmp_path):
    phases = (Phase(solver="ridge"), Phase(trains=1, epochs=2, learning_rate=1e-4, batch_size=8))
    options = {"input_size": 32, "verbose": 0, "seed": 3}

    class StopAfter(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:  # the first of gradient steps
                raise KeyboardInterrupt

    def tuned(name, **more):
        recipe = Recipe("two", phases)
        return kerastl.finetune(folder, "kerastl_mini", recipe, output=tmp_path / name, **options, **more)

    whole = tuned("whole")
    with pytest.raises(KeyboardInterrupt):
        tuned("parts", callbacks=[StopAfter()])
    parts = tuned("parts", resume=True)
    for one, other in zip(whole.model.get_weights(), parts.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert parts.metadata.extra["thresholds"] == whole.metadata.extra["thresholds"]
    assert (tmp_path / "parts" / LEAVE_ONE_OUT).exists() == (tmp_path / "whole" / LEAVE_ONE_OUT).exists()
