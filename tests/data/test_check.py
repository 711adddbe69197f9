"""What is found in a folder in which everything is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from patches import Fill, noise
from PIL import Image

from kerastl.data import CheckReport, check, scan


def by_kind(report: CheckReport) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    return {finding.kind: [(one.paths, one.detail) for one in finding.evidence] for finding in report.findings}


@pytest.fixture
def clean(fill: Fill) -> Path:
    return fill({f"{name}/{number}.jpg": 50 * ord(name) + number for number in range(20) for name in "ab"})


def test_nothing_is_wrong_with_a_clean_folder(clean: Path) -> None:
    report = check(scan(clean))
    assert check(clean) == report
    assert report.findings == ()
    assert report.formats == {"JPEG": 40}
    assert report.modes == {"RGB": 40}
    assert report.sizes == {"width": (32, 32, 32), "height": (32, 32, 32)}


def test_everything_that_is_wrong_is_found(clean: Path) -> None:
    for name in "cdef":
        (clean / "b" / f"1{name}.jpg").write_bytes((clean / "b" / "1.jpg").read_bytes())
    (clean / "a" / "b again.jpg").write_bytes((clean / "b" / "2.jpg").read_bytes())
    noise(1000, 256).save(clean / "a" / "large.jpg", quality=95)
    noise(1000, 256).resize((180, 180)).save(clean / "a" / "less.jpg", quality=60)
    (clean / "b" / "page.jpg").write_text("<html>not found</html>")
    noise(2000).save(clean / "b" / "really.png", "JPEG")
    noise(2001).resize((200, 40)).save(clean / "b" / "wide.jpg")
    noise(2002).resize((31, 31)).save(clean / "b" / "tiny.jpg")
    noise(2003).convert("CMYK").save(clean / "b" / "print.jpg")
    noise(2004).save(clean / "b" / "web.gif")
    Image.fromarray(np.full((40, 40, 3), 128, dtype=np.uint8)).save(clean / "b" / "gray.jpg")
    for number in range(3):
        (clean / "c").mkdir(exist_ok=True)
        noise(3000 + number).save(clean / "c" / f"{number}.jpg")
    (clean / "d").mkdir()
    noise(4000).save(clean / "d" / "only.jpg")
    report = check(scan(clean))
    copies = ("b/1.jpg", "b/1c.jpg", "b/1d.jpg", "b/1e.jpg", "b/1f.jpg")
    assert by_kind(report) == {
        "unreadable": [(("b/page.jpg",), "a web page (HTML), not an image")],
        "duplicates_across_classes": [(("a/b again.jpg", "b/2.jpg"), "a and b")],
        "class_too_small": [((), "'d': 1 image")],
        "duplicates": [(copies, "b")],
        "near_duplicates": [(("a/large.jpg", "a/less.jpg"), "a")],
        "small_class": [((), "'c': 3 readable images")],
        "imbalance": [],
        "misnamed": [(("b/really.png",), "is JPEG")],
        "rare_format": [(("b/web.gif",), "GIF")],
        "blank": [(("b/gray.jpg",), "")],
        "odd_size": [(("b/tiny.jpg",), "31 x 31"), (("b/wide.jpg",), "200 x 40")],
        "odd_mode": [(("b/print.jpg",), "CMYK")],
    }
    assert [finding.kind for finding in report.problems] == [
        "unreadable",
        "duplicates_across_classes",
        "class_too_small",
    ]
    messages = {finding.kind: finding.message for finding in report.findings}
    assert messages["unreadable"] == "1 image cannot be read; training leaves it out"
    assert messages["class_too_small"] == (
        "class 'd' has 1 image, too few to be both trained and validated on; add images, or leave the class out"
    )
    # 20 + 4 copies + 7 that can be read, against 1.
    assert messages["imbalance"].startswith("'b' has 30.0 times the images of 'd'")


def test_copies_across_given_splits(fill: Fill) -> None:
    train = {f"train/{name}/{number}.png": 50 * ord(name) + number for number in range(20) for name in "ab"}
    root = fill({**train, "val/a/1.png": 50 * ord("a"), "val/b/1.png": 9999})
    report = check(scan(root))
    assert by_kind(report) == {"duplicates_across_splits": [(("train/a/0.png", "val/a/1.png"), "train and val")]}
    assert [finding.severity for finding in report.findings] == ["problem"]


def test_the_report_as_json(clean: Path) -> None:
    (clean / "notes.txt").write_text("x")
    (clean / "b" / "empty.jpg").touch()
    values = json.loads(json.dumps(check(scan(clean)).as_dict()))
    assert values == {
        "root": str(clean),
        "layout": "2 class folders",
        "images": 41,
        "classes": {"a": {"total": 20}, "b": {"total": 21}},
        "formats": {"JPEG": 40},
        "modes": {"RGB": 40},
        "sizes": {
            "width": {"smallest": 32, "median": 32, "largest": 32},
            "height": {"smallest": 32, "median": 32, "largest": 32},
        },
        "ignored_files": ["notes.txt"],
        "ok": False,
        "findings": [
            {
                "kind": "unreadable",
                "severity": "problem",
                "message": "1 image cannot be read; training leaves it out",
                "evidence": [{"paths": ["b/empty.jpg"], "detail": "an empty file"}],
            }
        ],
    }


def test_the_22_groups_of_duplicates_in_brain_mri(shared_datasets: Path) -> None:
    found = by_kind(check(scan(shared_datasets / "brain_mri")))
    assert len(found["duplicates"]) == 22
    assert (("no/1 no.jpeg", "no/no 94.jpg"), "no") in found["duplicates"]
    assert (("yes/Y20.jpg", "yes/Y92.png"), "yes") in found["near_duplicates"]
    assert len(found["misnamed"]) == 6


def test_the_stray_image_in_hymenoptera(shared_datasets: Path) -> None:
    report = check(scan(shared_datasets / "hymenoptera"))
    assert by_kind(report) == {"rare_format": [(("train/ants/imageNotFound.gif",), "GIF")]}
    assert report.problems == ()


def test_check_tells_how_far_it_is(fill):
    calls = []
    root = fill({f"{name}/{number}.png": ord(name) + number for name in "ab" for number in range(3)})
    check(root, progress=lambda *call: calls.append(call), workers=1, verbose=0)
    assert calls == [("reading images", done, 6) for done in range(1, 7)]
