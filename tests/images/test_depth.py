"""Files of 16 bits of which fewer are significant: white is where a person sees it."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from functools import partial

import numpy as np
import pytest
from PIL import Image
from sample_images import exact, reason

from kerastl.errors import UsageError
from kerastl.images import Resize, load_pixels, open_image
from kerastl.images import _depth as depth
from kerastl.images._depth import BITS, common_bits, significant_bits, white_of_all

GRAYS = np.linspace(10, 250, 60).round().astype(np.uint32).reshape(6, 10)
COLORS = np.stack([GRAYS, GRAYS[::-1], GRAYS[:, ::-1]], -1)


def in_bits(grays, bits):
    return (grays * (2**bits - 1) / 255).round().astype(np.uint16)


def color_png(values, *, before=b""):
    """A PNG of 16 bits a channel, which Pillow does not write."""
    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(header, zlib.compress(rows), before)


def png(header, data, before=b""):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    between = chunk(b"sBIT", before) if before else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + between + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def color_tiff(values, order="<", *, packed=False, planes=False):
    """A TIFF of 16 bits a channel, perhaps compressed, perhaps with a plane for each channel."""
    height, width, channels = values.shape
    values = values.astype(f"{order}u2")
    parts = [values[..., channel].tobytes() for channel in range(channels)] if planes else [values.tobytes()]
    parts = [zlib.compress(part) for part in parts] if packed else parts
    lists = 8 + 2 + 12 * 10 + 4
    first = lists + 2 * channels + 8 * len(parts)
    starts = [first + sum(map(len, parts[:number])) for number in range(len(parts))]
    many = len(parts) > 1
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, lists), (259, 3, 1, 8 if packed else 1),
        (262, 3, 1, 2), (273, 4, len(parts), lists + 2 * channels if many else first), (277, 3, 1, channels),
        (278, 4, 1, height), (279, 4, len(parts), first - 4 * len(parts) if many else len(parts[0])),
        (284, 3, 1, 2 if planes else 1),
    ]  # fmt: skip
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    for tag, kind, count, value in tags:
        written = struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value)
        data += struct.pack(f"{order}HHI", tag, kind, count) + written
    data += struct.pack(f"{order}I{channels}H", 0, *[16] * channels)
    return data + struct.pack(f"{order}{2 * len(parts)}I", *starts, *map(len, parts)) + b"".join(parts)


@pytest.mark.parametrize("bits", [16, 15, 14, 13, 12, 11, 10, 9, 8])
@pytest.mark.parametrize("suffix", ["png", "tif", "jp2"])
def test_grays_are_as_bright_as_in_8_bits(tmp_path, bits, suffix):
    Image.fromarray(in_bits(GRAYS, bits)).save(tmp_path / f"a.{suffix}")
    pixels = exact(tmp_path / f"a.{suffix}", 10, 6).astype(int)
    assert np.abs(pixels - GRAYS[..., None]).max() <= 1


@pytest.mark.parametrize("bits", [16, 14, 12, 10])
@pytest.mark.parametrize(
    "file",
    [color_png, color_tiff, partial(color_tiff, order=">"), partial(color_tiff, packed=True),
     partial(color_tiff, order=">", packed=True)],
    ids=["png", "II", "MM", "II packed", "MM packed"],
)  # fmt: skip
def test_colors_are_as_bright_as_in_8_bits(bits, file):
    pixels = exact(io.BytesIO(file(in_bits(COLORS, bits))), 10, 6).astype(int)
    assert np.abs(pixels - COLORS).max() <= 1


def test_colors_with_transparency_are_as_bright_as_in_8_bits():
    alpha = np.full((6, 10, 1), 65535, np.uint16)
    alpha[0] = 0
    pixels = exact(io.BytesIO(color_png(np.concatenate([in_bits(COLORS, 12), alpha], -1))), 10, 6).astype(int)
    assert (pixels[0] == 255).all()
    assert np.abs(pixels[1:] - COLORS[1:]).max() <= 1


def test_grays_with_transparency_are_as_bright_as_in_8_bits():
    values = np.stack([in_bits(GRAYS, 12), np.full((6, 10), 65535, np.uint16)], -1)
    values[0, :, 1] = 0
    pixels = exact(io.BytesIO(color_png(values)), 10, 6).astype(int)
    assert (pixels[0] == 255).all()
    assert np.abs(pixels[1:] - GRAYS[1:, :, None]).max() <= 1


def test_dark_colors_in_compressed_planes_are_refused():
    data = color_tiff(in_bits(COLORS, 12), packed=True, planes=True)
    assert reason(io.BytesIO(data)) == (
        "too dark: 16 bits a color in separate planes; save it with the colors together, or uncompressed"
    )
    pixels = exact(io.BytesIO(color_tiff(in_bits(COLORS, 16), packed=True, planes=True)), 10, 6).astype(int)
    assert np.abs(pixels - COLORS).max() <= 1


@pytest.mark.parametrize("bits", [16, 12])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colors_in_planes_are_as_bright_as_in_8_bits(bits, order, channels):
    values = in_bits(COLORS, bits)
    if channels == 4:
        values = np.concatenate([values, np.full((6, 10, 1), 65535, np.uint16)], -1)
    pixels = exact(io.BytesIO(color_tiff(values, order, planes=True)), 10, 6).astype(int)
    assert np.abs(pixels - COLORS).max() <= 1


def test_hot_pixels_do_not_make_colors_black():
    values = in_bits(np.resize(COLORS, (200, 200, 3)), 10)
    values[7, 7] = 65535
    pixels = exact(io.BytesIO(color_png(values)), 200, 200).astype(int)
    assert (pixels[7, 7] == 255).all()
    assert np.abs(np.delete(pixels - np.resize(COLORS, (200, 200, 3)), 7, 0)).max() <= 1


@pytest.mark.parametrize("bits", [16, 12])
def test_a_tiff_whose_white_is_zero(tmp_path, bits):
    Image.fromarray(2**bits - 1 - in_bits(GRAYS, bits)).save(tmp_path / "a.tif", tiffinfo={262: 0})
    pixels = exact(tmp_path / "a.tif", 10, 6).astype(int)
    assert np.abs(pixels - GRAYS[..., None]).max() <= 1


def test_a_tiff_of_32_bits_without_sign():
    values = GRAYS.astype(np.uint32) * 16_843_009  # 255 becomes 2 ** 32 - 1
    buffer = io.BytesIO()
    Image.fromarray(values.view(np.int32)).save(buffer, "TIFF")
    signed, unsigned = (struct.pack("<HHIHH", 339, 3, 1, number, 0) for number in (2, 1))
    assert signed in buffer.getvalue()
    pixels = exact(buffer.getvalue().replace(signed, unsigned), 10, 6)
    # Beyond 16 bits the smallest number is black and the largest white.
    expected = (GRAYS.astype(float) - GRAYS.min()) * 255 / (GRAYS.max() - GRAYS.min())
    assert np.abs(pixels - expected[..., None]).max() <= 1


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I", "F"])
def test_images_in_memory_are_as_bright_as_in_8_bits(mode):
    values = in_bits(GRAYS, 12)
    dtype = {"I;16B": ">u2", "I": "<i4", "F": "<f4"}.get(mode, "<u2")
    image = Image.frombytes(mode, (10, 6), values.astype(dtype).tobytes())
    assert np.abs(exact(image, 10, 6).astype(int) - GRAYS[..., None]).max() <= 1


@pytest.mark.parametrize("values", [in_bits(GRAYS, 12), in_bits(COLORS, 12), in_bits(GRAYS, 12).astype(np.int64)])
def test_arrays_are_as_bright_as_in_8_bits(values):
    expected = GRAYS[..., None] if values.ndim == 2 else COLORS
    assert np.abs(exact(values, 10, 6).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("source", [in_bits(GRAYS, 10), in_bits(COLORS, 10)], ids=["gray", "color"])
def test_a_model_has_one_white_level_for_all(source):
    # 10 bits are a quarter of 12: a dark image of a data set of 12 bits stays dark.
    file = source if source.ndim == 2 else io.BytesIO(color_png(source))
    pixels = load_pixels(file, Resize(6, 10, "squash", white_level=4095)).astype(int)
    grays = GRAYS[..., None] if source.ndim == 2 else COLORS
    assert np.abs(pixels - grays / 4).max() <= 1
    dark = open_image(file, target=Resize(6, 10, "squash", white_level=4095))
    assert np.abs(np.asarray(dark).astype(int) - grays / 4).max() <= 1


def test_what_is_brighter_than_a_models_white_is_white():
    pixels = load_pixels(in_bits(GRAYS, 16), Resize(6, 10, "squash", white_level=4095))
    assert (pixels[GRAYS > 16] == 255).all()


def test_8_bits_have_no_white_level():
    pixels = load_pixels(GRAYS.astype(np.uint8), Resize(6, 10, "squash", white_level=65535))
    assert (pixels == GRAYS[..., None]).all()


def test_8_bits_widened_to_16_are_not_brightened():
    dark = (GRAYS // 8 * 257).astype(np.uint16)
    assert (exact(dark, 10, 6) == GRAYS[..., None] // 8).all()


def test_one_hot_pixel_does_not_make_the_image_black(tmp_path):
    values = in_bits(np.resize(GRAYS, (200, 200)), 10)
    values[7, 7] = 65535
    Image.fromarray(values).save(tmp_path / "a.png")
    pixels = exact(tmp_path / "a.png", 200, 200).astype(int)[..., 0]
    assert pixels[7, 7] == 255
    assert np.abs(np.delete(pixels - np.resize(GRAYS, (200, 200)), 7, 0)).max() <= 1


@pytest.mark.parametrize("colors", [False, True])
def test_one_hot_pixel_does_not_make_a_small_image_black(colors):
    values = in_bits(np.resize(COLORS if colors else GRAYS, (50, 50, 3) if colors else (50, 50)), 10)
    values[7, 7] = 65535
    assert significant_bits([values]) == 10


def test_a_few_bright_pixels_count_if_they_are_not_far_brighter():
    values = np.full((200, 200), 1000, np.uint16)
    values[0, 0] = 1500
    assert significant_bits([values]) == 11
    values[0, 0] = 2500
    assert significant_bits([values]) == 10


def test_what_a_png_says_of_its_bits_goes_first():
    header = struct.pack(">IIBBBBB", 4, 1, 16, 0, 0, 0, 0)

    def pixels(values, said):
        data = zlib.compress(b"\0" + np.array(values, ">u2").tobytes())
        return exact(io.BytesIO(png(header, data, said)), 4, 1)[0, :, 0].tolist()

    # 12 bits, the brightest a quarter of white; and 12 bits shifted up as the standard wants them, at a quarter too.
    assert pixels([0, 256, 512, 1023], b"\x0c") == [0, 16, 32, 64]
    assert pixels([0, 4096, 8192, 16384], b"\x0c") == [0, 16, 32, 64]
    assert pixels([0, 256, 512, 1023], b"") == [0, 64, 128, 255]


def test_what_a_tiff_says_of_its_bits_goes_first(tmp_path):
    values = np.array([[0, 256, 512, 1023]], np.uint16)

    def pixels(**tags):
        Image.fromarray(values).save(tmp_path / "a.tif", **tags)
        return exact(tmp_path / "a.tif", 4, 1)[0, :, 0].tolist()

    assert pixels(tiffinfo={281: 4095}) == [0, 16, 32, 64]
    assert pixels(tiffinfo={281: 3000}) == [0, 16, 32, 64]
    assert pixels(tiffinfo={281: 65535}) == [0, 64, 128, 255]


@pytest.mark.parametrize("white", [None, 1023, 65535])
def test_a_tiff_of_12_bits_has_a_white_of_its_own(white):
    tags = [
        (256, 4, 1, 4), (257, 4, 1, 1), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 122),
        (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 1, 6),
    ]  # fmt: skip
    data = b"II*\0" + struct.pack("<IH", 8, 9) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    data += bytes.fromhex("000100 2003ff")  # 0x000, 0x100, 0x200, 0x3ff
    pixels = load_pixels(data, Resize(1, 4, "squash", white_level=white))
    assert pixels[0, :, 0].tolist() == [0, 16, 32, 64]


def test_floats_may_leave_their_range_a_little():
    for numbers in ([0, 0.5, 1.0000002], [0, 128, 255.3]):
        image = Image.fromarray(np.array([numbers], np.float32))
        assert exact(image, 3, 1)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("plain", [False, True])
def test_what_a_pgm_says_of_its_white_goes_first(tmp_path, plain):
    numbers = [0, 256, 512, 1023]
    data = " ".join(map(str, numbers)).encode() if plain else np.array(numbers, ">u2").tobytes()
    (tmp_path / "a.pgm").write_bytes((b"P2" if plain else b"P5") + b" 4 1 4095\n" + data)
    for white in (None, 1023):
        pixels = load_pixels(tmp_path / "a.pgm", Resize(1, 4, "squash", white_level=white))
        assert pixels[0, :, 0].tolist() == [0, 16, 32, 64]


def test_the_keras_policy_reads_16_bits_as_keras_does(tmp_path):
    Image.fromarray(in_bits(GRAYS, 12)).save(tmp_path / "a.png")
    expected = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    pixels = load_pixels(tmp_path / "a.png", Resize(6, 10, "keras", white_level=4095))
    assert np.array_equal(pixels, expected)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ([], None),
        ([0, 0], None),
        ([0, 12, 10], 12),
        ([16, 12], 16),
        ([12] * 200 + [16], 12),  # from another camera
        ([12] * 200 + [13], 13),
        ([12] * 200 + [16] * 3, 16),
    ],
)
def test_the_white_level_of_a_data_set(bits, expected):
    assert common_bits(bits) == expected
    assert white_of_all(bits) == (None if expected is None else 2**expected - 1)


def test_bits_are_told(tmp_path):
    Image.fromarray(in_bits(GRAYS, 12)).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").info[BITS] == 12
    assert open_image(io.BytesIO(color_png(in_bits(COLORS, 14)))).info[BITS] == 14
    assert BITS not in open_image(Image.fromarray(GRAYS.astype(np.uint8))).info


@pytest.mark.parametrize("white", [0, 254, 65536, 4095.0, True, "4095"])
def test_a_white_level_out_of_range_is_named(white):
    with pytest.raises(UsageError, match="white_level must be None or a whole number from 255 to 65535"):
        Resize(8, 8, white_level=white)


@pytest.fixture(autouse=True)
def said(monkeypatch, caplog):
    """What has been said since the test began."""
    monkeypatch.setattr(depth, "_said", set())
    monkeypatch.setattr(logging.getLogger("kerastl"), "propagate", True)
    return lambda: [record.getMessage() for record in caplog.records]


def gray_png(values):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def read(source, white):
    load_pixels(source, Resize(6, 10, "squash", white_level=white))


@pytest.mark.parametrize(
    "made",
    [
        lambda bits: gray_png(in_bits(GRAYS, bits)), lambda bits: color_png(in_bits(COLORS, bits)),
        lambda bits: in_bits(GRAYS, bits), lambda bits: Image.fromarray(in_bits(GRAYS, bits)),
    ],
    ids=["gray", "color", "array", "PIL"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("bits", "white", "how"),
    [(16, 4095, depth.BRIGHTER), (12, 65535, depth.DARKER), (8, 4095, depth.DARKER), (12, 4095, ""),
     (11, 4095, ""), (13, 65535, ""), (16, 65535, "")],
)  # fmt: skip
def test_another_depth_is_said_once(said, made, bits, white, how):
    for _ in range(2):
        read(made(bits), white)
    messages = said()
    assert len(messages) == bool(how)
    assert all(f": {how} for a model to which {white} is white" in message for message in messages)


def test_the_file_is_named(said, tmp_path):
    Image.fromarray(in_bits(GRAYS, 16)).save(tmp_path / "a\n.png")
    read(tmp_path / "a\n.png", 4095)
    assert said()[0].startswith(f"{tmp_path}/a\\n.png: too bright, and cut off,")


def test_floats_that_are_no_numbers_are_passed_over(said):
    values = in_bits(GRAYS, 12).astype(np.float32)
    values[0, :2] = np.nan, np.inf
    read(Image.fromarray(values), 4095)
    assert not said()
    read(Image.fromarray(values), 65535)
    assert len(said()) == 1


def test_hot_pixels_and_images_of_8_bits_fit(said):
    values = in_bits(np.resize(GRAYS, (200, 200)), 12)
    values[7, 7] = 65535
    read(gray_png(values), 4095)
    read(GRAYS.astype(np.uint8), 65535)
    read(np.zeros((6, 10), np.uint16), 65535)
    assert not said()
