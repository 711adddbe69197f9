"""`kerastl check` as a user sees it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kerastl.cli._check import check
from kerastl.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """Two classes of 25 images, one of them broken."""
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(25):
            patches = random.integers(0, 256, (8, 8, 3))
            Image.fromarray(patches.astype(np.uint8)).resize((40, 40)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "dog" / "3.png").write_bytes(b"")
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(check, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def test_the_report_as_text(folder):
    result = run(folder)
    assert result.return_value == 1
    lines = [line.rstrip() for line in result.stdout.splitlines() if line.strip()]
    assert lines == [
        f"{folder}: 2 class folders",
        " class   images",
        " ──────────────",
        " cat         25",
        " dog         25",
        " all         50",
        "49 PNG; 49 RGB",
        "width 40 to 40 pixels, median 40",
        "height 40 to 40 pixels, median 40",
        "x 1 image cannot be read; training leaves it out",
        "    dog/3.png  (an empty file)",
        "1 problem, 0 warnings",
    ]
    assert result.stderr == ""


def test_the_report_as_json(folder):
    result = run(folder, "--format", "json")
    assert result.return_value == 1
    assert [finding["kind"] for finding in json.loads(result.stdout)["findings"]] == ["unreadable"]


def test_a_clean_folder_exits_with_0(folder):
    (folder / "dog" / "3.png").unlink()
    result = run(folder)
    assert result.return_value == 0
    assert result.stdout.endswith("Nothing to complain about.\n")


def test_names_with_markup_and_odd_bytes_are_shown(folder):
    (folder / "dog" / "[bold]\udce9.png").write_bytes(b"")
    result = run(folder)
    assert "    dog/[bold]\\xe9.png  (an empty file)" in result.stdout


def test_what_finetune_would_refuse_is_a_problem(folder):
    (folder / "cow").mkdir()
    (folder / "cow" / "only.png").write_bytes((folder / "dog" / "4.png").read_bytes()[:-1] + b"x")
    (folder / "dog" / "3.png").unlink()
    result = run(folder)
    assert result.return_value == 1
    message = "class 'cow' has 1 image, too few to be both trained and validated on; add images, or leave the class out"
    assert f"x {message}\n" in result.stdout
    assert "'cow': 1 image" not in result.stdout  # the message has said it


def test_group_by_and_validation_split_are_those_of_finetune(folder):
    (folder / "dog" / "3.png").unlink()
    result = run(folder, "--group-by", "^(...)/", "--validation-split", "0.5", "--seed", "3")
    assert result.return_value == 1
    assert "x 2 classes have too few images to be both trained and validated on" in result.stdout
    assert "    'dog': 24 images that fall into 1 group" in result.stdout
    with pytest.raises(UsageError, match="finds nothing in"):
        run(folder, "--group-by", "nothing")


def test_kinds_that_are_left_out_are_listed(folder):
    (folder / "dog" / "3.png").unlink()
    (folder / "cow").mkdir()
    (folder / "cow" / "scan").write_bytes(bytes(128) + b"DICM")
    result = run(folder)
    assert result.return_value == 1
    assert "x 1 file that looks like an image is left out: 1 DICOM (convert to PNG); nothing is left of 'cow'\n" in (
        result.stdout
    )
    assert "    cow/scan  (DICOM: convert to PNG)\n" in result.stdout


def test_large_groups_of_copies_are_folded(folder):
    content = (folder / "cat" / "0.png").read_bytes()
    for number in range(30):
        (folder / f"class{number:02}").mkdir()
        (folder / f"class{number:02}" / "copy.png").write_bytes(content)
    (line,) = [line for line in run(folder).stdout.replace("\n      ", " ").splitlines() if "cat/0.png" in line]
    assert "class10/copy.png and 19 more  (cat and class00 and class01 and class02 and class03 and 26 more)" in line
