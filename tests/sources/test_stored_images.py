"""Images in archives, whatever their kind: as from a folder, each with a name of its own."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections import Counter

import pytest
from archive_files import GREEN, RED, tar_gz_of, tar_of, zip_of

import kerastl
from kerastl.errors import ImageError
from kerastl.sources import StoredImage, stored_images

KINDS = {"a.tar": tar_of, "a.tar.gz": tar_gz_of, "a.zip": zip_of}
ARCHIVES = pytest.mark.parametrize("name", KINDS)


@ARCHIVES
def test_images_come_in_their_order_and_other_files_are_counted(name, packed, told):
    members = [("z/b.png", RED), ("z/b.cls", b"1"), ("a.PNG", GREEN), ("notes.txt", b"..."), ("a.json", b"{}")]
    packed(name, KINDS[name](members))
    left_out = Counter()
    assert told(name, left_out) == [(f"{name}::z/b.png", RED), (f"{name}::a.PNG", GREEN)]
    assert left_out == {".cls": 1, ".txt": 1, ".json": 1}


@ARCHIVES
def test_what_systems_add_is_left_out(name, packed, told):
    members = [("__MACOSX/._a.png", RED), (".hidden/a.png", RED), ("x/Thumbs.db", b""), ("./x//a.png", RED)]
    packed(name, KINDS[name](members))
    assert told(name) == [(f"{name}::x/a.png", RED)]


@ARCHIVES
def test_an_image_that_cannot_be_taken_is_named_and_the_others_are_read(name, packed, told, monkeypatch):
    monkeypatch.setattr("kerastl.sources._limits.MAX_IMAGE_BYTES", 1 << 20)
    long = "l" * 4100 + ".png"
    members = [
        ("../up.png", RED),
        ("a\x1b[2J.png", RED),
        (long, RED),
        ("big.png", bytes((1 << 20) + 1)),
        ("a.png", RED),
    ]
    packed(name, KINDS[name](members))
    said = dict(told(name))
    assert said == {
        f"{name}::../up.png": "its name has .. in it",
        f"{name}::a\\x1b[2J.png": "its name has control characters",
        f"{name}::{long}": "its name is too long",
        f"{name}::big.png": "too large: a file of 1 MiB, the limit is 1 in an archive or a store",
        f"{name}::a.png": RED,
    }


@ARCHIVES
def test_an_archive_without_images_says_so(name, packed, told):
    packed(name, KINDS[name]([("a.txt", b"a"), ("b.csv", b"b")]))
    assert told(name) == [(name, "no images in it, only 2 other files")]
    packed(name, KINDS[name]([]))
    assert told(name) == [(name, "no images in it")]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip", "a.parquet"])
def test_what_is_no_such_archive_is_said_in_one_line(name, packed, told):
    packed(name, b"this is text" * 100)
    ((path, reason),) = told(name)
    assert path == name
    assert "no " in reason or "broken" in reason
    packed(name, b"")
    assert len(told(name)) == 1


def test_a_missing_archive_and_a_folder_are_said_in_one_line(packed, told, tmp_path):
    packed("x", b"")
    (tmp_path / "folder.zip").mkdir()
    assert told("none.tar") == [("none.tar", "no such file")]
    assert told("folder.zip") == [("folder.zip", "no regular file")]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_links_and_devices_are_left_out_and_told(name, packed, told, caplog):
    link, device = tarfile.TarInfo(), tarfile.TarInfo()
    link.type, link.linkname, device.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.CHRTYPE
    packed(name, KINDS[name]([("l.png", link), ("a.png", RED), ("d.png", device), ("l2.png", link)]))
    assert told(name) == [(f"{name}::a.png", RED)]
    assert f"{name}: 2 links, 1 device left out: 'l.png', 'd.png', 'l2.png'" in caplog.text


def test_a_link_in_a_zip_is_left_out_and_told(packed, told, caplog):
    link = zipfile.ZipInfo("l.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed("a.zip", zip_of([(link, b"/etc/passwd"), ("a.png", RED)]))
    assert told("a.zip") == [("a.zip::a.png", RED)]
    assert "a.zip: 1 link left out: 'l.png'" in caplog.text


def test_a_stored_image_is_classified_like_its_file(color_model, image, packed):
    classifier = kerastl.load(color_model)
    packed("a.tar", tar_of([("a.png", image("a.png", "red").read_bytes())]))
    by_file, (by_archive,) = classifier.classify("a.png"), classifier.classify("a.tar")
    assert by_archive.path == "a.tar::a.png"
    assert by_archive.predictions == by_file.predictions
    assert classifier.predict_proba("a.tar").shape == (1, 3)


def test_what_fails_stands_in_its_place(color_model, packed):
    classifier = kerastl.load(color_model)
    packed("a.zip", zip_of([("a.png", RED), ("b.png", b"no image"), ("c.png", GREEN)]))
    found = classifier.classify(["a.zip"], errors="return")
    assert [(one.path, one.error is None) for one in found] == [
        ("a.zip::a.png", True),
        ("a.zip::b.png", False),
        ("a.zip::c.png", True),
    ]
    with pytest.raises(ImageError, match=r"a\.zip::b\.png: a text file, not an image"):
        classifier.classify("a.zip")


def test_only_as_much_is_read_as_is_asked_for(packed):
    packed("a.tar", tar_of([("a.png", RED), ("b.png", GREEN)])[:2048])  # the second is cut off
    assert next(stored_images("a.tar")).name == "a.tar::a.png"


def test_a_stored_image_opens_like_a_file():
    image = StoredImage("a.tar::a.png", RED, 5)
    assert image.open().read() == image.read_bytes() == RED
    assert image.open().name == "a.tar::a.png"
