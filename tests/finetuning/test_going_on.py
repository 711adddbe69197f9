"""Runs that go on from an earlier one with new images and classes, and keep its classes without their images."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.errors import ModelError, UsageError
from kerastl.finetuning._base_model import BaseModel, Built, Classifier, left_classes
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._leave_one_out import KeptAnswers
from kerastl.images import Resize
from kerastl.models import _metadata as metadata_file
from kerastl.training._callback import RunCallback

MINI = {"model": "kerastl_mini", "recipe": "probe", "verbose": 0}


@pytest.fixture(scope="module")
def parts(colored_folder, tmp_path_factory):
    """Two of the classes, one that is new, and all together."""
    folder = tmp_path_factory.mktemp("parts")
    for part, names in {"two": ("blue", "green"), "new": ("red",)}.items():
        for name in names:
            shutil.copytree(colored_folder / name, folder / part / name)
    return {"two": folder / "two", "new": folder / "new", "all": colored_folder}


@pytest.fixture(scope="module")
def first(parts, tmp_path_factory):
    return kerastl.finetune(parts["two"], output=tmp_path_factory.mktemp("runs") / "first", **MINI)


@pytest.fixture(scope="module")
def on(parts, first, tmp_path_factory):
    """The same with the new class; its images are gone."""
    output = tmp_path_factory.mktemp("runs") / "on"
    return kerastl.finetune(parts["new"], first.folder, output=output, keep_classes=True, verbose=0)


@pytest.fixture(scope="module")
def whole(parts, tmp_path_factory):
    """A run on all images at once."""
    return kerastl.finetune(parts["all"], output=tmp_path_factory.mktemp("runs") / "whole", **MINI)


def left_out(run):
    kept = KeptAnswers.read(run.folder, run.metadata.extra["data_fingerprint"], len(run.metadata.labels.names))
    order = np.argsort(kept.hashes)
    return kept.hashes[order], kept.probabilities[order]


def figures(run):
    names = ("loo_images", "loo_groups", "loo_accuracy", "loo_loss", "train_images")
    return [run.metrics[name] for name in names]


def test_it_is_as_if_all_images_were_there(on, whole):
    assert on.metadata.labels.names == ("blue", "green", "red")
    for one, other in zip(on.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(left_out(on)[0], left_out(whole)[0])
    np.testing.assert_allclose(left_out(on)[1], left_out(whole)[1], atol=1e-4)
    assert figures(on) == pytest.approx(figures(whole), rel=1e-4)
    assert on.metadata.extra["temperature_inside"] == whole.metadata.extra["temperature_inside"]
    assert on.metrics["recipe"] == "probe"


def test_it_says_how_the_earlier_classes_fared(on, first):
    found = json.loads((on.folder / "metrics.json").read_text())["kept_classes"]
    assert (found["model"], found["earlier_images"], found["new_images"]) == (str(first.folder), 24, 12)
    for label, name in enumerate(("blue", "green")):
        row, right = found["classes"][label], []
        for run in (first, on):
            hashes, answers = left_out(run)
            kept = KeptFeatures.read(first.folder / "features.npz")
            own = np.isin(hashes, kept.hashes[kept.labels == label])
            right.append(np.mean(answers[own].argmax(axis=1) == label))
        assert row == {"class": name, "images": 12, "before": right[0], "after": right[1]}
    assert "earlier" not in found["model"]
    assert "before" in (on.folder / "README.md").read_text()


def test_the_model_answers_for_all_classes(on, colored_folder):
    classifier = kerastl.load(on.folder)
    assert {classifier.classify(colored_folder / name / "3.png").label for name in ("blue", "green", "red")} == {
        "blue", "green", "red",
    }  # fmt: skip


def test_one_goes_on_from_a_run_that_went_on(on, first, parts, tmp_path, capsys):
    """Two images of a class that is known, one of which the earlier run knows as it is, on the command line."""
    (tmp_path / "more" / "green").mkdir(parents=True)
    shutil.copy(parts["two"] / "green" / "0.png", tmp_path / "more" / "green")
    shutil.copy(parts["two"] / "blue" / "1.png", tmp_path / "more" / "green" / "other.png")
    command = ["finetune", str(tmp_path / "more"), "--model", str(on.folder), "--keep-classes"]
    assert kerastl_command([*command, "-o", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().err
    assert "2 new images, beside 34 of" in said
    assert "1 of its images are new ones of another class" in said
    assert "of their 34 images right by" in " ".join(said.split())
    kept = KeptFeatures.read(tmp_path / "run" / "features.npz")
    assert (len(kept), np.bincount(kept.labels).tolist()) == (36, [11, 13, 12])
    assert kept.network == KeptFeatures.read(first.folder / "features.npz").network


class Ending(RunCallback):
    """Ends the run when its phase begins."""

    def phase(self, text):
        raise KeyboardInterrupt


def test_a_run_that_was_cut_off_ends_with_the_same(on, first, parts, tmp_path):
    earlier = shutil.copytree(first.folder, tmp_path / "earlier")
    options = {"output": tmp_path / "cut", "keep_classes": True, "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        kerastl.finetune(parts["new"], earlier, callbacks=[Ending()], **options)
    shutil.rmtree(earlier)
    again = kerastl.finetune(parts["new"], earlier, resume=True, **options)
    for one, other in zip(on.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("leave_one_out.npz", "features.npz"):
        assert (again.folder / name).read_bytes() == (on.folder / name).read_bytes()
    assert again.metrics["kept_classes"]["classes"] == on.metrics["kept_classes"]["classes"]


def test_a_class_of_one_image_is_refused_unless_it_is_known(first, parts, tmp_path):
    (tmp_path / "few" / "red").mkdir(parents=True)
    shutil.copy(parts["new"] / "red" / "0.png", tmp_path / "few" / "red")
    with pytest.raises(kerastl.errors.DataError, match="'red' has 1 image, too few"):
        kerastl.finetune(tmp_path / "few", first.folder, keep_classes=True, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "kerastl_mini"}, r"keep_classes goes on from a run .*Received: model='kerastl_mini'"),
        ({"recipe": "full"}, "keep_classes solves the head as recipe probe does.*Received: recipe='full'"),
        ({"resize": "pad"}, "keep_classes leaves the network as it is. Received: resize='pad'"),
        ({"input_size": 48}, "keep_classes leaves the network as it is. Received: input_size=48"),
        ({"input_size": [32, 48]}, "keep_classes goes on from a run"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(first, parts, tmp_path, arguments, message):
    arguments = {"model": first.folder, **arguments}
    with pytest.raises(UsageError, match=message):
        kerastl.finetune(parts["new"], output=tmp_path / "run", keep_classes=True, **arguments)
    assert not (tmp_path / "run").exists()


def test_runs_without_features_say_what_to_do(first, parts, tmp_path):
    bare = shutil.copytree(first.folder, tmp_path / "bare")
    (bare / "features.npz").unlink()
    with pytest.raises(UsageError, match=r"bare has no features\.npz.*give all images, old and new"):
        kerastl.finetune(parts["new"], bare, keep_classes=True)
    file = shutil.copy(first.folder / "model.keras", tmp_path / "alone.keras")
    with pytest.raises(UsageError, match=r"alone\.keras has no features\.npz"):
        kerastl.finetune(parts["new"], file, keep_classes=True)


def test_features_of_another_model_are_refused(first, on, parts, tmp_path):
    mixed = shutil.copytree(first.folder, tmp_path / "mixed")
    shutil.copy(on.folder / "features.npz", mixed)
    with pytest.raises(ModelError, match="it is not of the model beside it"):
        kerastl.finetune(parts["new"], mixed, keep_classes=True, output=tmp_path / "run", verbose=0)
    other = replace(KeptFeatures.read(first.folder / "features.npz"), network="another")
    other.write(mixed / "features.npz")
    with pytest.raises(UsageError, match="not those that a head of recipe probe reads"):
        kerastl.finetune(parts["new"], mixed, keep_classes=True, output=tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_models_of_other_tasks_are_refused(first, parts, tmp_path):
    other = shutil.copytree(first.folder, tmp_path / "other")
    file = other / metadata_file.MODEL_FILE
    metadata_file.update(file, replace(metadata_file.read_metadata(file), task="multilabel"))
    with pytest.raises(UsageError, match=r"keep_classes is for task 'classification'; .* is of task 'multilabel'"):
        kerastl.finetune(parts["new"], other, keep_classes=True)


def test_classes_that_are_left_out_are_named():
    base = BaseModel("runs/first", None, Resize(8, 8))
    built = Built(None, {}, (), Classifier(("a", "b", "c"), np.zeros((1, 3)), np.zeros(3)))
    assert left_classes(base, built, ("b", "d")) == [
        "classes of runs/first that the data lacks are left out ('a', 'c'); --keep-classes keeps them"
    ]
    assert left_classes(base, built, ("d", "c", "b", "a")) == []
    assert left_classes(base, replace(built, classifier=None), ("d",)) == []
