"""Heads of finished runs that learn further images, give some another class, and forget some."""

import csv
import json
import shutil

import keras
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.data import _training_record as training_record
from kerastl.data._file_inspection import content_hashes
from kerastl.data._training_record import content_number
from kerastl.errors import DataError, ImageError, ModelError, UsageError
from kerastl.finetuning import add_class, forget, relabel
from kerastl.finetuning._kept_features import HeadChoices, KeptFeatures
from kerastl.finetuning._living import new_images, staging
from kerastl.finetuning._living.head import chooses, solve_kept
from kerastl.finetuning._living.head_file import head_members
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata
from kerastl.models import _metadata as metadata_file

PROBE = {"recipe": "probe", "verbose": 0}
ALL = ("blue", "green", "red")


@pytest.fixture(scope="module")
def two(colored_folder, tmp_path_factory):
    """A folder with two of the three classes."""
    folder = tmp_path_factory.mktemp("two") / "two"
    for name in ALL[:2]:
        shutil.copytree(colored_folder / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def network():
    """A network of two convolutions on 16 px images."""
    keras.utils.set_random_seed(7)
    pixels = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = keras.layers.Conv2D(6, 3, 2, "same", activation="relu", name="lower")(x)
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu", name="upper")(x)
    return keras.Model(pixels, x, name="small")


@pytest.fixture(scope="module")
def runs(colored_folder, two, network, tmp_path_factory):
    """A run on all classes, and one on two of them."""
    folder = tmp_path_factory.mktemp("runs")
    kerastl.finetune(colored_folder, network, output=folder / "all", **PROBE)
    kerastl.finetune(two, network, output=folder / "two", **PROBE)
    return folder


@pytest.fixture
def run(runs, tmp_path):
    """A copy of the run on all classes."""
    return shutil.copytree(runs / "all", tmp_path / "run")


def head(folder):
    return kerastl.load(folder, engine="keras", verbose=0).keras_model().layers[-1].get_weights()


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


def number(file):
    return content_number(content_hashes([file])[0])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_same(one, other, folder):
    """Both answer alike, but for the rounding of features that are kept in half precision."""
    first, second = (kerastl.load(run, engine="keras", verbose=0) for run in (one, other))
    assert first.labels.names == second.labels.names
    np.testing.assert_allclose(first.predict_proba(folder), second.predict_proba(folder), atol=5e-3)
    names = ("loo_images", "loo_groups", "loo_accuracy", "train_images", "classes")
    assert [metrics(one)[name] for name in names] == [metrics(other)[name] for name in names]
    assert metrics(one)["loo_loss"] == pytest.approx(metrics(other)["loo_loss"], rel=0.05)


def test_a_forgotten_class_is_as_if_it_had_never_been_there(run, runs, colored_folder):
    change = forget(run, colored_folder / "red")
    assert (change.dropped_classes, change.classes, change.images) == (("red",), ("blue", "green"), 24)
    assert_same(run, runs / "two", colored_folder)


def test_an_added_class_is_as_if_it_had_always_been_there(runs, colored_folder, tmp_path):
    run = shutil.copytree(runs / "two", tmp_path / "run")
    change = add_class(run, colored_folder / "red")
    assert (change.new_classes, change.classes, len(change.changes)) == (("red",), ALL, 12)
    assert_same(run, runs / "all", colored_folder)
    rows = list(csv.reader((run / "split.csv").read_text().splitlines()))
    assert sum(row[1:3] == ["red", "train"] for row in rows) == 12
    record = training_record.read(run / "model.keras")
    assert record.parts(content_hashes([colored_folder / "red" / "0.png"])) == ["train"]


def test_new_images_need_no_keras_on_the_machine_that_fine_tuned(runs, colored_folder, tmp_path, monkeypatch):
    one, other = (shutil.copytree(runs / "two", tmp_path / name) for name in ("one", "other"))

    def refused(*arguments):
        raise AssertionError("Keras was asked for")

    with monkeypatch.context() as patch:
        patch.setattr(new_images, "_engine", refused)
        add_class(one, colored_folder / "red")
    monkeypatch.setattr(new_images, "find_frozen", lambda digest: None)
    add_class(other, colored_folder / "red")
    first, second = (KeptFeatures.read(run / "features.npz") for run in (one, other))
    np.testing.assert_allclose(first.rows.astype(float), second.rows.astype(float), atol=2e-3)
    np.testing.assert_array_equal(first.hashes, second.hashes)


def test_relabeled_images_are_as_if_they_had_always_had_that_class(run, runs, colored_folder, network, tmp_path):
    moved = shutil.copytree(colored_folder, tmp_path / "moved")
    for name in ("0.png", "1.png"):
        shutil.move(moved / "red" / name, moved / "blue" / f"r{name}")
    other = kerastl.finetune(moved, network, output=tmp_path / "other", **PROBE).folder
    change = relabel(run, [colored_folder / "red" / name for name in ("0.png", "1.png")], "blue")
    assert [(one["before"], one["label"]) for one in change.changes] == [("red", "blue")] * 2
    # Images of a class stand in another order there, so that others are left out together.
    for own, expected in zip(head(run), head(other), strict=True):
        assert np.corrcoef(own.ravel(), expected.ravel())[0, 1] > 0.99
    with (run / "split.csv").open() as stream:
        assert {row["path"]: row["label"] for row in csv.DictReader(stream)}["red/0.png"] == "blue"
    back = relabel(run, [colored_folder / "red" / name for name in ("0.png", "1.png")], "red")
    assert back.metrics["loo_loss"] == pytest.approx(metrics(runs / "all")["loo_loss"], rel=0.05)


def test_nothing_of_a_forgotten_image_stays(run, colored_folder):
    image = colored_folder / "green" / "3.png"
    content = number(image)
    before = KeptFeatures.read(run / "features.npz")
    row = before.rows[before.hashes == content]
    change = forget(run, image)
    kept = KeptFeatures.read(run / "features.npz")
    assert len(kept) == 35
    assert content not in kept.hashes
    assert not (kept.rows == row).all(axis=1).any()
    assert content not in np.load(run / "leave_one_out.npz")["hashes"]
    assert training_record.read(run / "model.keras").parts(content_hashes([image])) == [None]
    assert "green/3.png" not in (run / "split.csv").read_text()
    digits = f"{content:016x}"
    assert [one["image"] for one in change.changes] == [digits[:8]]
    for name, data in contents(run).items():
        assert digits.encode() not in data, name
        assert content.to_bytes(8, "little") not in data, name
    assert not (run / staging.FOLDER).exists()
    with pytest.raises(DataError, match=r"3\.png: .* was not trained on that image .*nothing was changed"):
        forget(run, image)


def test_the_journal_says_what_happened_in_its_order(run, colored_folder):
    forget(run, colored_folder / "red" / "0.png")
    relabel(run, colored_folder / "red" / "1.png", "blue")
    add_class(run, colored_folder / "red")  # one is new again, one takes its label back, ten are known
    rows = list(csv.reader((run / "changes.csv").read_text().splitlines()))
    assert rows[0] == ["time", "change", "label", "before", "image"]
    assert [row[1:4] for row in rows[1:]] == [
        ["forgotten", "", "red"],
        ["relabeled", "blue", "red"],
        ["learnt", "red", ""],
        ["relabeled", "red", "blue"],
    ]
    assert rows[1][4] == rows[3][4] == f"{number(colored_folder / 'red' / '0.png'):016x}"[:8]
    assert "`changes.csv`" in (run / "README.md").read_text()


def test_the_model_answers_by_its_new_head(run, colored_folder):
    blue = [colored_folder / "blue" / f"{n}.png" for n in range(12)]
    before = kerastl.load(run, verbose=0).predict_proba(blue)
    relabel(run, blue, "navy", new_class=True)
    classifier = kerastl.load(run, verbose=0)
    assert classifier.labels.names == ("green", "red", "navy")
    np.testing.assert_allclose(classifier.predict_proba(blue)[:, 2], before[:, 0], atol=1e-3)
    assert classifier.classify(blue[0], reject=True, coverage=0.8).label == "navy"


def test_what_cannot_be_done_changes_nothing(run, colored_folder, tmp_path):
    before = contents(run)
    shutil.copyfile(colored_folder / "red" / "0.png", tmp_path / "other.png")
    with (tmp_path / "other.png").open("ab") as stream:
        stream.write(b"x")
    for images, error, text in (
        (tmp_path / "other.png", DataError, "was not trained on that image"),
        (tmp_path / "none.png", ImageError, "there is no such file"),
        ([colored_folder / "red", colored_folder / "blue"], DataError, "needs two classes"),
        (np.zeros((4, 4, 3), np.uint8), UsageError, "images must be files"),
        ([], UsageError, "there are no images"),
    ):
        with pytest.raises(error, match=text):
            forget(run, images)
    with pytest.raises(UsageError, match="no class 'bleu': did you mean 'blue'"):
        relabel(run, colored_folder / "red" / "0.png", "bleu")
    with pytest.raises(DataError, match="has that label already"):
        relabel(run, colored_folder / "red" / "0.png", "red")
    with pytest.raises(DataError, match="knows all of these images"):
        add_class(run, colored_folder / "red")
    with pytest.raises(UsageError, match="must be the folder of a run"):
        forget(run / "model.keras", colored_folder / "red" / "0.png")
    assert contents(run) == before


def test_what_is_interrupted_is_the_old_model_or_the_new_one(tmp_path):
    names = frozenset(("a", "b"))
    for name in names:
        (tmp_path / name).write_text("old")

    def write(place, count):
        for name in sorted(names)[:count]:
            (place / name).write_text("new")

    def interrupted():
        with staging.staged(tmp_path, names) as place:
            write(place, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [(tmp_path / name).read_text() for name in sorted(names)] == ["old", "old"]
    # Killed before the mark, and after it with one file moved already.
    place = tmp_path / staging.FOLDER
    place.mkdir()
    write(place, 1)
    assert not staging.finish(tmp_path, names)
    assert [(tmp_path / name).read_text() for name in sorted(names)] == ["old", "old"]
    place.mkdir()
    (tmp_path / "a").write_text("new")
    (place / "b").write_text("new")
    (place / "stranger").write_text("new")
    (place / "ready").write_text("")
    assert staging.finish(tmp_path, names)
    assert [(tmp_path / name).read_text() for name in sorted(names)] == ["new", "new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def save(path, *layers):
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.save(path)
    return model


def test_the_last_layer_gets_other_classes_and_nothing_else_changes(tmp_path):
    first = keras.layers.Dense(6, activation="relu")
    model = save(tmp_path / "model.keras", first, keras.layers.Dense(3, activation="softmax"))
    kernel, bias = np.arange(30, dtype=np.float32).reshape(6, 5), np.ones(5, np.float32)
    members = head_members(tmp_path / "model.keras", kernel, bias, tmp_path)
    metadata_file.embed_metadata(tmp_path / "model.keras", Metadata("m", LabelSet(tuple("abc")), Resize(8, 8)))
    new = Metadata("m", LabelSet(tuple("abcde")), Resize(8, 8))
    metadata_file.update(tmp_path / "model.keras", new, members)
    again = keras.saving.load_model(tmp_path / "model.keras")
    for own, expected in zip(again.get_weights(), [*model.layers[0].get_weights(), kernel, bias], strict=True):
        np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize(
    "layers",
    [
        (keras.layers.Dense(4), keras.layers.Dense(4)),  # which of the two cannot be told
        (keras.layers.Dense(4), keras.layers.Softmax()),
        (keras.layers.Dense(4, use_bias=False),),
    ],
)
def test_a_last_layer_that_cannot_be_told_is_refused(layers, tmp_path):
    save(tmp_path / "model.keras", *layers)
    with pytest.raises(ModelError, match="does not end in one Dense layer on 4 features"):
        head_members(tmp_path / "model.keras", np.zeros((4, 4), np.float32), np.zeros(4, np.float32), tmp_path)


@pytest.fixture
def made_up():
    """Features of 60 images of three classes with mirrored ones, solved with a penalty of 0.01."""
    random = np.random.default_rng(0)
    labels = np.arange(60) // 20
    rows, mirrored = (random.normal(size=(60, 5)) + 2 * np.eye(5)[labels] for _ in range(2))
    choices = HeadChoices(0.01, 1.0, 0)
    arrays = [each.astype(np.float16) for each in (rows, mirrored)]
    hashes = np.arange(1, 61, dtype=np.uint64)
    return KeptFeatures(*arrays, labels, np.arange(60), hashes, np.full(60, -1), ("a", "b", "c"), "digest", choices)


def test_kept_choices_give_what_scikit_learn_gives(made_up):
    gone = np.isin(np.arange(60), (0, 25, 59))
    kept = made_up.without(gone)
    solved = solve_kept(kept, Resize(8, 8), balanced=False, seed=0, last=0, choose=False)
    rows = np.concatenate([kept.rows, kept.mirrored]).astype(np.float64)
    labels = np.tile(kept.labels, 2)
    scale = rows.std(axis=0) * np.sqrt(5)
    ridge = Ridge(alpha=0.01 * len(rows)).fit((rows - rows.mean(axis=0)) / scale, np.eye(3)[labels])
    kernel = ridge.coef_.T / scale[:, None]
    bias = ridge.intercept_ - rows.mean(axis=0) @ kernel
    np.testing.assert_allclose(solved.head.kernel * solved.head.temperature, kernel, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(solved.head.bias * solved.head.temperature, bias, rtol=1e-4, atol=1e-6)
    assert (solved.chosen, solved.kept.choices.penalty) == (False, 0.01)
    # The first image with its mirrored copy left out, and with them all others of its fold: one of each class.
    assert len(solved.left_out.numbers) == 57


def test_much_change_or_few_images_choose_again(made_up):
    assert chooses(made_up)
    assert solve_kept(made_up, Resize(8, 8), balanced=False, seed=0, last=0).chosen
    many = np.zeros((6_000, 2_000), np.float16)
    labels, choices = np.zeros(6_000, np.int64), HeadChoices(0.01, 1.0, 0, False, 600)
    kept = KeptFeatures(many, None, labels, labels, labels.astype(np.uint64), labels, ("a", "b"), "digest", choices)
    assert not chooses(kept)
    assert chooses(KeptFeatures(**{**vars(kept), "choices": choices._replace(changed=601)}))
    assert chooses(KeptFeatures(**{**vars(kept), "choices": None}))


def test_choices_come_back_as_they_were_written(made_up, tmp_path):
    made_up.write(tmp_path / "features.npz")
    assert KeptFeatures.read(tmp_path / "features.npz").choices == made_up.choices
    KeptFeatures(**{**vars(made_up), "choices": HeadChoices(-1.0, 1.0, 0)}).write(tmp_path / "features.npz")
    with pytest.raises(ModelError, match="no such numbers"):
        KeptFeatures.read(tmp_path / "features.npz")


def test_the_commands_say_what_was_done(run, colored_folder, tmp_path, capsys):
    table = tmp_path / "corrections.csv"
    table.write_text(f"path,label\n{colored_folder / 'red' / '5.png'},green\n{colored_folder / 'red' / '6.png'},blue\n")
    assert kerastl_command(["relabel", str(run), str(table), "--format", "json"]) == 0
    assert [one["label"] for one in json.loads(capsys.readouterr().out)["changes"]] == ["green", "blue"]
    assert kerastl_command(["forget", str(run), str(colored_folder / "red" / "5.png")]) == 0
    assert "1 image forgotten" in capsys.readouterr().out
    assert kerastl_command(["forget", str(run), str(colored_folder / "red" / "5.png")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert kerastl_command(["add-class", str(run), str(colored_folder / "red")]) == 0
    assert "1 image learnt, 1 image relabeled" in capsys.readouterr().out
    for words in (["forget", str(run)], ["relabel", str(run)], ["add-class", str(run)], ["relabel", str(run), "a.png"]):
        assert kerastl_command(words) == 2
        assert "missing" in capsys.readouterr().err
