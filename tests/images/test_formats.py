"""Which files are images, which look like images, and which lie beside them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sample_images import photo, reason

from kerastl.images import _formats as formats
from kerastl.images import open_image
from kerastl.images._formats import IMAGE, SIDE, Sorter


@pytest.fixture
def kind(tmp_path):
    """The kind of a file of this name and content."""

    def tell(name, content=b""):
        (tmp_path / name).write_bytes(content)
        return Sorter().kind(str(tmp_path / name))

    return tell


@pytest.fixture
def without_heif(monkeypatch):
    monkeypatch.setattr(formats, "has_heif", lambda: False)


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.b.png", "a.webp", "a.TIF", "a.avif"])
def test_a_suffix_makes_an_image_without_a_look_inside(kind, name):
    assert kind(name) == IMAGE


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "a.heif", "a.hif"])
def test_heic_is_an_image_where_the_extra_is_there(kind, name, monkeypatch):
    monkeypatch.setattr(formats, "has_heif", lambda: True)
    assert kind(name) == IMAGE
    monkeypatch.setattr(formats, "has_heif", lambda: False)
    assert kind(name).what == "HEIC (pip install 'kerastl[heif]')"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *((f"a.{suffix}", "camera raw") for suffix in ("dng", "CR2", "cr3", "NEF", "arw", "orf", "rw2", "raf")),
        ("a.jxl", "JPEG XL"),
        ("a.dcm", "DICOM"),
        ("a.nii.gz", "medical volume"),
        ("a.svg", "drawing"),
        ("a.jpg.1", "file with no image's suffix (rename)"),
        ("a.JPEG.12", "file with"),
        ("a.jpg_large", "file with"),
        ("a.jpg-large", "file with"),
        ("a.jpg:large", "file with"),
        ("a.png?w=300&h=2", "file with"),
        ("a.jpg (1)", "file with"),
        ("a.jpg.crdownload", "unfinished download"),
        ("a.png.part", "unfinished download"),
        ("a.jpeg~", "backup copy"),
        ("a.jpg_original", "backup copy"),
    ],
)
def test_names_that_look_like_images(kind, name, what):
    found = kind(name)
    assert found.name == "like an image"
    assert found.what.startswith(what)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(20), "JPEG with no image's suffix"),
        (b"\x89PNG\r\n\x1a\n", "PNG with"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP with"),
        (b"II*\0" + bytes(20), "TIFF with"),
        (bytes(128) + b"DICM", "DICOM"),
        (HEIC, "HEIC (pip"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF with"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"FUJIFILMCCD-RAW 0201", "camera raw"),
    ],
)
@pytest.mark.parametrize("name", ["1000234", "0a9f.3bd1", "photo.unknown"])
def test_first_bytes_tell_where_the_name_does_not(kind, without_heif, name, content, what):
    found = kind(name, content)
    assert found.name == "like an image"
    assert found.what.startswith(what)


@pytest.mark.parametrize(
    "name",
    [
        "a.json", "a.xmp", "a.mp4", "a.MOV", "a.txt", "a.csv", "a.jpg.json", "a.jpg.xmp", "a.jpg.txt", "a.zip", "a.npy",
        "README", "LICENSE", "a.aae", "a.thm", "a.jpg.md5", "a.db",
    ],
)  # fmt: skip
def test_side_files(kind, name):
    assert kind(name, b"text") == SIDE


def test_nobody_looks_into_files_of_a_known_suffix(kind):
    assert kind("a.txt", b"\xff\xd8\xff\xe0" + bytes(20)) == SIDE


def test_a_backup_beside_its_image_is_missed_by_nobody(tmp_path, kind):
    photo().save(tmp_path / "a.jpg")
    assert kind("a.jpg_original", b"\xff\xd8\xff") == SIDE
    assert kind("b.jpg_original", b"\xff\xd8\xff").name == "like an image"


def test_looks_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "_MOST_LOOKS", 2)
    sorter = Sorter()
    for number in range(3):
        (tmp_path / str(number)).write_bytes(b"\xff\xd8\xff\xe0")
    assert [sorter.kind(str(tmp_path / str(number))).name for number in range(3)] == ["like an image"] * 2 + ["side"]


def test_links_pipes_and_missing_files_are_no_images(tmp_path):
    (tmp_path / "gone").symlink_to("nowhere")
    assert Sorter().kind(str(tmp_path / "gone")) == SIDE
    assert Sorter().kind(str(tmp_path / "not there")) == SIDE
    assert Sorter().kind(str(tmp_path)) == SIDE


BROKEN = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50)


@pytest.fixture
def heic(tmp_path):
    """Writes an image as HEIC; lossy, so that values differ by a few levels."""
    pillow_heif = pytest.importorskip("pillow_heif")

    def write(image, name="a.heic", **options):
        pillow_heif.from_pillow(image).save(tmp_path / name, quality=95, **options)
        return tmp_path / name

    return write


def test_heic_is_read(heic):
    image = photo()
    found = np.asarray(open_image(heic(image)), float)
    assert np.abs(found - np.asarray(image)).mean() < 4


def test_a_heic_that_is_called_jpg_is_read(heic):
    assert open_image(heic(photo(), "IMG_0001.jpg")).size == (96, 64)


def test_orientation_is_applied_once(heic):
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = np.asarray(photo().transpose(Image.Transpose.ROTATE_270), float)
    found = np.asarray(open_image(heic(photo(), exif=exif.tobytes())), float)
    assert found.shape == upright.shape == (96, 64, 3)
    assert np.abs(found - upright).mean() < 4


def test_transparency_is_over_white(heic):
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert np.asarray(open_image(heic(clear))).min() > 245


def test_damage_is_one_short_reason(heic, tmp_path):
    whole = heic(photo()).read_bytes()
    for cut in (20, 100, len(whole) // 2, len(whole) - 10):
        (tmp_path / "cut.heic").write_bytes(whole[:cut])
        assert len(reason(tmp_path / "cut.heic")) < 130
    (tmp_path / "b.heic").write_bytes(BROKEN)
    assert reason(tmp_path / "b.heic") == "a broken or truncated HEIC"


def test_a_size_that_the_header_promises_is_checked_before_decoding(heic, tmp_path):
    whole = heic(photo()).read_bytes()
    place = whole.index(b"ispe") + 8
    for side in (20_000, 2**31 - 1):
        size = side.to_bytes(4, "big")
        (tmp_path / "bomb.heic").write_bytes(whole[:place] + size + size + whole[place + 8 :])
        assert reason(tmp_path / "bomb.heic").startswith(("too large: ", "a broken or truncated HEIC"))


def test_without_the_extra_the_reason_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "has_heif", lambda: False)
    (tmp_path / "a.heic").write_bytes(BROKEN)
    assert reason(tmp_path / "a.heic") == "HEIC (pip install 'kerastl[heif]')"


def test_the_extra_is_imported_when_a_heic_is_met(heic, tmp_path):
    photo().save(tmp_path / "a.jpg")
    code = (
        "import sys\nfrom kerastl.images import open_image\n"
        "for path in sys.argv[1:]:\n    open_image(path); print('pillow_heif' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.jpg"), str(heic(photo()))]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["False", "True"]
