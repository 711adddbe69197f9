"""Paths, images, arrays, threads, and the odd images beside the project."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sample_images import BLUE, RED, photo

from kerastl.errors import ImageError
from kerastl.images import Resize, load_pixels, open_image


def test_the_same_image_as_path_image_and_array(tmp_path):
    path = tmp_path / "a.png"
    photo().save(path)
    expected = load_pixels(path, Resize(20, 20))
    with Image.open(path) as image:
        sources = [str(path), os.fsencode(path), image, np.asarray(photo()), np.asarray(photo())[:, ::-1][:, ::-1]]
        for source in sources:
            assert np.array_equal(load_pixels(source, Resize(20, 20)), expected)
    assert expected.flags.writeable


def test_open_image_leaves_a_given_image_alone(tmp_path):
    mine = Image.new("RGB", (9, 9), RED)
    opened = open_image(mine)
    opened.putpixel((0, 0), BLUE)
    assert mine.getpixel((0, 0)) == RED


def test_open_image_may_be_smaller_but_never_too_small(tmp_path):
    photo(1600, 1200).save(tmp_path / "a.jpg")
    assert open_image(tmp_path / "a.jpg").size == (1600, 1200)
    # Cropping the middle 7/8 of 1200 pixels to 150: at a quarter, 262.5 pixels are less than twice 150.
    assert open_image(tmp_path / "a.jpg", target=Resize(150, 150)).size == (800, 600)


def test_many_threads_give_what_one_gives(tmp_path):
    paths = []
    for number in range(40):
        suffix = ("jpg", "png", "gif", "webp", "tif", "bmp", "tga", "jp2")[number % 8]
        path = tmp_path / f"{number}.{suffix}"
        photo(90 + number, 80).save(path)
        paths.append(path)
    alone = [load_pixels(path, Resize(32, 32)) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda path: load_pixels(path, Resize(32, 32)), paths))
    assert np.array_equal(alone, together)


def test_formats_are_found_though_threads_race_to_register_them(tmp_path):
    photo().save(tmp_path / "a.tga")
    code = (
        "import sys; from concurrent.futures import ThreadPoolExecutor; from kerastl.images import *\n"
        "with ThreadPoolExecutor(16) as pool:\n"
        "    list(pool.map(lambda path: load_pixels(path, Resize(8, 8)), sys.argv[1:] * 64))"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.tga"], check=True, capture_output=True)


def test_warnings_are_silent_inside_and_unchanged_outside(tmp_path):
    broken = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 0x10F, 2, 999, 9999) + b"\xff" * 4
    photo().save(tmp_path / "a.jpg", exif=broken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # in front of all filters that were there before
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: load_pixels(tmp_path / "a.jpg", Resize(8, 8)), range(20)))
        with pytest.raises(UserWarning, match=r"Skipping tag|Truncated File Read"):
            Image.open(tmp_path / "a.jpg")


@pytest.mark.skipif(
    not any(Path(Image.__file__).parent.parent.glob("pillow.libs/libtiff*")), reason="needs Pillow's wheel for Linux"
)
def test_nothing_is_written_to_standard_error(tmp_path, capfd):
    path = tmp_path / "a.tif"
    photo().convert("1").save(path, compression="group3")
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)  # libtiff: "Bad code word"
    for index in range(8, len(data), 40):
        path.write_bytes(data[:index] + b"\xff\0" + data[index + 2 :])
        with suppress(ImageError):
            load_pixels(path, Resize(8, 8))
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def shared_images(shared_images):
    return shared_images.parent


def test_odd_images(shared_images):
    unreadable = {
        "broken.png", "decompression_bomb.gif", "png_decompression_dos.png", "truncated_image.png",
        "truncated_jpeg.jpg", "zero_width.gif",
    }  # fmt: skip
    refused = set()
    for path in sorted((shared_images / "odd").iterdir()):
        try:
            assert load_pixels(path, Resize(64, 64)).shape == (64, 64, 3)
        except ImageError:
            refused.add(path.name)
    assert refused == unreadable


def test_oriented_photographs_show_the_same(shared_images):
    for name in ("Landscape", "Portrait"):
        first = load_pixels(shared_images / "odd" / f"{name}_1.jpg", Resize(64, 64)).astype(int)
        for orientation in (3, 6, 8):
            other = load_pixels(shared_images / "odd" / f"{name}_{orientation}.jpg", Resize(64, 64))
            # The photographs were compressed anew, and turned round their center.
            assert np.abs(first - other).mean() < 4
