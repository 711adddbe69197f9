"""Files that look like images but are left out are said, everywhere; folders that kerastl wrote are no classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from patches import Fill

from kerastl.data import LeftOut, check, scan
from kerastl.data._tree import read_tree
from kerastl.errors import DataError
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import inspect_dataset, open_dataset, split_dataset
from kerastl.images import _formats as formats
from kerastl.pretraining._collection import collect
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop

HEIC = "HEIC (pip install 'kerastl[heif]')"


class Heard(RunCallback):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(autouse=True)
def without_heif(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "has_heif", lambda: False)


@pytest.fixture
def mixed(fill: Fill) -> Path:
    """Two classes of 20 images; one class of HEIC only, and a DICOM file in another."""
    images: dict[str, int | str] = {f"{name}/{n}.png": 50 * ord(name) + n for name in "ab" for n in range(20)}
    return fill({**images, "a/scan.dcm": "x", "c/1.heic": "x", "c/2.HEIC": "x", "a/notes.txt": "x"})


def test_what_is_left_out_is_kept_with_its_class(mixed: Path) -> None:
    dataset = scan(mixed)
    assert dataset.classes == ("a", "b")
    assert dataset.left_out == (
        LeftOut("a/scan.dcm", "DICOM (convert to PNG)", "a"),
        LeftOut("c/1.heic", HEIC, "c"),
        LeftOut("c/2.HEIC", HEIC, "c"),
    )
    assert dataset.ignored == ("a/notes.txt",)


def test_classes_are_told_below_splits_too(fill: Fill) -> None:
    files: dict[str, int | str] = {"train/a/1.png": 1, "train/b/2.png": 2, "val/a/3.png": 3, "val/b/4.png": 4}
    dataset = scan(fill({**files, "train/c/deep/5.cr2": "x", "val/6.nef": "x", "7.jxl": "x"}))
    assert [(one.path, one.label) for one in dataset.left_out] == [
        ("7.jxl", None),
        ("train/c/deep/5.cr2", "c"),
        ("val/6.nef", None),
    ]


def test_a_class_that_vanishes_is_a_problem(mixed: Path) -> None:
    (finding,) = check(mixed).problems
    assert finding.kind == "left_out"
    assert finding.message == (
        f"3 files that look like images are left out: 2 {HEIC}, 1 DICOM (convert to PNG); nothing is left of 'c'"
    )
    assert [(one.paths, one.detail) for one in finding.evidence][1] == (
        ("c/1.heic",),
        "HEIC: pip install 'kerastl[heif]'",
    )


@pytest.mark.parametrize(("count", "severity"), [(1, "warning"), (2, "warning"), (3, "problem")])
def test_few_are_a_warning_and_many_a_problem(fill: Fill, count: int, severity: str) -> None:
    # 40 images: 2 files of 42 are below a twentieth, 3 of 43 above.
    images: dict[str, int | str] = {f"{name}/{n}.png": 50 * ord(name) + n for name in "ab" for n in range(20)}
    root = fill({**images, **{f"a/{n}.nef": "x" for n in range(count)}})
    found = {finding.kind: finding.severity for finding in check(root).findings}
    assert found == {"left_out": severity}


def test_training_warns_and_strict_refuses(mixed: Path) -> None:
    heard = Heard()
    dataset = open_dataset(mixed, heard)
    assert heard.warnings[-1].startswith("3 files that look like images are left out: 2 HEIC")
    inspection = inspect_dataset(dataset, Settings(), RunCallback(), Stop())
    assert split_dataset(dataset, inspection, Settings(), RunCallback()).dataset.is_split
    (mixed / "b" / "0.png").write_text("x")
    with pytest.raises(DataError, match=r"1 unreadable image .* 3 files that look like images .*--strict"):
        inspect_dataset(dataset, Settings(strict=True), RunCallback(), Stop())


def test_a_folder_with_nothing_else_says_what_it_holds(fill: Fill) -> None:
    root = fill({"a/1.heic": "x", "b/2.heic": "x"})
    message = f"no images in it that can be read here; 2 files that look like images are left out: 2 {HEIC}"
    for read in (scan, collect):
        with pytest.raises(DataError) as caught:
            read(root)
        assert str(caught.value) == f"{root}: {message}"


def test_one_class_left_says_what_the_others_are(fill: Fill) -> None:
    with pytest.raises(DataError, match=r"one class only \('a'\).*1 file that looks like an image is left out: 1 HEIC"):
        scan(fill({"a/1.png": 1, "b/2.heic": "x"}))


def test_pre_training_and_rejection_find_the_same_files(mixed: Path) -> None:
    images = [item.path for item in scan(mixed).items]
    collection = collect(mixed)
    assert list(collection.paths) == images
    assert collection.warnings[0].startswith("3 files that look like images are left out")
    assert sorted(read_tree(mixed).images) == images


def test_folders_that_kerastl_wrote_are_no_classes(mixed: Path) -> None:
    for name, files in {"run": ["model.keras", "metrics.json"], "report": ["report.html", "evaluation.json"]}.items():
        (mixed / name).mkdir()
        for file in files:
            (mixed / name / file).touch()
    (mixed / "run" / "curves.png").write_bytes((mixed / "a" / "1.png").read_bytes())
    dataset = scan(mixed)
    assert dataset.classes == ("a", "b")
    assert "not used, since kerastl wrote them: report/ (a report), run/ (a run)" in dataset.warnings
    assert "run/curves.png" not in collect(mixed).paths
