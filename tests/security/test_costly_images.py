"""Small image files that would cost minutes and gigabytes: refused before anything is decoded."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageFile

from kerastl.errors import ImageError
from kerastl.images import Resize, load_pixels


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(between, width=8, height=8):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes((width + 1) * min(height, 8)))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + between + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff(tag, kind, count, *, big=False):
    """A TIFF of which one tag holds many values, all of them the bytes of the file's end."""
    if big:
        start = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, 1) + struct.pack("<HHQQ", tag, kind, count, 60)
    else:
        start = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", tag, kind, count, 60)
    return start + bytes(60 - len(start)) + bytes(count * 8)


MANY = 300_000
FILES = {
    "rows": (png(b"", width=1, height=89_000_000), "decoding takes"),
    "PNG chunks": (png(chunk(b"teSt", b"") * MANY), "50,000 chunks"),
    "PNG data chunks": (png(chunk(b"IDAT", b"") * MANY), "50,000 chunks"),
    "JPEG markers": (b"\xff\xd8" + b"\xff\xe5\0\2" * MANY + b"\xff\xd9", "20,000 markers"),
    "JPEG restarts": (b"\xff\xd8" + b"\xff\xd0" * MANY, "20,000 markers"),
    "JPEG filling": (b"\xff\xd8" + b"\xff" * MANY + b"\xd9", "20,000 markers"),
    "JPEG zeros": (b"\xff\xd8\xff" + b"\0" * MANY, "20,000 markers"),
    "TIFF strips": (tiff(273, 4, MANY), "250,000 strips"),
    "TIFF colors": (tiff(320, 3, MANY), "250,000 strips"),
    "BigTIFF tiles": (tiff(324, 16, MANY, big=True), "250,000 strips"),
    "GIF comments": (b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b"!\xfe" + b"\1x" * MANY + b"\0;", "50,000 blocks"),
    "GIF extensions": (b"GIF89a\1\0\1\0\0\0\0" + b"!\xf9\0" * MANY + b";", "50,000 blocks"),
    "JPEG 2000 boxes": (b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\x08free" * MANY, "10,000 boxes"),
    "icons": (b"icns" + struct.pack(">I", 8 + 8 * MANY) + b"abcd\0\0\0\x08" * MANY, "10,000 icons"),
    "PGM comment": (b"P5\n#" + b"x" * MANY + b"\n8 8 255\n" + bytes(64), "65,536 bytes of header"),
    "PGM comments": (b"P2 8" + b"#\n" * MANY + b"8 255 " + b"0 " * 64, "65,536 bytes of header"),
    "PBM spaces": (b"P1" + b" " * MANY + b"8 8 " + b"0 " * 64, "65,536 bytes of header"),
}


@pytest.mark.parametrize(("content", "expected"), FILES.values(), ids=FILES)
def test_what_is_made_of_too_many_pieces_is_refused_unread(content, expected, monkeypatch):
    def decode(*_):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    with pytest.raises(ImageError) as caught:
        load_pixels(io.BytesIO(content), Resize(8, 8))
    assert caught.value.reason.startswith("too large: ")
    assert expected in caught.value.reason


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "jp2", "icns", "ppm", "pgm", "pbm"])
def test_ordinary_images_are_read(tmp_path, suffix):
    image = Image.effect_noise((128, 128), 50).convert({"pgm": "L", "pbm": "1"}.get(suffix, "RGB"))
    options = {"comment": b"c" * 3000} if suffix in ("jpg", "gif") else {}
    image.save(tmp_path / f"a.{suffix}", **options)
    assert load_pixels(tmp_path / f"a.{suffix}", Resize(8, 8)).std() > 0


def test_a_tiff_of_many_strips_is_read(tmp_path):
    Image.effect_noise((8, 9_000), 50).save(tmp_path / "a.tif", tiffinfo={278: 1})
    assert load_pixels(tmp_path / "a.tif", Resize(8, 8)).std() > 0


def test_headers_of_netpbm_may_have_comments():
    content = b"P5 # one\n8 #two\r 8\n# three\n#four\n255\n" + bytes(range(64))
    assert load_pixels(content, Resize(8, 8, "squash"))[0, :, 0].tolist() == list(range(8))
