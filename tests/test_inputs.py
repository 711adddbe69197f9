"""What is given for images: one or many, and each as it is."""

from __future__ import annotations

import io
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl._inputs import Expanded, given, only
from kerastl.errors import ImageError, UsageError

pd = pytest.importorskip("pandas")

RED = np.full((32, 32, 3), (255, 0, 0), np.uint8)
BLUE = np.full((32, 32, 3), (0, 0, 255), np.uint8)


@pytest.fixture(scope="module")
def classifier(color_model):
    return kerastl.load(color_model)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A red and a blue image, in the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path("images")
    folder.mkdir()
    for name, color in {"a.png": RED, "b.png": BLUE}.items():
        Image.fromarray(color).save(folder / name)
    return [str(folder / "a.png"), str(folder / "b.png")]


def held(path):
    return Path(path).read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        str, Path, held, lambda p: io.BytesIO(held(p)), Image.open, lambda p: RED,
        lambda p: RED / 255, lambda p: np.array(p), lambda p: np.dstack([RED, RED[..., :1]]),
    ],
    ids=["str", "Path", "bytes", "BytesIO", "PIL", "array", "floats", "0-d", "RGBA"],
)  # fmt: skip
def test_one_image(classifier, files, make):
    result = classifier.classify(make(files[0]))
    assert isinstance(result, kerastl.Classification)
    assert result.label == "red"
    assert classifier.predict_proba(make(files[0])).shape == (1, 3)
    assert classifier.classify([make(files[0])])[0].label == "red"


@pytest.mark.parametrize(
    "make",
    [
        list, tuple, deque, np.array, pd.Series, lambda f: pd.Series(map(Path, f)), lambda f: pd.Series(map(held, f)),
        lambda f: pd.Index(f), lambda f: np.array(f, object), lambda f: np.array(f, bytes),
        lambda f: dict.fromkeys(f).keys(), lambda f: [np.array(p) for p in f],
        lambda f: "images", lambda f: Path("images"), lambda f: "images/*.png", lambda f: "**/*.png",
        lambda f: ["images/[ab].png"], lambda f: [Path("images")], lambda f: np.stack([RED, BLUE]),
        lambda f: np.stack([RED, BLUE]) / 255, lambda f: [np.stack([RED, BLUE])],
    ],
)  # fmt: skip
def test_many_images(classifier, files, make):
    results = classifier.classify(make(files))
    assert isinstance(results, list)
    assert [result.label for result in results] == ["red", "blue"]
    assert classifier.predict_proba(make(files)).argmax(1).tolist() == [0, 2]


@pytest.mark.parametrize("make", [iter, lambda f: (p for p in f), lambda f: iter([np.stack([RED, BLUE])])])
def test_a_stream_of_images(classifier, files, make):
    results = classifier.classify(make(files))
    assert not isinstance(results, list)
    assert [result.label for result in results] == ["red", "blue"]


def test_one_of_many_stays_a_list(classifier, files):
    for many in ([files[0]], pd.Series(files[:1]), np.array(files[:1]), RED[None], "images/a*"):
        results = classifier.classify(many)
        assert isinstance(results, list)
        assert [result.label for result in results] == ["red"]


def test_paths_stay_as_they_were_given(classifier, files):
    assert [r.path for r in classifier.classify(["./images/a.png", Path("images/b.png"), RED])] == [
        "./images/a.png", "images/b.png", None,
    ]  # fmt: skip
    assert [r.path for r in classifier.classify("./images")] == ["./images/a.png", "./images/b.png"]
    with Path(files[0]).open("rb") as opened:
        assert classifier.classify(opened).path == files[0]
        assert [r.path for r in classifier.classify([opened])] == files[:1]


def test_files_named_like_patterns_are_files(classifier, files):
    Path(files[0]).rename("[ab].png")
    assert classifier.classify("[ab].png").path == "[ab].png"
    assert [r.path for r in classifier.classify(["[ab].png"])] == ["[ab].png"]


def test_expanded_paths_are_taken_as_they_are():
    assert list(given(Expanded(["*.png", "-"], urls=False)).images) == ["*.png", "-"]


def test_standard_input_is_a_file_name_in_python():
    assert given("-").one
    assert list(given(["-"]).images) == ["-"]


def test_nothing_in_a_folder_or_for_a_pattern(classifier, files):
    Path("empty").mkdir()
    for source, reason in {"empty": "an empty folder", "*.gif": "no file matches this pattern"}.items():
        with pytest.raises(ImageError, match=reason):
            classifier.classify(source)
        assert classifier.classify([source], errors="return")[0].error == reason


def test_a_batch_of_floats_has_one_range(classifier):
    # By itself, the first would be taken for one of 0 to 1.
    dark_and_light = np.stack([RED * (1 / 255), BLUE * 1.0])
    assert classifier.predict_proba(dark_and_light)[0] == pytest.approx([1 / 3] * 3, abs=0.02)


def test_web_addresses_in_lists_are_fetched_only_if_asked_for(classifier, monkeypatch, files):
    fetched = []
    monkeypatch.setattr("kerastl.images._encoded.fetch", lambda url: fetched.append(url) or held(files[0]))
    address = "https://example.com/a.png"
    with pytest.raises(ImageError, match=r"a web address in a list, .*: urls=True"):
        classifier.classify([address])
    assert classifier.classify(pd.Series([address]), errors="return")[0].path == address
    assert not fetched
    assert classifier.classify(address).label == "red"
    assert classifier.classify([address], urls=True)[0].path == address
    assert classifier.predict_proba([address], urls=True).argmax() == 0
    assert fetched == [address] * 3
    refused, path = given(Expanded([address, "a"], urls=False)).images
    assert (refused.path, path) == (address, "a")
    assert "--urls" in refused.reason


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (None, "None is no image"),
        (3, "Received: int"),
        ({"a.png": 1}, "Received: dict"),
        (np.zeros(5), r"an array of one axis must hold paths or images. Received: shape=\(5,\), dtype=float64"),
        (np.zeros((1, 2, 4, 4, 3)), r"shape=\(1, 2, 4, 4, 3\)"),
        (pd.Series([1, 2]), "must hold paths or images"),
        (pd.DataFrame({"path": ["a.png"]}), r"give the column with the paths, such as table\['path'\]"),
        (object(), "Received: object"),
    ],
)
def test_what_is_no_image_is_named(classifier, images, message):
    for ask in (classifier.classify, classifier.predict_proba, classifier.explain):
        with pytest.raises(UsageError, match=message):
            ask(images)


def test_what_is_no_image_in_a_list_can_be_returned(classifier):
    results = classifier.classify([RED, None, float("nan"), [1], RED], errors="return")
    assert [bool(result.error) for result in results] == [False, True, True, True, False]
    assert results[1].error.startswith("image 2 of those given: None is no image (cv2.imread")
    assert results[2].error.startswith("image 3 of those given: a missing value is no image")
    with pytest.raises(UsageError, match="imread"):
        classifier.classify([RED, None])


def test_explain_takes_one(classifier, files):
    for one in (held(files[0]), io.BytesIO(held(files[0])), RED / 255, files[0]):
        assert classifier.explain(one, method="occlusion").label == "red"
    for many in (np.stack([RED, BLUE]), files, pd.Series(files)):
        with pytest.raises(UsageError, match="one image is wanted"):
            only(many)
    with pytest.raises(ImageError, match="a folder, not an image"):
        classifier.explain("images")
    with pytest.raises(ImageError, match="a pattern, where one image is wanted"):
        classifier.explain("images/*")


def test_a_received_value_is_cut_short():
    assert len(str(UsageError(f"wrong. Received: {'x' * 30_000}"))) < 200
    assert str(UsageError("wrong. Received: 3")) == "wrong. Received: 3"
