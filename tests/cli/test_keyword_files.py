import numpy as np
import pytest
from PIL import Image

from kerastl.cli import run
from kerastl.keywords import read_keywords

SAID = "kerastl: classes that score at least 0.5 become keywords; --min-score sets that\n"


@pytest.fixture
def classify(color_model, capfd):
    """Run `kerastl classify` with the color model; exit code, standard output, standard error."""

    def call(*arguments):
        code = run(["classify", "--model", str(color_model), *map(str, arguments)])
        return code, *capfd.readouterr()

    return call


def test_xmp_goes_beside_the_images(classify, image, tmp_path):
    red, black = image("in/a.png", "red"), image("in/b.png", "black")
    code, out, err = classify(tmp_path / "in", "--format", "xmp", "--top", 1)
    assert (code, err) == (0, SAID)
    assert out == f"{red}: red 100.0 %, written to {red}.xmp\n{black}: nothing scores that high\n"
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["a.png", "a.png.xmp", "b.png"]
    code, out, err = classify(tmp_path / "in", "--format", "xmp", "--min-score", 0.5)
    assert (code, err) == (0, "")  # what was written before is no file that is left out
    assert out.splitlines()[0] == f"{red}: red 100.0 %, already in {red}.xmp"
    assert read_keywords(red) == ["red"]


def test_min_score_and_top_say_which_labels(classify, image):
    path = image("black.jpg", "black")
    classify(path, "--format", "xmp", "--min-score", 0.3, "--top", 2)
    assert read_keywords(path) == ["red", "green"]


def test_exif_goes_into_the_images_where_that_is_asked_for(classify, image):
    path = image("a.jpg", "red")
    before = path.read_bytes()
    code, out, err = classify(path, "--format", "exif")
    assert (code, out) == (2, "")
    assert "--format exif writes into the images themselves: add --in-place if it may" in err
    assert path.read_bytes() == before
    with Image.open(path) as read:
        pixels = np.asarray(read)
    assert classify(path, "--format", "exif", "--in-place") == (0, f"{path}: red 100.0 %, written to {path}\n", SAID)
    with Image.open(path) as read:
        np.testing.assert_array_equal(np.asarray(read), pixels)
    assert read_keywords(path) == ["red"]


def test_in_place_without_exif_is_wrong_usage(classify, image):
    assert classify(image("a.jpg", "red"), "--in-place")[0] == 2


def test_an_image_that_cannot_hold_keywords_is_named_and_the_others_go_on(classify, image, tmp_path):
    gif, png = image("a.gif", "red"), image("b.png", "red")
    code, out, err = classify(gif, png, "--format", "exif", "--in-place", "--min-score", 0.5)
    assert (code, out) == (1, f"{png}: red 100.0 %, written to {png}\n")
    assert err.splitlines() == [
        f"kerastl: {gif}: is GIF, and keywords are written into JPEG, PNG, WebP, TIFF only; it is left as it is",
        "kerastl: 1 of 2 images could not be given keywords",
    ]


def test_a_sidecar_that_is_none_is_named(classify, image, tmp_path):
    path = image("a.png", "red")
    (tmp_path / "a.xmp").write_text("mine")
    code, out, err = classify(path, "--format", "xmp")
    assert (code, out) == (1, "")
    assert f"kerastl: {path}: {tmp_path}/a.xmp: its XMP is broken" in err


def test_all_labels_that_a_model_gives_become_keywords(several_colors_model, image, capfd):
    white, black = image("white.png", (250, 240, 230)), image("black.png", "black")
    code = run(["classify", str(white), str(black), "-m", str(several_colors_model), "--format", "xmp", "--top", "1"])
    out, err = capfd.readouterr()
    assert (code, out.splitlines()[1]) == (0, f"{black}: none of the labels")
    assert SAID not in err  # the thresholds are the model's own
    assert read_keywords(white) == ["red", "green", "blue"]
