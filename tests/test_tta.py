"""Test-time augmentation: which views there are, and how their answers become one."""

import io
import math

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl import _tta as test_time
from kerastl.errors import UsageError
from kerastl.images import Resize


@pytest.fixture
def left_red():
    """An image of 64 x 64 pixels, red on the left and blue on the right."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32, 0] = 255
    pixels[:, 32:, 2] = 255
    return pixels


def test_mirror_adds_the_image_from_right_to_left(left_red):
    reader = Resize(8, 8, "squash")
    views = test_time.read_views("mirror", reader, left_red)
    assert views.shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(views[0], reader.read(left_red))
    assert tuple(views[1, 4, 0]) == (0, 0, 255)
    assert tuple(views[1, 4, 7]) == (255, 0, 0)


@pytest.mark.parametrize(("policy", "fraction"), [("crop", 0.5), ("squash", 0.875), ("pad", 0.875), ("keras", 0.875)])
def test_crops_are_the_own_reading_four_corners_and_all_of_them_mirrored(policy, fraction):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    reader = Resize(28, 28, policy, fraction)
    views = test_time.read_views("crops", reader, pixels)
    side = round(28 / fraction)
    large = Resize(side, side, policy, 1.0).read(pixels)
    corners = [large[:28, :28], large[:28, -28:], large[-28:, :28], large[-28:, -28:]]
    expected = np.stack([reader.read(pixels), *corners])
    np.testing.assert_array_equal(views[:5], expected)
    np.testing.assert_array_equal(views[5:], expected[:, :, ::-1])


def test_a_stream_is_read_once(left_red, tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(left_red).save(path)

    class Once:
        def __init__(self):
            self.content = path.read_bytes()

        def read(self, size=-1):
            content, self.content = self.content, b""
            return content

    reader = Resize(8, 8, "crop", 0.875)
    expected = test_time.read_views("crops", reader, path)
    np.testing.assert_array_equal(test_time.read_views("crops", reader, Once()), expected)
    np.testing.assert_array_equal(test_time.read_views("crops", reader, io.BytesIO(path.read_bytes())), expected)


def test_answers_are_the_normalized_geometric_mean():
    first, second = [0.8, 0.2], [0.5, 0.5]
    weights = [math.sqrt(0.8 * 0.5), math.sqrt(0.2 * 0.5)]
    found = test_time.combined(np.array([[first, second]], np.float32))
    np.testing.assert_allclose(found, [[weights[0] / sum(weights), weights[1] / sum(weights)]], rtol=1e-6)


def test_a_temperature_before_or_after_makes_no_difference():
    from kerastl.calibration import _temperature as temperature

    scores = np.random.default_rng(0).dirichlet(np.ones(4), (3, 5)).astype("float32")
    before = test_time.combined(temperature.apply(scores, 2.5))
    np.testing.assert_allclose(before, temperature.apply(test_time.combined(scores), 2.5), rtol=1e-4)


def test_a_score_of_zero_leaves_numbers():
    found = test_time.combined(np.array([[[1, 0], [0, 1]], [[1, 0], [1, 0]]], np.float32))
    np.testing.assert_allclose(found, [[0.5, 0.5], [1, 0]], atol=1e-6)


@pytest.fixture(scope="module")
def corner_model(tmp_path_factory, compiled_cache):
    """A run folder whose model looks at the left half only: it answers by how red that is."""
    import keras

    from kerastl.models import LabelSet
    from kerastl.models import _metadata as metadata

    pixels = keras.Input((8, 8, 3))
    left = keras.layers.Cropping2D(((0, 0), (0, 4)))(keras.layers.Rescaling(1 / 255)(pixels))
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(left)), name="left")
    dense.set_weights([np.array([[4, 0], [0, 0], [0, 4]], "float32"), np.zeros(2, "float32")])
    folder = tmp_path_factory.mktemp("left")
    model.save(folder / metadata.MODEL_FILE)
    described = metadata.Metadata("left", LabelSet(("red", "blue")), Resize(8, 8, "squash"))
    metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
    return folder


@pytest.mark.parametrize("engine", ["litert", "keras"])
def test_a_model_that_sees_one_half_sees_both_in_two_views(corner_model, left_red, engine):
    classifier = kerastl.load(corner_model, engine=engine)
    sure = math.exp(4) / (math.exp(4) + 1)
    # A pixel beside the edge between the colors is a mixture.
    np.testing.assert_allclose(classifier.predict_proba(left_red), [[sure, 1 - sure]], atol=5e-3)
    np.testing.assert_allclose(classifier.predict_proba(left_red, tta="mirror"), [[0.5, 0.5]], atol=5e-3)
    answer = classifier.classify(left_red, tta="mirror")
    assert answer.score == pytest.approx(0.5, abs=5e-3)
    assert answer.as_dict()["tta"] == "mirror"
    assert "tta" not in classifier.classify(left_red).as_dict()
    many = classifier.classify([left_red] * 7, tta="crops")
    assert [answer.score for answer in many] == pytest.approx([0.5] * 7, abs=5e-3)


def test_evaluating_averages_too_and_says_so(corner_model, left_red):
    images = [(left_red, "red"), (left_red[:, ::-1], "blue")]
    files = []
    for number, (pixels, label) in enumerate(images):
        file = corner_model / f"{number}.png"
        Image.fromarray(pixels).save(file)
        files.append((str(file), label))
    np.testing.assert_allclose(kerastl.evaluate(corner_model, files).probabilities.max(axis=1), 0.982, atol=5e-3)
    evaluation = kerastl.evaluate(corner_model, files, tta="mirror")
    np.testing.assert_allclose(evaluation.probabilities, 0.5, atol=5e-3)
    assert "answers are averaged over 2 views of each image (tta mirror)" in evaluation.notes


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"tta": "flip"}, "tta must be None or one of mirror, crops. Received: 'flip'"),
        ({"tta": "mirror", "coverage": 0.9}, "coverage and rejection hold for one view an image only"),
        ({"tta": "mirror", "reject": True}, "coverage and rejection hold for one view an image only"),
    ],
)
def test_what_cannot_be_had_is_named(color_model, left_red, wanted, message):
    with pytest.raises(UsageError, match=message):
        kerastl.load(color_model).classify(left_red, **wanted)


def test_networks_that_take_no_images_are_refused():
    class Sounds:
        kind = "sound"
        shape = (8, 8, 1)

        def describe(self):
            return "sounds of a second"

    with pytest.raises(UsageError, match="tta is for networks that take images, and this one takes sounds of a second"):
        test_time.views_of("mirror", Sounds())


@pytest.mark.parametrize("wanted", [{"corruptions": True}, {"ood_data": "others"}])
def test_corruptions_and_other_things_are_looked_at_once(color_model, wanted):
    with pytest.raises(UsageError, match=r"corruptions and ood_data look at one view an image. Received: tta='mirror'"):
        kerastl.evaluate(color_model, [("a.png", "red")], tta="mirror", **wanted)


def test_numbers_are_averaged_as_they_are():
    found = test_time.combined(np.array([[[2.0], [5.0]], [[-1.0], [1.0]]], np.float32), "linear")
    assert found.tolist() == [[3.5], [0.0]]


def test_labels_are_averaged_by_their_log_odds():
    odds = np.array([[0.5, -2.0], [1.5, 4.0]])
    found = test_time.combined((1 / (1 + np.exp(-odds)))[None].astype(np.float32), "sigmoid")
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds.mean(axis=0)))[None], rtol=1e-5)
