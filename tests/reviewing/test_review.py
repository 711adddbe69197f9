import csv
import json
import shutil

import numpy as np
import pytest

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.errors import DataError, ModelError, UsageError
from kerastl.reviewing._scored import cross_answers


def test_a_run_says_which_label_is_wrong(reviewed_run):
    run, data = reviewed_run
    found = kerastl.review(run, data=data)
    assert (found.images, found.reviewed, found.unlabeled, found.classes) == (12, 12, 0, ("red", "green", "blue"))
    (error,) = found.label_errors
    assert (error.path, error.label, error.suggestion) == ("red/3.png", "red", "green")
    assert error.label_score == pytest.approx(0.05)
    assert error.suggestion_score == pytest.approx(0.9)
    assert error.margin == pytest.approx(-0.85)
    assert error.others[0] == ("green", pytest.approx(0.9))


def test_moved_images_are_known_by_their_content_and_lost_ones_are_said(reviewed_run, tmp_path):
    run, data = reviewed_run
    folder = shutil.copytree(data, tmp_path / "moved")
    (folder / "blue" / "0.png").unlink()
    (folder / "blue" / "1.png").write_bytes(b"another file")
    found = kerastl.review(run, data=folder)
    assert found.images == 10
    assert found.notes == ("2 images of the run are not reviewed: not there, changed since, or not trained on",)


def test_images_that_are_nowhere_are_an_error(reviewed_run, tmp_path):
    with pytest.raises(DataError, match="--data DIR says where they lie"):
        kerastl.review(reviewed_run[0], data=tmp_path)


def test_a_run_without_answers_points_to_an_index(color_model):
    with pytest.raises(UsageError, match=r"leave_one_out\.npz.*kerastl index"):
        kerastl.review(color_model)


def test_models_of_other_tasks_are_refused(label_model):
    with pytest.raises(UsageError, match="one class each"):
        kerastl.review(label_model)


@pytest.mark.parametrize("given", [{}, {"run": "a", "db": "b"}])
def test_one_source_is_taken(given):
    with pytest.raises(UsageError, match="give one of them"):
        kerastl.review(**given)


def test_what_to_label_next_beside_a_run(reviewed_run, image):
    run, data = reviewed_run
    sure = image("new/sure.png", (255, 0, 0)).parent
    image("new/unsure.png", (128, 128, 0))
    shutil.copyfile(data / "red" / "0.png", sure / "known.png")
    (sure / "broken.png").write_bytes(b"no image")
    found = kerastl.review(run, data=data, unlabeled=[str(sure)], top=1)
    assert found.unlabeled == 2  # without the one that the run knows
    assert [one.path for one in found.label_next] == [str(sure / "unsure.png")]
    assert found.label_next[0].margin == pytest.approx(0, abs=1e-3)
    assert any("broken.png" in note for note in found.notes)


def test_an_index_is_reviewed_by_a_head_on_its_vectors(index_of, vectors):
    truth = np.arange(60) % 3
    rows = vectors(truth)
    labels = ["abc"[label] for label in truth]
    labels[5] = "a"  # of class c
    labels[-3:] = [None] * 3
    rows[10] = np.eye(8)[6]  # like nothing else
    found = kerastl.review(db=index_of(rows, labels), top=2)
    assert (found.images, found.reviewed, found.unlabeled) == (57, 57, 3)
    assert (found.label_errors[0].path, found.label_errors[0].suggestion) == ("0005.png", "c")
    assert {"0005.png", "0010.png"} == {one.path for one in found.outliers}
    assert len(found.label_next) == 2
    assert {one.path for one in found.label_next} <= {"0057.png", "0058.png", "0059.png"}


def test_an_index_without_labels_says_what_to_do(index_of, vectors):
    with pytest.raises(DataError, match="--labels"):
        kerastl.review(db=index_of(vectors(np.arange(6) % 2), [None] * 6))
    with pytest.raises(UsageError, match="go with a run"):
        kerastl.review(db="db", unlabeled=["new"])


def test_answers_are_those_of_heads_that_do_not_know_the_image(vectors):
    """Compared with heads that are fitted again without each fold, by scikit-learn, at the same penalty."""
    from sklearn.linear_model import Ridge

    from kerastl.finetuning import solve_ridge
    from kerastl.finetuning._ridge_folds import balanced_folds

    labels = np.arange(30) % 3
    rows = vectors(labels, noise=0.4)
    found = cross_answers(rows, labels, 3, np.arange(30))
    folds = balanced_folds(np.arange(30), labels)
    head = solve_ridge(rows, labels, 3, np.ones(30, np.float32), folds)
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0) / np.sqrt(rows.shape[1])
    for fold in np.unique(folds):
        out = folds == fold
        # The penalty is for a squared error that is averaged over all 30 rows, of length 1 in the mean.
        ridge = Ridge(alpha=head.strength * 30).fit(standard[~out], np.eye(3)[labels[~out]])
        scores = ridge.predict(standard[out]) / head.temperature
        expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found[out], expected, atol=2e-3)


def test_the_only_image_of_a_class_cannot_be_left_out(vectors):
    labels = np.append(np.arange(20) % 2, 2)
    found = cross_answers(vectors(labels), labels, 3, np.arange(21))
    assert np.isnan(found[20]).all()
    assert np.isfinite(found[:20]).all()


def test_the_command_writes_a_table_and_json(reviewed_run, capsys):
    run, data = reviewed_run
    command = ["review", str(run), "--data", str(data)]
    assert kerastl_command([*command, "--format", "csv"]) == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["kind"], row["rank"], row["path"], row["suggestion"]) == ("label_error", "1", "red/3.png", "green")
    assert kerastl_command([*command, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label_errors"][0]["margin"] == pytest.approx(-0.85)
    assert kerastl_command(command) == 0
    assert "Labels that look wrong: 1" in capsys.readouterr().out
    assert kerastl_command(["review"]) == 2


def test_nothing_is_changed_in_the_images(reviewed_run, tmp_path):
    run, data = reviewed_run
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in data.rglob("*.png")}
    assert kerastl_command(["review", str(run), "--data", str(data), "--page", str(tmp_path / "page.html"), "-q"]) == 0
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in data.rglob("*.png")}


@pytest.mark.parametrize("name", ["\0.png", "../../../../../../dev/zero", "a\nb.png", "https://example.org/a.png"])
def test_a_table_that_names_what_is_no_image_of_the_run_is_harmless(reviewed_run, tmp_path, name):
    run, data = reviewed_run
    folder = shutil.copytree(run, tmp_path / "run")
    with (folder / "split.csv").open("a", newline="") as stream:
        csv.writer(stream).writerow([name, "red", "train"])
    found = kerastl.review(folder, data=data)
    assert found.images == 12
    assert len(found.notes) == 1


def test_a_broken_file_of_answers_is_said(reviewed_run, tmp_path):
    run, data = reviewed_run
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "leave_one_out.npz").write_bytes(b"none")
    with pytest.raises(ModelError, match="cannot be read"):
        kerastl.review(folder, data=data)


def test_unlabeled_images_that_the_run_knows_are_said(reviewed_run, tmp_path):
    run, data = reviewed_run
    with pytest.raises(DataError, match="none that can be read and that the run does not know"):
        kerastl.review(run, data=data, unlabeled=[str(data / "red")])
    with pytest.raises(DataError, match=r"gone\.png"):
        kerastl.review(run, data=data, unlabeled=[str(tmp_path / "gone.png")])
