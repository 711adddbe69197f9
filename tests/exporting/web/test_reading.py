"""Images as the page reads them, compared with `kerastl.load_pixels`: pixel by pixel."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

import kerastl
from kerastl.images import RESIZE_POLICIES, Resize


def photo(width, height):
    """Waves of several lengths and noise, with few colors at the ends of their range."""
    down, across = np.mgrid[:height, :width]
    waves = [np.sin(across / 7 + down / 31), np.cos(down / 11 - across / 53), np.sin(across * down / 3000)]
    noise = np.random.default_rng(0).normal(0, 10, (height, width, 3))
    return Image.fromarray((127 + 90 * np.stack(waves, -1) + noise).clip(0, 255).astype(np.uint8))


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def off_by(read, content, resize):
    """How far the page's pixels are from Python's: the largest difference, and the mean one."""
    found = read(content, resize)
    assert isinstance(found, np.ndarray), found
    difference = np.abs(found.astype(int) - kerastl.load_pixels(content, resize))
    return difference.max(), difference.mean()


@pytest.mark.parametrize("policy", RESIZE_POLICIES)
@pytest.mark.parametrize("size", [(300, 200), (97, 251), (20, 31), (64, 96), (1301, 903)], ids=str)
def test_pixels_are_those_of_python(read, policy, size):
    # Larger and smaller than wanted, high and wide, and so large that blocks are averaged first.
    assert off_by(read, encoded(photo(*size)), Resize(64, 96, policy)) == (0, 0)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "WEBP", "AVIF"])
def test_every_format_of_the_web_is_read_as_in_python(read, kind):
    # Two libraries that decode the same file may round differently.
    assert off_by(read, encoded(photo(150, 100), kind), Resize(64, 96))[0] <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_followed(read, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(photo(181, 120), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    assert off_by(read, content, Resize(48, 64))[0] <= 1
    assert off_by(read, content, Resize(48, 64, "keras"))[0] <= 1  # which leaves it lying


def test_broken_exif_is_no_reason_to_give_an_image_up(read):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(photo(80, 60), "JPEG", exif=exif)
    place = content.index(b"Exif\0\0") + 6
    broken = content[: place + 4] + b"\xff\xff\xff\xff" + content[place + 8 :]
    assert off_by(read, broken, Resize(32, 32))[0] <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_gray_palettes_and_transparency_are_followed(read, mode):
    image = photo(150, 100).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    assert off_by(read, encoded(image.convert(mode)), Resize(64, 96))[0] <= 1


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(641, 480), (1030, 770)], ids=str)
def test_large_jpegs_differ_by_rounding_only(read, subsampling, size):
    # Python decodes them at a half or a quarter of their size, of which the page knows only the full one.
    content = encoded(photo(*size), "JPEG", quality=90, subsampling=subsampling)
    largest, mean = off_by(read, content, Resize(64, 96))
    assert largest <= 3
    assert mean < 0.35


# Colors of Display P3, as its profiles have them for the white of D50.
P3 = {"r": (0.51512, 0.2412, -0.00105), "g": (0.29198, 0.69225, 0.04189), "b": (0.1571, 0.06657, 0.78407)}
CURVES = {
    "as in sRGB": None,
    "2.2": b"curv" + struct.pack(">4xIH", 1, round(2.2 * 256)),
    "straight": b"curv" + struct.pack(">4xI", 0),
    "a table": b"curv" + struct.pack(">4xI6H", 6, 0, 1638, 9175, 22937, 42598, 65535),
    "a power": b"para" + struct.pack(">4xHxxi", 0, round(1.8 * 65536)),
}


def profile(colors=None, curve=None):
    """The profile of sRGB, with other colors and another curve in their places."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", content, 128)
    places = {
        bytes(content[at : at + 4]): struct.unpack_from(">I", content, at + 4)[0]
        for at in range(132, 132 + 12 * count, 12)
    }
    for channel, color in (colors or {}).items():
        struct.pack_into(">3i", content, places[f"{channel}XYZ".encode()] + 8, *(round(65536 * each) for each in color))
    if curve is not None:
        for channel in "rgb":
            place = places[f"{channel}TRC".encode()]
            content[place : place + len(curve)] = curve
    return bytes(content)


@pytest.mark.parametrize("curve", CURVES)
def test_color_profiles_become_srgb(read, curve):
    icc = profile(P3, CURVES[curve])
    content = encoded(photo(150, 100), icc_profile=icc)
    changed = np.abs(
        kerastl.load_pixels(content, Resize(64, 96)).astype(int)
        - kerastl.load_pixels(encoded(photo(150, 100)), Resize(64, 96))
    )
    assert changed.max() > 10  # so that the profile matters at all
    assert off_by(read, content, Resize(64, 96)) == (0, 0)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_profiles_are_found_in_every_format(read, kind):
    content = encoded(photo(150, 100), kind, icc_profile=profile(P3))
    assert off_by(read, content, Resize(64, 96))[0] <= 1


def test_a_profile_and_an_orientation_go_together(read):
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "WEBP"):
        assert off_by(read, encoded(photo(150, 100), kind, icc_profile=profile(P3), exif=exif), Resize(64, 96))[0] <= 1


def test_a_profile_of_srgb_or_a_broken_one_changes_nothing(read):
    plain = encoded(photo(150, 100))
    expected = kerastl.load_pixels(plain, Resize(64, 96))
    for icc in (profile(), profile(P3)[:300]):
        np.testing.assert_array_equal(read(encoded(photo(150, 100), icc_profile=icc), Resize(64, 96)), expected)


def gray_profile(gamma):
    """A profile of gray, with a curve and nothing else."""
    curve = b"curv" + struct.pack(">4xIHxx", 1, round(256 * gamma))
    white = b"XYZ " + struct.pack(">4x3i", 63190, 65536, 54061)
    tags = (
        struct.pack(">I", 2)
        + b"kTRC"
        + struct.pack(">2I", 156, len(curve))
        + b"wtpt"
        + struct.pack(">2I", 172, len(white))
    )
    content = bytearray(profile()[:128]) + tags + curve + white
    content[16:20] = b"GRAY"
    struct.pack_into(">I", content, 0, len(content))
    return bytes(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_profiles_of_gray_are_followed(read, kind):
    plain = encoded(photo(150, 100).convert("L"), kind)
    content = encoded(photo(150, 100).convert("L"), kind, icc_profile=gray_profile(1.4))
    expected = kerastl.load_pixels(content, Resize(64, 96)).astype(int)
    assert np.abs(expected - kerastl.load_pixels(plain, Resize(64, 96))).max() > 10
    assert off_by(read, content, Resize(64, 96))[0] <= 1


@pytest.mark.parametrize(("mode", "icc"), [("L", profile(P3)), ("RGB", gray_profile(1.4))], ids=["gray", "colors"])
def test_a_profile_for_another_kind_of_image_says_nothing(read, mode, icc):
    image = photo(150, 100).convert(mode)
    expected = kerastl.load_pixels(encoded(image), Resize(64, 96))
    np.testing.assert_array_equal(read(encoded(image, icc_profile=icc), Resize(64, 96)), expected)


def test_the_policy_of_keras_follows_no_profile(read):
    assert off_by(read, encoded(photo(150, 100), icc_profile=profile(P3)), Resize(64, 96, "keras")) == (0, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"no image at all", "no image, or a broken one; try JPEG or PNG"),
        (encoded(photo(90, 60), "JPEG")[:900], "JPEG that is broken"),
        (encoded(photo(20, 20), "TIFF"), "TIFF that is broken or that this browser cannot read; try JPEG or PNG"),
        (b"%PDF-1.7 and so on", "PDF that is broken"),
        (encoded(Image.fromarray(np.full((20, 20), 900, np.uint16))), "16 bits a channel, of which browsers keep 8"),
    ],
    ids=["empty", "text", "cut off", "TIFF", "PDF", "16 bits"],
)
def test_what_cannot_be_read_is_told_why(read, content, reason):
    assert reason in read(content, Resize(32, 32))


def test_a_file_that_is_too_large_is_not_decoded(scripts):
    said = scripts.evaluate(
        "kerastl.reading.read(new Blob([new Uint8Array(256 * 2 ** 20 + 1)]), {}).catch((error) => error.message)"
    )
    assert said == "too large: a file of more than 256 MiB"


def test_this_browser_shows_pixels_as_they_are(scripts):
    assert scripts.evaluate("kerastl.reading.pixelsAreTrue()") is True


def test_a_browser_that_blurs_pixels_is_found_out(scripts):
    blurred = """
    (() => {
      const kept = CanvasRenderingContext2D.prototype.getImageData;
      CanvasRenderingContext2D.prototype.getImageData = function (...box) {
        const seen = kept.apply(this, box);
        seen.data[5] ^= 1;
        return seen;
      };
      try { return kerastl.reading.pixelsAreTrue(); }
      finally { CanvasRenderingContext2D.prototype.getImageData = kept; }
    })()
    """
    assert scripts.evaluate(blurred) is False
