"""Every mode and format, compared with plain Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sample_images import BLUE, RED, exact, photo, written

from kerastl.images import open_image


@pytest.mark.parametrize(
    ("mode", "suffix", "tolerance"),
    [
        ("1", "png", 0), ("1", "tif", 0), ("L", "png", 0), ("L", "jpg", 3), ("L", "gif", 0), ("LA", "png", 0),
        ("P", "png", 0), ("P", "gif", 0), ("PA", "tif", 0), ("RGB", "png", 0), ("RGB", "webp", 40), ("RGB", "bmp", 0),
        ("RGB", "ppm", 0), ("RGB", "tga", 0), ("RGB", "jp2", 2), ("RGB", "sgi", 0), ("RGB", "pcx", 0),
        ("RGB", "qoi", 0), ("RGB", "dds", 0), ("RGBA", "png", 0), ("RGBA", "tga", 0), ("RGBA", "tif", 0),
        ("CMYK", "tif", 0), ("CMYK", "jpg", 40), ("YCbCr", "tif", 0), ("LAB", "tif", 3),
    ],
)  # fmt: skip
def test_every_mode_looks_as_it_did(tmp_path, mode, suffix, tolerance):
    original = photo().convert(mode) if mode != "PA" else photo().convert("RGBA").convert("PA")
    path = tmp_path / f"a.{suffix}"
    written(original, path)
    expected = np.asarray(original.convert("RGB")).astype(int)
    assert np.abs(exact(path, 96, 64).astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa", "La", "PA"])
def test_transparency_shows_white(mode):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 51))
    via = {"RGBa": "RGBA", "La": "LA"}.get(mode, mode)
    image = image.convert(via).convert(mode)
    # A fifth of black over white: 255 * 4/5.
    assert exact(image, 2, 1)[0].tolist() == [[0, 0, 0], [204, 204, 204]]


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (Image.new("RGB", (4, 4), RED), {"transparency": RED}),
        (Image.new("L", (4, 4), 77), {"transparency": 77}),
        (Image.new("1", (4, 4), 0), {"transparency": 0}),
        (Image.new("P", (4, 4), 0), {"transparency": 0}),
        (Image.new("P", (4, 4), 0), {"transparency": b"\0"}),
        (Image.fromarray(np.full((4, 4), 500, np.uint16)), {"transparency": 500}),
    ],
    ids=["RGB", "L", "1", "P", "P-bytes", "I;16"],
)
def test_a_transparent_color_in_a_png_shows_white(tmp_path, image, options):
    image.save(tmp_path / "a.png", **options)
    assert (exact(tmp_path / "a.png", 4, 4) == 255).all()


SIXTEEN_BITS = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
IN_EIGHT = [0, 1, 128, 255]


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm", "jp2"])
def test_16_bits_keep_their_range(tmp_path, suffix):
    Image.fromarray(np.repeat(SIXTEEN_BITS, 4, 0)).save(tmp_path / f"a.{suffix}")
    assert exact(tmp_path / f"a.{suffix}", 4, 4)[0, :, 0].tolist() == IN_EIGHT


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_byte_orders_of_16_bits(mode):
    order = ">" if mode == "I;16B" else "<"
    image = Image.frombytes(mode, (4, 1), SIXTEEN_BITS.astype(f"{order}u2").tobytes())
    assert exact(image, 4, 1)[0, :, 0].tolist() == IN_EIGHT


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0, 0.5, 1], np.float32, [0, 128, 255]),
        ([0, 100, 200.4], np.float32, [0, 100, 200]),
        ([0, 32896, 65535], np.float32, [0, 128, 255]),
        ([-1, 0, 3], np.float32, [0, 64, 255]),
        ([0, np.nan, 1], np.float32, [0, 0, 255]),
        ([0, np.inf, 1], np.float32, [0, 255, 255]),
        ([0, 100, 200], np.int32, [0, 100, 200]),
        ([0, 32896, 65535], np.int32, [0, 128, 255]),
        ([-100, 0, 100_000], np.int32, [0, 0, 255]),
        ([7, 7, 7], np.int32, [7, 7, 7]),
    ],
)
def test_numbers_without_a_range(tmp_path, values, dtype, expected):
    Image.fromarray(np.array([values], dtype)).save(tmp_path / "a.tif")
    assert exact(tmp_path / "a.tif", 3, 1)[0, :, 0].tolist() == expected


def test_large_images_of_other_modes_are_shrunk_in_strips():
    large = photo(2600, 2000).convert("RGBA")
    expected = np.asarray(photo(2600, 2000).resize((26, 20), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(exact(large, 26, 20).astype(int) - expected).max() <= 1


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, BLUE)]
    for suffix in ("gif", "png", "webp", "tif"):
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
        assert np.abs(exact(tmp_path / f"a.{suffix}", 8, 8).astype(int) - RED).max() <= 2


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(9))
def test_exif_orientation(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    photo(60, 40).save(path, exif=exif, **({"quality": 95} if suffix == "jpg" else {}))
    stored = np.asarray(photo(60, 40)).astype(int)
    # What has to be done so that row 0 and column 0 are where the standard says (EXIF 2.32, tag 274).
    upright = {
        2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1], 5: stored.transpose(1, 0, 2),
        6: stored[::-1].transpose(1, 0, 2), 7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: stored[:, ::-1].transpose(1, 0, 2),
    }.get(orientation, stored)  # fmt: skip
    height, width = upright.shape[:2]
    assert np.abs(np.asarray(open_image(path)).astype(int) - upright).mean() < 3
    assert np.abs(exact(path, width, height).astype(int) - upright).mean() < 3


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0" + b"\xff" * 99],
)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_broken_exif_is_ignored(tmp_path, exif, suffix):
    photo().save(tmp_path / f"a.{suffix}", exif=exif)
    assert open_image(tmp_path / f"a.{suffix}").size == (96, 64)
