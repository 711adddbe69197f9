import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.cli import run
from kerastl.cli._overlay_files import OverlayFiles
from kerastl.errors import KerastlError
from kerastl.explaining import METHODS


@pytest.fixture
def explain(color_model, capfd, tmp_path):
    """Run `kerastl explain` with the color model; exit code, standard output, standard error."""

    def call(*arguments):
        code = run(["explain", "--model", str(color_model), "-o", str(tmp_path / "out"), *map(str, arguments)])
        return code, *capfd.readouterr()

    return call


def test_bare_writes_the_overlay_and_its_path_is_printed(explain, color_model, image, tmp_path):
    path = image("a.png", "red")
    assert explain(path, "--bare") == (0, f"{tmp_path}/out/a-gradcam-red.png\n", "")
    with Image.open(tmp_path / "out" / "a-gradcam-red.png") as written:
        expected = kerastl.load(color_model).explain(path).overlay()
        np.testing.assert_array_equal(np.asarray(written), np.asarray(expected))
        assert written.info["Description"] == f"{path}: red 100.0 % by gradcam"
    assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.parametrize("method", METHODS.bundled)
def test_method_and_label_are_in_the_name(explain, image, tmp_path, method):
    assert explain(image("a.png", "red"), "--method", method, "--label", "Green") == (
        0,
        f"{tmp_path}/out/a-{method}-green.png\n",
        "",
    )


def test_images_of_the_same_name_get_a_number(explain, image, tmp_path):
    for name in ("x/a.png", "y/a.png", "z/A.png"):
        image(f"in/{name}", "red")
    code, out, _ = explain(tmp_path / "in")
    names = ["a-gradcam-red.png", "a-gradcam-red-2.png", "A-gradcam-red-3.png"]
    assert (code, out.splitlines()) == (0, [f"{tmp_path}/out/{name}" for name in names])
    # The same command gives the same files.
    assert explain(tmp_path / "in")[1] == out
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_files_of_others_are_left_alone(explain, image, tmp_path):
    (tmp_path / "out").mkdir()
    theirs = image("out/a-gradcam-red.png", "blue")
    before = theirs.read_bytes()
    (tmp_path / "out" / "a-gradcam-red-2.png").write_text("no image")
    (tmp_path / "out" / "a-gradcam-red-3.png").symlink_to("elsewhere")
    assert explain(image("a.png", "red"))[1] == f"{tmp_path}/out/a-gradcam-red-4.png\n"
    assert theirs.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"caf\xe9 \n.png", "caf"),
        ("päron: 1*.png".encode(), "päron__1"),
        (b"...png", "image"),
        (b"-rf.png", "rf"),
        (b"x" * 200 + b".png", "x" * 60),
    ],
)
def test_names_are_safe(explain, tmp_path, name, expected):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    with open(path, "wb") as file:  # noqa: PTH123 - the bytes are no path that pathlib would keep
        Image.new("RGB", (9, 9), "red").save(file, "PNG")
    assert explain(path) == (0, f"{tmp_path}/out/{expected}-gradcam-red.png\n", "")


def test_an_image_that_cannot_be_read_does_not_stop_the_others(explain, image, tmp_path):
    first, last = image("a.png", "red"), image("c.png", "blue")
    broken = tmp_path / "b.jpg"
    broken.write_text("no image")
    code, out, err = explain(first, broken, last)
    assert code == 1
    assert len(out.splitlines()) == 2
    assert err.splitlines()[0].startswith(f"kerastl: {broken}: ")
    assert err.splitlines()[-1] == "kerastl: 1 of 3 images could not be explained"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'SOURCE...'"),
        (["x", "--method", "lime"], "--method"),
        (["x", "--label", "purple"], "no class is called 'purple'"),
        (["x", "--resize", "zoom"], "--resize"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what(explain, arguments, message, tmp_path):
    code, out, err = explain(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_one_line(explain, image, tmp_path):
    path = image("a.png", "red")
    code, out, err = explain(path, "-o", path / "deep")
    assert (code, out) == (2, "")
    assert err == f"kerastl: --output {path / 'deep'}: cannot be written (Not a directory)\n"


def test_a_reader_that_leaves_is_no_error(color_model, image, tmp_path):
    path = image("a.png", "red")
    command = [
        sys.executable,
        "-m",
        "kerastl",
        "explain",
        "-q",
        "-m",
        color_model,
        "-o",
        tmp_path / "out",
        *[path] * 30,
    ]
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_an_overlay_is_written_whole_or_not_at_all(color_model, tmp_path, monkeypatch):
    explanation = kerastl.load(color_model).explain(np.zeros((32, 32, 3), np.uint8))
    files = OverlayFiles(tmp_path)

    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(KerastlError, match=r"--output .*No space left"):
        files.write(explanation, explanation.overlay())
    assert list(tmp_path.iterdir()) == []


def test_a_figure_of_a_useful_size_is_written_and_written_again(explain, image, tmp_path):
    path = image("a.png", "red", (400, 300))
    for _ in range(2):
        assert explain(path)[:2] == (0, f"{tmp_path}/out/a-gradcam-red.png\n")
    with Image.open(tmp_path / "out" / "a-gradcam-red.png") as written:
        # Two images of 400 x 300 pixels beside each other, and lines of text.
        assert written.width > 800
        assert 320 < written.height < 420
        assert written.info["Software"] == "kerastl explain"
        assert written.convert("RGB").getpixel((100, 150)) == (255, 0, 0)
        assert written.convert("RGB").getpixel((600, 150)) != (255, 0, 0)
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_quiet_and_verbose_exclude_each_other(explain):
    code, _, err = explain("x", "-q", "-v")
    assert (code, "exclude each other" in err) == (2, True)
