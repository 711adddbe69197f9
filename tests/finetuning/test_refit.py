"""A solved head that is kept in the end is solved once more on all images, those that were held back, too."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import kerastl
from kerastl.data import _training_record as training_record
from kerastl.finetuning import _evidence as evidence
from kerastl.finetuning._features import UsableFeatures
from kerastl.finetuning._held_phase import HeldPhase
from kerastl.finetuning._leave_one_out import KeptAnswers, LeftOutAnswers
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._refit import PlainFeatures, answers_on_val, join, solved_phase
from kerastl.finetuning._training_data import LabeledImages
from kerastl.training._callback import RunCallback

HEAD = Phase(solver="ridge")
IDLE = Phase(epochs=1, learning_rate=1e-12, batch_size=8)  # is no better beyond chance
HELD = Recipe("held", (HEAD, IDLE), dropout=0.0)
NEEDLESS = replace(HELD, phases=(HEAD, replace(IDLE, min_error=0.99)))  # any head is good enough
SMALL = {"model": "mobilenet_025", "input_size": 32, "weights": None, "verbose": 0}


class Told(RunCallback):
    """Keeps what is told; ends the run at a line."""

    def __init__(self, end="nothing like that"):
        self.lines, self.last = [], end

    def say(self, text):
        self.lines.append(text)
        if text.startswith(self.last):
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def probe(colored_folder, tmp_path_factory):
    recipe = Recipe("probe", (HEAD,), dropout=0.0)
    return kerastl.finetune(colored_folder, recipe=recipe, output=tmp_path_factory.mktemp("runs") / "probe", **SMALL)


@pytest.fixture(scope="module")
def told():
    return Told()


@pytest.fixture(scope="module")
def refitted(colored_folder, told, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "held"
    return kerastl.finetune(colored_folder, recipe=HELD, output=output, callbacks=[told], **SMALL)


def figures(run):
    return {name: value for name, value in run.metrics.items() if "seconds" not in name}


def assert_same_answers(one, other):
    kept = [KeptAnswers.read(run.folder, run.metadata.extra["data_fingerprint"], 3) for run in (one, other)]
    np.testing.assert_array_equal(kept[0].hashes, kept[1].hashes)
    np.testing.assert_array_equal(kept[0].groups, kept[1].groups)
    np.testing.assert_allclose(kept[0].probabilities, kept[1].probabilities, atol=1e-3)


def test_the_head_is_that_of_a_run_in_which_every_image_trains(probe, refitted, told):
    for one, other in zip(probe.model.get_weights(), refitted.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert_same_answers(probe, refitted)
    assert "the head is kept: solved again on all 36 images" in told.lines


def test_the_figures_are_by_leave_one_out(probe, refitted):
    metrics = json.loads((refitted.folder / "metrics.json").read_text())
    assert (metrics["train_images"], metrics["val_images"], metrics["loo_images"]) == (36, 0, 36)
    assert (metrics["accuracy_kind"], metrics["refitted"]) == ("leave_one_out", True)
    assert metrics["loo_accuracy"] == probe.metrics["loo_accuracy"]
    assert not {"val_accuracy", "chosen_by_validation"} & metrics.keys()
    assert "so that the head was solved again on all 36 images" in " ".join(
        (refitted.folder / "README.md").read_text().split()
    )


def test_no_image_is_called_unseen(probe, refitted, colored_folder):
    with (refitted.folder / "split.csv").open() as stream:
        assert {row["split"] for row in csv.DictReader(stream)} == {"train"}
    record = training_record.read(refitted.folder / "model.keras")
    assert (len(record.hashes["train"]), len(record.hashes["val"])) == (36, 0)
    assert refitted.metadata.extra["data_fingerprint"] == probe.metadata.extra["data_fingerprint"]


def test_a_run_that_was_cut_off_ends_with_the_same(colored_folder, refitted, tmp_path):
    told = Told("the head is kept")
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "cut", callbacks=[told], **SMALL)
    again = kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "cut", resume=True, **SMALL)
    for one, other in zip(refitted.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert figures(again) == figures(refitted)
    for name in ("leave_one_out.npz", "features.npz", "split.csv"):
        assert (again.folder / name).read_bytes() == (refitted.folder / name).read_bytes()


def test_a_run_that_was_cut_off_while_it_wrote_its_outputs_goes_on(colored_folder, refitted, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kerastl.finetuning._outputs.write_model", fail)
        with pytest.raises(KeyboardInterrupt):
            kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "cut", **SMALL)
    again = kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "cut", resume=True, **SMALL)
    assert figures(again) == figures(refitted)
    assert not (tmp_path / "cut" / "state").exists()


def test_images_that_were_asked_for_stay_held_back(colored_folder, tmp_path):
    run = kerastl.finetune(colored_folder, recipe=NEEDLESS, output=tmp_path, validation_split=0.25, **SMALL)
    assert (run.metrics["val_images"], run.metrics["refitted"]) == (9, False)


def test_given_validation_images_stay(colored_folder, tmp_path):
    for name in ("blue", "red"):
        shutil.copytree(colored_folder / name, tmp_path / "data" / "train" / name)
        (tmp_path / "data" / "val" / name).mkdir(parents=True)
        shutil.move(tmp_path / "data" / "train" / name / "0.png", tmp_path / "data" / "val" / name / "0.png")
    run = kerastl.finetune(tmp_path / "data", recipe=NEEDLESS, output=tmp_path / "run", **SMALL)
    assert (run.metrics["train_images"], run.metrics["val_images"], run.metrics["refitted"]) == (22, 2, False)


def test_a_phase_that_is_better_keeps_what_it_was_judged_by(colored_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "compare", lambda *_: evidence.Comparison(12, 3, 0, 0.5, 0.1))
    run = kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path, **SMALL)
    assert (run.metrics["kept_phase"], run.metrics["refitted"], run.metrics["val_images"]) == (2, False, 6)
    assert not (run.folder / "features.npz").exists()  # those of the network before it was trained


def test_a_phase_has_the_head_solved_on_all_images_to_beat(colored_folder, refitted, tmp_path, monkeypatch):
    """It is better than its start, which knows fewer images, and not than what would be kept in its place."""
    better = evidence.Comparison(6, 3, 0, 0.5, 0.1)
    monkeypatch.setattr(HeldPhase, "_compare", lambda *_: better)
    told, cut = Told(), Told("compared with the head solved on all images")
    run = kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "run", callbacks=[told], **SMALL)
    assert (run.metrics["kept_phase"], run.metrics["refitted"], run.metrics["val_images"]) == (1, True, 0)
    for one, other in zip(run.model.get_weights(), refitted.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(
        "no better beyond chance than the head solved on all images: as many right of 6" in line for line in told.lines
    )
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "cut", callbacks=[cut], **SMALL)
    again = kerastl.finetune(colored_folder, recipe=HELD, output=tmp_path / "cut", resume=True, **SMALL)
    assert figures(again) == figures(run)


def test_answers_on_validation_images_are_in_their_order(data):
    files = sorted([*data.train.files, *data.val.files])
    whole = replace(data, train=LabeledImages(files, np.zeros(48, np.int64)))
    val = [files.index(file) for file in data.val.files]  # numbers among all images
    known = sorted({0, 1, 2, *val} - {val[3]})  # of one there is no answer
    rows = np.array([[number, -number] for number in known], np.float32)
    left_out = LeftOutAnswers(np.array(known), np.zeros(len(known), int), np.arange(len(known)), rows)
    numbers, answers = answers_on_val(left_out, whole, data)
    expected = [number for number in range(len(val)) if number != 3]
    assert numbers.tolist() == expected
    np.testing.assert_array_equal(answers[:, 0], [val[number] for number in expected])


def test_a_phase_that_is_left_out_leaves_the_head_to_be_solved_again(colored_folder, tmp_path):
    run = kerastl.finetune(colored_folder, recipe=NEEDLESS, output=tmp_path, **SMALL)
    assert (run.metrics["epochs"], run.metrics["refitted"], run.metrics["train_images"]) == (1, True, 36)


def test_which_recipes_solve_again():
    assert solved_phase(HELD) == HEAD
    assert solved_phase(Recipe("probe", (HEAD,))) is None  # nothing is held back
    assert solved_phase(Recipe("last", (IDLE, HEAD))) is None
    assert solved_phase(Recipe("other", (Phase(solver="logistic_regression"), IDLE))) is None


def test_rows_of_two_parts_in_the_order_of_all_images(data):
    """An image of each part cannot be read, one of them mirrored only."""
    files = sorted([*data.train.files, *data.val.files])
    names = {file: int(file.stem) for file in files}
    whole = replace(data, train=LabeledImages(files, np.zeros(48, np.int64)))

    def features(images, sign, broken=()):
        rows = np.array([[sign * names[file]] for file in images.files], np.float32)
        usable = [number for number, file in enumerate(images.files) if names[file] not in broken]
        return UsableFeatures(rows.__getitem__, np.array(usable))

    train = PlainFeatures(features(data.train, 1, {7}), features(data.train, -1))
    val = PlainFeatures(features(data.val, 1), features(data.val, -1, {40}))
    joined = join(whole, data, train, val)
    expected = np.array([[names[file]] for file in files if names[file] not in (7, 40)])
    np.testing.assert_array_equal(joined.plain[0:48], expected)
    np.testing.assert_array_equal(joined.mirrored[0:48], -expected)
    plain = join(whole, data, PlainFeatures(train.plain, None), val)
    assert (len(plain.plain), plain.mirrored) == (47, None)
