import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from kerastl.duplicates._alignment import placements
from kerastl.duplicates._verification import compare


def recompressed(image, quality):
    stream = io.BytesIO()
    image.save(stream, "jpeg", quality=quality)
    return Image.open(io.BytesIO(stream.getvalue())).convert("RGB")


EDITS = {
    "half": lambda image: image.resize((120, 90)),
    "recompressed": lambda image: recompressed(image, 30),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "turned": lambda image: image.rotate(4, Image.Resampling.BICUBIC),
    "cropped": lambda image: image.crop((30, 10, 222, 154)),
    "squeezed": lambda image: image.resize((150, 180)),
    "a square of the middle": lambda image: image.crop((30, 0, 210, 180)),
    "gray": lambda image: image.convert("L"),
    "much at once": lambda image: recompressed(image.crop((20, 20, 220, 170)).resize((100, 75)).transpose(0), 60),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("turned_round", [False, True])
def test_an_edited_image_is_a_copy(edit, turned_round, a_scene, thumb):
    pair = [thumb(a_scene(1)), thumb(EDITS[edit](a_scene(1)))]
    match = compare(*(reversed(pair) if turned_round else pair))
    assert match is not None
    assert match.mirrored == (edit in ("mirrored", "much at once"))


def test_other_images_are_no_copies(a_scene, thumb):
    images = [thumb(a_scene(seed)) for seed in range(6)]
    assert not [1 for place, one in enumerate(images) for other in images[:place] if compare(one, other)]


def test_where_a_crop_lies_is_found_to_a_fraction_of_a_pixel(a_scene, thumb):
    # 192 x 144 of 240 x 180 pixels, from (30, 10): 0.8 of each side, shifted by 30 / 240 and 10 / 180.
    place = next(iter(placements(thumb(a_scene(1).crop((30, 10, 222, 154))), thumb(a_scene(1)))))
    np.testing.assert_allclose(place.matrix, np.diag([0.8, 0.8]), atol=0.003)
    np.testing.assert_allclose(place.shift, [30 / 240, 10 / 180], atol=0.003)
    assert not place.mirrored


def test_what_was_done_to_a_crop_is_measured(a_scene, thumb):
    crop = thumb(a_scene(1).crop((30, 10, 222, 154)))
    match = compare(crop, thumb(a_scene(1)))
    assert match.extent == pytest.approx(0.64, abs=0.01)
    assert match.inner is True
    assert compare(thumb(a_scene(1)), crop).inner is False


def test_by_how_much_an_image_is_turned_and_darker_is_measured(a_scene, thumb):
    turned = compare(thumb(a_scene(1).rotate(-4, Image.Resampling.BICUBIC)), thumb(a_scene(1)))
    assert abs(turned.angle) == pytest.approx(4, abs=0.2)
    darker = compare(thumb(ImageEnhance.Brightness(a_scene(1)).enhance(0.5)), thumb(a_scene(1)))
    assert darker.gain == pytest.approx(0.5, abs=0.02)
    assert darker.inner is None


def form(words):
    """A form with lines, and where words are, which differ."""
    image = Image.new("RGB", (240, 180), "white")
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(words)
    for line in range(6):
        draw.rectangle((10, 8 + 28 * line, 70, 24 + 28 * line), fill="black")
        draw.rectangle((80, 6 + 28 * line, 230, 26 + 28 * line), outline="black")
        for place in range(90, 220, 12):
            draw.rectangle((place, 10 + 28 * line, place + random.integers(2, 11), 22 + 28 * line), fill="navy")
    return image


def test_forms_with_other_words_are_no_copies(thumb):
    assert compare(thumb(form(1)), thumb(form(2))) is None
    assert compare(thumb(form(1)), thumb(recompressed(form(1), 40))) is not None


def test_drawings_in_other_colors_are_no_copies(thumb):
    def sign(color):
        image = Image.new("RGB", (120, 120), "white")
        ImageDraw.Draw(image).polygon([(60, 10), (110, 100), (15, 80)], fill=color)
        return thumb(image)

    assert compare(sign("red"), sign("blue")) is None
    assert compare(sign("red"), sign("red")) is not None


def test_flat_images_are_not_compared(thumb):
    gray, lighter = (thumb(Image.new("RGB", (64, 64), (level,) * 3)) for level in (90, 91))
    assert compare(gray, lighter) is None


def test_an_image_within_an_other_that_was_changed_in_the_middle_is_no_copy(a_scene, thumb):
    changed = a_scene(1)
    changed.paste(a_scene(7).crop((0, 0, 60, 45)), (90, 60))
    assert compare(thumb(a_scene(1)), thumb(changed)) is None
