import json

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.errors import DataError, UsageError
from kerastl.evaluation import CurvePoint
from kerastl.evaluation._growing import Grown, draw, forecast, grow


@pytest.fixture
def spread():
    """Vectors of three classes that overlap, and their labels."""
    random = np.random.default_rng(3)
    labels = np.arange(90) % 3
    return (1.5 * np.eye(6)[labels] + random.normal(size=(90, 6))).astype(np.float32), labels


def test_parts_hold_their_part_of_each_class_and_the_smaller_ones():
    labels = np.repeat([0, 1, 2], [40, 20, 4])
    small = draw(labels, [0, 1, 2], 0.25, np.random.default_rng(1))
    large = draw(labels, [0, 1, 2], 0.5, np.random.default_rng(1))
    assert np.bincount(labels[small]).tolist() == [10, 5, 2]  # two of each class at least
    assert np.bincount(labels[large]).tolist() == [20, 10, 2]
    assert set(small) <= set(large)
    one = draw(labels, [1], 0.25, np.random.default_rng(1))
    assert np.bincount(labels[one]).tolist() == [40, 5, 4]


def test_sizes_grow_to_all_images(spread):
    points = grow(*spread, 3, range(3), repeats=2)
    assert points.sizes[-1] == 90
    assert (np.diff(points.sizes) > 0).all()
    assert [len(right) for right in points.right] == [*[2] * (len(points.sizes) - 1), 1]
    assert points.accuracies[-1] > points.accuracies[0]


def test_every_image_is_answered_by_a_head_that_does_not_know_it(spread):
    """All images: as leave-one-out of the head says. Half of them: the others by that head."""
    from kerastl.finetuning import solve_ridge
    from kerastl.finetuning._ridge_folds import balanced_folds

    vectors, labels = spread
    points = grow(vectors, labels, 3, range(3), repeats=1, seed=5)
    rows = draw(labels, range(3), 0.5, np.random.default_rng((5, 0)))
    place = int(np.flatnonzero(points.sizes == len(rows))[0])
    own = labels[rows]
    folds = balanced_folds(np.arange(len(rows)), own, seed=5)
    head = solve_ridge(vectors[rows], own, 3, np.ones(len(rows), np.float32), folds, seed=5)
    expected = np.argmax(vectors @ head.kernel + head.bias, axis=1) == labels
    expected[rows] = head.loo_probabilities.argmax(axis=1) == own
    np.testing.assert_array_equal(points.right[place][0], expected)


def test_only_the_classes_that_grow_are_counted(spread):
    points = grow(*spread, 3, [1], repeats=2)
    assert points.sizes[-1] == 30
    assert points.accuracies[-1] == grow(*spread, 3, range(3), repeats=2).accuracies[-1]


def test_seeds_repeat(spread):
    first, second = (grow(*spread, 3, range(3), repeats=2, seed=4) for _ in range(2))
    for one, other in zip(first.right, second.right, strict=True):
        np.testing.assert_array_equal(one, other)
    assert forecast(first, 1).at(200) == forecast(second, 1).at(200)


def test_a_known_law_lies_in_the_interval():
    """Images that are answered right with the probability that a law gives: 0.95 - 1.2 / sqrt(images)."""
    random = np.random.default_rng(8)
    sizes = np.array([32.0, 64, 128, 256, 512])
    right = [random.random((3 if size < 512 else 1, 512)) < 0.95 - 1.2 * size**-0.5 for size in sizes]
    accuracy, low, high = forecast(Grown(sizes, right)).at(1024)
    assert low < 0.95 - 1.2 * 1024**-0.5 < high
    assert low < accuracy < high
    assert high - low < 0.1


def test_what_never_grows_is_predicted_to_stay():
    right = [np.tile(np.arange(100) < 80, (2, 1)) for _ in range(4)]
    found = forecast(Grown(np.array([10.0, 20, 40, 80]), right))
    assert found.at(1000)[0] == pytest.approx(0.8)


@pytest.fixture(scope="module")
def noisy_colors(tmp_path_factory):
    """Three classes of 16 images whose colors overlap, two copies and a file that is no image."""
    folder = tmp_path_factory.mktemp("noisy")
    random = np.random.default_rng(0)
    for place, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir()
        for number in range(16):
            color = np.clip(90 + 60 * np.eye(3)[2 - place] + random.normal(0, 40, 3), 0, 255).astype(int)
            Image.new("RGB", (32, 32), tuple(map(int, color))).save(folder / name / f"{number}.png")
    for copy in ("a.png", "b.png"):
        (folder / "red" / copy).write_bytes((folder / "red" / "0.png").read_bytes())
    (folder / "blue" / "broken.png").write_bytes(b"no image")
    return folder


def test_a_curve_of_a_folder(noisy_colors, color_model, tmp_path, capsys):
    command = ["learning-curve", str(noisy_colors), "--model", str(color_model), "--features", "last", "--repeats", "2"]
    figure = tmp_path / "curve.png"
    assert kerastl_command([*command, "--add", "60", "--figure", str(figure), "--format", "json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["images"], found["classes"]) == (48, ["blue", "green", "red"])
    assert found["points"][-1]["images"] == 48
    assert [one["images"] for one in found["predictions"]] == [96, 192]
    assert [(one["added"], one["every"]) for one in found["more"]] == [(60, False), (60, True)]
    assert found["more"][0]["now"] == found["accuracy"] == found["points"][-1]["accuracy"]
    assert any("broken.png" in note for note in found["notes"])
    assert "2 copies left out" in found["notes"]
    with Image.open(figure) as drawn:
        assert drawn.size[0] > 300
    assert found["law"]["ceiling"] <= 1
    for one in (*found["points"], *found["predictions"], *found["more"]):
        assert 0 <= one["low"] <= one["high"] <= 1


def test_classes_that_are_asked_for(noisy_colors, color_model):
    curve = kerastl.learning_curve(noisy_colors, color_model, features="last", repeats=2, more_of=["red"], verbose=0)
    assert [one.classes for one in curve.more] == [("red",), ("blue", "green", "red")]
    assert str(curve.more[0]).startswith("200 more of 'red' would bring ")
    assert curve.predict(48) == CurvePoint(48, *curve.forecast.at(48))
    assert "accuracy = " in str(curve)
    with pytest.raises(UsageError, match="1 or more"):
        curve.predict(0)


def test_what_cannot_be_is_refused(noisy_colors, color_model, image, tmp_path):
    with pytest.raises(UsageError, match=r"must be classes.*purple"):
        kerastl.learning_curve(noisy_colors, color_model, more_of=["purple"])
    with pytest.raises(UsageError, match="repeats=1"):
        kerastl.learning_curve(noisy_colors, color_model, repeats=1)
    for number, name in enumerate(("a/1.png", "a/2.png", "b/1.png", "b/2.png")):
        image(f"few/{name}", (50 * number, 9, 9))
    with pytest.raises(DataError, match="8 a class"):
        kerastl.learning_curve(tmp_path / "few", color_model, features="last")
    assert kerastl_command(["learning-curve", str(noisy_colors), "--figure", str(tmp_path / "curve.txt")]) == 2
