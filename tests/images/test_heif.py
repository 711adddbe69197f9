"""HEIC, which is read through an extra."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sample_images import photo, reason

from kerastl.images import _heif as heif
from kerastl.images import _kinds as kinds
from kerastl.images import open_image

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
    monkeypatch.setattr(kinds, "has_heif", lambda: False)
    heif.register.cache_clear()
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
