"""What cannot be read is told in one short line."""

from __future__ import annotations

import io
import os
import random
import socket

import pytest
from PIL import Image
from sample_images import photo, reason

from kerastl.errors import ImageError
from kerastl.images import Resize, load_pixels


def test_reasons_for_what_is_no_regular_file(tmp_path, monkeypatch):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        assert reason("socket.jpg") == "a socket, not an image file"
    assert reason("pipe.jpg") == "a named pipe, not an image file"
    assert reason("/dev/null") == "a device, not an image file"
    assert reason("folder.jpg") == "an empty folder"
    assert reason(".") == "a folder, not an image"
    assert reason("none.jpg") == "no such file"
    assert reason("file/none.jpg") == "no such file"
    assert reason("*.gif") == "no file matches this pattern"
    assert reason("*.jpg") == "a pattern, where one image is wanted"
    assert reason("gone") == "a link to a file that is not there"
    assert reason("loop") == "a loop of symbolic links"
    assert reason("n" * 300) == "the name is too long"
    assert reason("a\0b") == "no such file: the name holds a null byte"


def test_permission_denied(tmp_path, monkeypatch):
    photo().save(tmp_path / "a.png")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root may read everything
    assert reason(tmp_path / "a.png") == "permission denied"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "an empty file"),
        (b"hello, world\n", "a text file, not an image"),
        ("Grüße\n".encode() * 999, "a text file, not an image"),
        (b"<!DOCTYPE html><html>404", "a web page (HTML), not an image"),
        (b'<?xml version="1.0"?>\n<svg/>', "an SVG drawing, not an image"),
        (b"%PDF-1.4\n", "a PDF document, which Pillow cannot read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS, which only Ghostscript can draw; convert it to PNG first"),
        (b"PK\x03\x04" + bytes(99), "an archive, not an image"),
        (b"\x00\x00\x00\x18ftypisom", "a video, not an image"),
        (bytes(9999), "not an image, or of a format that Pillow cannot read"),
        (b"GIF89a", "a broken or truncated GIF"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "a HDF5 file, which Pillow recognizes but cannot decode"),
    ],
)
def test_reasons_for_what_is_in_the_file(tmp_path, data, expected):
    (tmp_path / "a.jpg").write_bytes(data)
    assert reason(tmp_path / "a.jpg") == expected


def test_three_bytes_of_a_jpeg_are_broken(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    said = ("broken: the header makes no sense", "broken: the data is not what the format asks for")
    assert reason(tmp_path / "a.jpg") in said  # Pillow's versions differ


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "webp", "tif", "ppm", "tga", "jp2", "avif"])
def test_truncated_files_are_errors(tmp_path, suffix):
    noise = Image.frombytes("RGB", (64, 64), random.Random(0).randbytes(64 * 64 * 3))
    whole = io.BytesIO()
    noise.save(whole, {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}.get(suffix, suffix))
    for part in (0.02, 0.3, 0.6):
        (tmp_path / "a").write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * part)])
        assert reason(tmp_path / "a")


def test_nothing_but_image_errors_comes_out_of_damaged_files(tmp_path):
    generator = random.Random(0)
    path = tmp_path / "a"
    for form in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS", "QOI"):
        whole = io.BytesIO()
        photo(24, 16).save(whole, form)
        for _ in range(25):
            data = bytearray(whole.getvalue())
            for _ in range(generator.choice((1, 4))):
                data[generator.randrange(min(len(data), 300))] = generator.randrange(256)
            path.write_bytes(data)
            said = ""
            try:
                load_pixels(path, Resize(8, 8))
            except ImageError as error:
                said = error.reason
            assert "\n" not in said
            assert " at 0x" not in said
