"""Color profiles: what the numbers mean is what the network sees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import icc
import numpy as np
import pytest
from PIL import Image
from sample_images import exact, photo

from kerastl.images import Resize, load_pixels, open_image
from kerastl.images import _profiles as profiles


def close(pixels, color):
    return np.abs(pixels.astype(int) - color).max() <= 3


# Colors with well-known coordinates in both spaces: the primaries of sRGB, and its middle gray, of which the linear
# light is 0.2140.
SAME = [
    (icc.P3, (234, 51, 35), (255, 0, 0)),
    (icc.ADOBE, (144, 255, 60), (0, 255, 0)),
    (icc.PROPHOTO, (179, 70, 26), (255, 0, 0)),
    (icc.LINEAR, (55, 55, 55), (128, 128, 128)),
    (icc.SRGB, (200, 100, 50), (200, 100, 50)),
]
NAMES = ["Display P3", "Adobe RGB", "ProPhoto", "linear", "sRGB"]


@pytest.mark.parametrize(("profile", "stored", "meant"), SAME, ids=NAMES)
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_colors_are_what_the_profile_says(tmp_path, profile, stored, meant, suffix):
    path = tmp_path / f"a.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {"quality": 100} if suffix == "jpg" else {}
    Image.new("RGB", (16, 16), stored).save(path, icc_profile=profile, **options)
    assert close(exact(path, 8, 8), meant)
    assert close(np.asarray(open_image(path)), meant)
    assert close(exact(Image.open(path), 8, 8), meant)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_profiles_of_other_modes(tmp_path, mode):
    image = Image.new("RGB", (8, 8), (55, 55, 55))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    image.save(tmp_path / "a.png", icc_profile=icc.LINEAR)
    assert close(exact(tmp_path / "a.png", 8, 8), (128, 128, 128))


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_gray_profiles(tmp_path, mode):
    image = Image.new("L", (8, 8), 55).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.array([[55 * 257, 65535]] * 2, np.uint16))
    image.save(tmp_path / "a.png", icc_profile=icc.GRAY)
    assert close(exact(tmp_path / "a.png", 2, 2)[:, 0], (128, 128, 128))


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_inks_are_what_the_profile_says(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    options = {"quality": 100} if suffix == "jpg" else {}
    Image.new("CMYK", (16, 16), (255, 0, 0, 0)).save(path, icc_profile=icc.CMYK, **options)
    # L* = 50 is a linear light of 0.184, which is 118.9 in sRGB.
    assert close(exact(path, 8, 8), (119, 119, 119))
    assert close(np.asarray(open_image(path)), (119, 119, 119))
    Image.new("CMYK", (16, 16), (0, 0, 0, 0)).save(path, icc_profile=icc.CMYK, **options)
    assert close(exact(path, 8, 8), (255, 255, 255))


def test_images_without_a_profile_or_in_srgb_stay_as_they_are():
    plain = exact(photo(), 96, 64)
    with_profile = photo()
    with_profile.info["icc_profile"] = icc.SRGB
    assert np.array_equal(exact(with_profile, 96, 64), plain)


@pytest.mark.parametrize(
    "profile",
    [
        b"", b"no profile", icc.P3[:200], icc.P3[:128] + b"\xff" * 400, b"\0" * 1000, icc.GRAY,
        icc.P3[:16] + b"CMYK" + icc.P3[20:], icc.P3 + bytes(profiles.MAX_PROFILE_BYTES),
    ],
    ids=["empty", "text", "cut off", "overwritten", "zeros", "for gray", "says CMYK", "too large"],
)  # fmt: skip
def test_broken_and_unfit_profiles_are_ignored(profile):
    image = photo()
    image.info["icc_profile"] = profile
    assert np.array_equal(exact(image, 96, 64), exact(photo(), 96, 64))


@pytest.mark.parametrize(
    ("padding", "meant"),
    [(3 << 20, (255, 0, 0)), (profiles.MAX_PROFILE_BYTES, (234, 51, 35))],
    ids=["honored", "ignored"],
)
def test_large_profiles_in_a_png(tmp_path, padding, meant):
    # Display P3's (234, 51, 35) is the red of sRGB. Pillow gives up images whose profile is above a megabyte.
    Image.new("RGB", (16, 16), (234, 51, 35)).save(tmp_path / "a.png", icc_profile=icc.P3 + bytes(padding))
    assert close(exact(tmp_path / "a.png", 8, 8), meant)
    assert close(np.asarray(open_image(tmp_path / "a.png")), meant)


def test_a_given_image_is_left_alone():
    image = Image.new("RGB", (8, 8), (55, 55, 55))
    image.info["icc_profile"] = icc.LINEAR
    assert open_image(image).getpixel((0, 0)) != (55, 55, 55)
    assert image.getpixel((0, 0)) == (55, 55, 55)
    assert image.info["icc_profile"] == icc.LINEAR


def test_the_keras_policy_ignores_profiles(tmp_path):
    Image.new("RGB", (8, 8), (55, 55, 55)).save(tmp_path / "a.png", icc_profile=icc.LINEAR)
    assert (exact(tmp_path / "a.png", 8, 8, "keras") == 55).all()


def test_threads_share_a_profile():
    images = []
    for stored in range(40):
        image = Image.new("RGB", (64, 64), (stored, stored, stored))
        image.info["icc_profile"] = icc.LINEAR
        images.append(image)
    alone = [load_pixels(image, Resize(8, 8)) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda image: load_pixels(image, Resize(8, 8)), images))
    assert np.array_equal(alone, together)


def test_profiles_are_not_kept_without_limit():
    for number in range(profiles._KEPT + 5):
        image = Image.new("RGB", (2, 2), (55, 55, 55))
        image.info["icc_profile"] = icc.LINEAR + bytes(number)
        exact(image, 2, 2)
    assert profiles._transform.cache_info().currsize == profiles._KEPT
