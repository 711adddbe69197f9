import io
import threading

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.errors import ImageError, UsageError
from kerastl.explaining._overlay import overlay
from kerastl.inference._engine_registry import AUTO_ORDER

HALF_RED = np.zeros((32, 32, 3), np.uint8)
HALF_RED[:, :16] = (255, 0, 0)


@pytest.fixture(scope="module", params=AUTO_ORDER)
def classifier(request, color_model):
    return kerastl.load(color_model, engine=request.param)


def test_the_best_class_is_explained(classifier):
    found = classifier.explain(HALF_RED)
    assert (found.path, found.model, found.label, found.index, found.method) == (None, "colors", "red", 0, "gradcam")
    assert found.score == pytest.approx(classifier.classify(HALF_RED).score)
    # The network means the red channel, so the map is the red channel.
    np.testing.assert_allclose(found.map, HALF_RED[..., 0] / 255, atol=1e-6)
    np.testing.assert_array_equal(found.pixels, HALF_RED)


@pytest.mark.parametrize("label", ["blue", "Blue", 2])
def test_a_class_can_be_named(classifier, label):
    found = classifier.explain(HALF_RED, label)
    assert (found.label, found.index) == ("blue", 2)
    assert found.score == pytest.approx(classifier.predict_proba(HALF_RED)[0, 2])
    assert not found.map.any()


@pytest.mark.parametrize(
    ("label", "message"),
    [("redd", "did you mean red"), ("", "there are red, green, blue"), (3, "0 to 2"), (-1, "0 to 2"), (True, "0 to 2")],
)
def test_a_class_that_is_not_there_is_named(classifier, label, message):
    with pytest.raises(UsageError, match=message):
        classifier.explain(HALF_RED, label)


def test_integrated_gradients_add_up_to_the_score(classifier):
    # Scores before the softmax are ten times the channels' means: 10, 0 and 2 here, and 5 each for the gray image.
    image = np.full((32, 32, 3), (255, 0, 51), np.uint8)
    for label, score in (("red", 10.0), ("green", 0.0), ("blue", 2.0)):
        for method in ("integrated-gradients", "idgi"):
            assert classifier.explain(image, label, method).map.sum() == pytest.approx(score - 5.0, abs=1e-3)


def test_images_that_cannot_be_read_are_image_errors(classifier, tmp_path):
    with pytest.raises(ImageError, match=r"no\.jpg"):
        classifier.explain(tmp_path / "no.jpg")
    with pytest.raises(UsageError, match="one image is wanted"):
        classifier.explain(["a", "list"])


def test_the_overlay_is_upright_as_the_network_sees_it(classifier, tmp_path):
    stored = Image.fromarray(HALF_RED)  # red at the left; orientation 6 turns it to the top
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / "turned.png", exif=exif)
    found = classifier.explain(tmp_path / "turned.png")
    assert found.path == str(tmp_path / "turned.png")
    painted = np.asarray(found.overlay(), int)
    assert painted.shape == (32, 32, 3)
    plasma_end = (240, 249, 33)  # where the map is 1
    assert np.abs(painted[4] - plasma_end).mean() < np.abs(painted[4] - (255, 0, 0)).mean()
    assert (painted[-4] == 0).all()  # the map is 0: the image


def test_the_network_is_built_once(color_model, monkeypatch):
    classifier = kerastl.load(color_model, engine="litert")
    calls = []
    build = classifier.keras_model
    monkeypatch.setattr(classifier, "keras_model", lambda: (calls.append(1), build())[1])
    classifier.explain(HALF_RED, method="occlusion")
    assert not calls
    for method in ("gradcam", "idgi", "gradcam"):
        classifier.explain(HALF_RED, method=method)
    assert len(calls) == 1


def test_threads_get_the_same_maps(classifier):
    expected = classifier.explain(HALF_RED).map
    found = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: classifier.explain(HALF_RED).map})) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for values in found.values():
        np.testing.assert_array_equal(values, expected)


def test_notebooks_show_the_overlay(classifier):
    found = classifier.explain(HALF_RED)
    shown = np.asarray(Image.open(io.BytesIO(found._repr_png_())))
    np.testing.assert_array_equal(shown, np.asarray(found.overlay()))
    # exp(5) / (exp(5) + 2)
    assert "red 98.7 % by gradcam" in found._repr_html_()
    assert "data:image/png;base64," in found._repr_html_()


def test_html_is_escaped(classifier):
    from dataclasses import replace

    shown = replace(classifier.explain(HALF_RED), path="<b>'\"", label="<i>")._repr_html_()
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "&lt;b&gt;&#x27;&quot;" in shown


def test_signs_are_orange_and_blue():
    values = np.zeros((20, 20), np.float32)
    values[:, :5], values[:, -5:] = 3.0, -3.0
    painted = np.asarray(overlay(np.full((20, 20, 3), 128, np.uint8), values, signed=True), int)
    left, middle, right = painted[10, 2], painted[10, 10], painted[10, -2]
    assert left[0] > left[2] + 100
    assert right[2] > right[0] + 100
    assert np.ptp(middle) == 0
    unsigned = np.asarray(overlay(np.full((20, 20, 3), 128, np.uint8), values, signed=False), int)
    np.testing.assert_array_equal(unsigned[:, :4], unsigned[:, -4:])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (300, 5)])
@pytest.mark.parametrize("signed", [True, False])
def test_maps_of_any_size_are_painted(shape, signed):
    for fill in (0.0, 1e-30, 1e6):
        painted = overlay(np.zeros((*shape, 3), np.uint8), np.full(shape, fill, np.float32), signed=signed)
        assert painted.size == shape[::-1]
