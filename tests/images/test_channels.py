"""Files of more or other channels than those of a picture."""

import struct

import numpy as np
import pytest
from PIL import Image

from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, load_pixels, open_image


def write_tiff(file, channels, photometric, extra=None, order="<", big=False):
    """An uncompressed TIFF of 8 bits, 2 x 2 pixels, whose channels hold 10, 20, 30, ..."""
    pixels = bytes(10 * (channel + 1) for channel in range(channels)) * 4
    tags = [(256, 3, [2]), (257, 3, [2]), (258, 3, [8] * channels), (259, 3, [1]), (262, 3, [photometric])]
    tags += [(273, 4, [0]), (277, 3, [channels]), (278, 3, [2]), (279, 4, [len(pixels)])]
    tags += [(338, 3, extra)] if extra else []
    number, pointer, start = ("Q", 8, 16) if big else ("I", 4, 8)
    head = struct.pack(f"{order}2sHHHQ" if big else f"{order}2sHI", b"II" if order == "<" else b"MM",
                       *((43, 8, 0, start) if big else (42, start)))  # fmt: skip
    values = start + (8 if big else 2) + (20 if big else 12) * len(tags) + pointer
    entries, after = b"", b""
    data = {tag: struct.pack(f"{order}{len(held)}{'H' if kind == 3 else 'I'}", *held) for tag, kind, held in tags}
    place = values + sum(len(held) for held in data.values() if len(held) > pointer)
    data[273] = struct.pack(f"{order}I", place)
    for tag, kind, held in tags:
        content = data[tag]
        if len(content) > pointer:
            content, after = struct.pack(f"{order}{number}", values + len(after)), after + content
        entries += struct.pack(f"{order}HH{number}", tag, kind, len(held)) + content.ljust(pointer, b"\0")
    count = struct.pack(f"{order}{'Q' if big else 'H'}", len(tags))
    file.write_bytes(head + count + entries + bytes(pointer) + after + pixels)


GRAY, RGB, CMYK = 1, 2, 5


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True), (">", True)])
@pytest.mark.parametrize(
    ("channels", "photometric", "extra"),
    [(2, GRAY, None), (2, GRAY, [0]), (3, GRAY, None), (4, GRAY, [0, 0, 0]), (8, GRAY, None), (5, RGB, [0, 0]),
     (5, RGB, [2, 0]), (6, CMYK, [0, 0])],
)  # fmt: skip
def test_other_channels_are_an_error_that_names_the_file(tmp_path, channels, photometric, extra, order, big):
    file = tmp_path / "bands.tif"
    write_tiff(file, channels, photometric, extra, order, big)
    with pytest.raises(ImageError, match=rf"bands.tif: an image of {channels} channels: kerastl takes gray, RGB"):
        open_image(file)


@pytest.mark.parametrize(
    ("channels", "photometric", "extra", "expected"),
    [(1, GRAY, None, (10, 10, 10)), (3, RGB, None, (10, 20, 30)), (4, RGB, [0], (10, 20, 30))],
)
def test_what_is_a_picture_is_read_as_before(tmp_path, channels, photometric, extra, expected):
    write_tiff(tmp_path / "a.tif", channels, photometric, extra)
    assert open_image(tmp_path / "a.tif").getpixel((0, 0)) == expected


@pytest.mark.parametrize("mode", ["LA", "RGBA", "CMYK", "P"])
def test_gray_with_alpha_rgba_cmyk_and_palettes_are_read(tmp_path, mode):
    Image.new("RGB", (4, 4), "red").convert(mode).save(tmp_path / "a.tif")
    assert open_image(tmp_path / "a.tif").mode == "RGB"


@pytest.mark.parametrize("channels", [2, 5])
def test_arrays_of_other_channels_are_refused(channels):
    with pytest.raises(UsageError, match=r"must have the shape \(height, width, 3\), or 1 or 4 channels"):
        load_pixels(np.zeros((6, 6, channels), np.uint8), Resize(4, 4))


def test_a_directory_that_goes_nowhere_is_left_to_pillow(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0\xff\xff\xff\x7f" + bytes(20))
    with pytest.raises(ImageError, match="broken"):
        open_image(tmp_path / "a.tif")
