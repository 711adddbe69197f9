"""Explanations as figures: what is where, whatever the image and the class's name."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kerastl.explaining import Explanation
from kerastl.explaining import _lettering as lettering
from kerastl.explaining._explanation import illustration
from kerastl.images import Resize

GREEN = (0, 160, 0)


def explained(label="cat", values=None, method="occlusion"):
    values = np.zeros((32, 32), np.float32) if values is None else values
    return Explanation("images/a.png", "model", label, 0, 0.5, method, values, np.full((32, 32, 3), 90, np.uint8))


def column(image, x):
    return [image.getpixel((x, y)) for y in range(image.height)]


def test_the_original_stands_beside_the_map():
    image = illustration(explained(), Image.new("RGB", (400, 300), GREEN), Resize(32, 32, "squash"))
    assert image.width == 2 * 400 + 12 + 2 * 14
    assert column(image, 100).count(GREEN) == 300
    assert column(image, 600).count(GREEN) == 0


def test_a_wide_image_stands_above_its_map():
    image = illustration(explained(), Image.new("RGB", (1600, 320), GREEN), Resize(32, 32, "squash"))
    assert image.width == 720 + 2 * 14
    assert column(image, 300).count(GREEN) == 144
    assert image.height > 2 * 144


def test_what_the_network_does_not_see_is_dark():
    image = illustration(explained(), Image.new("RGB", (600, 400), (200, 200, 200)), Resize(32, 32, "crop", 1.0))
    left, middle = (image.getpixel((14 + 600 + 12 + x, 200)) for x in (20, 300))
    # The middle 400 of 600 columns are seen; 70 is 35 % of 200.
    assert left == (70, 70, 70)
    assert min(middle) > 150


def test_a_map_lies_over_what_it_is_of_when_the_image_was_padded():
    values = np.zeros((32, 32), np.float32)
    values[8:24, 0:8] = 1  # the left quarter of an image that is twice as wide as high
    image = illustration(explained(values=values), Image.new("RGB", (200, 100), "white"), Resize(32, 32, "pad"))
    # Enlarged to 400 x 200, one above the other.
    below = [image.getpixel((14 + x, image.height - 150)) for x in (50, 300)]
    assert below[0][0] > below[0][2] + 50  # orange
    assert max(below[1]) - min(below[1]) < 5  # gray


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (3, 900)])
@pytest.mark.parametrize("policy", ["crop", "squash", "pad", "keras"])
def test_any_size_is_drawn(size, policy):
    image = illustration(explained(method="gradcam"), Image.new("RGB", size, "red"), Resize(32, 32, policy))
    assert min(image.size) > 50
    assert max(image.size) < 1600


def test_without_the_original_the_pixels_are_enlarged():
    assert illustration(explained()).width == 2 * 384 + 12 + 2 * 14


@pytest.mark.parametrize(
    "label", ["猫", "cat 🐱", "[bold]x[/]", "$\\frac{a}{b}$", "a\nb\x1b[31m", "مرحبا", "x" * 5000, "", "\udcff"]
)
def test_any_name_is_drawn_within_the_figure_and_the_score_with_it(label):
    image = illustration(explained(label))
    score = illustration(explained(""))
    assert image.size == score.size
    # Something stands where the title is, and nothing in the margins.
    title = np.asarray(image.convert("L"))[:44]
    assert (title < 128).any()
    assert (title[:, -10:] == 255).all()


def drawn(text, width=400):
    image = Image.new("RGB", (width, 40), "white")
    lettering.Line(text, 22, "black").draw(ImageDraw.Draw(image), (0, 0), width)
    return np.asarray(image)


def test_letters_that_no_font_has_are_escaped(monkeypatch):
    monkeypatch.setattr(lettering, "system_fonts", lambda: ())
    lettering._font_with.cache_clear()
    np.testing.assert_array_equal(drawn("a\uf8ffb"), drawn("a\\uf8ffb"))
    lettering._font_with.cache_clear()


def test_letters_are_taken_from_fonts_of_the_system(monkeypatch):
    dejavu = lettering.base_font()
    monkeypatch.setattr(lettering, "base_font", lambda: dejavu.replace("DejaVuSans.ttf", "cmr10.ttf"))
    monkeypatch.setattr(lettering, "system_fonts", lambda: ("no font", dejavu))
    lettering._font_with.cache_clear()
    assert lettering._font_with("a").endswith("cmr10.ttf")
    assert lettering._font_with("ж") == dejavu
    assert lettering._font_with("猫") is None
    assert (drawn("ж") < 128).any()
    lettering._font_with.cache_clear()


def test_a_long_name_ends_with_an_ellipsis():
    assert lettering._shortened("x" * 5000, 22, 300).endswith("x...")
    assert lettering._shortened("short", 22, 300) == "short"
