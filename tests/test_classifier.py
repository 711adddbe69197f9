import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.errors import ImageError, ModelError, UsageError, WeightsError
from kerastl.inference._engine_registry import AUTO_ORDER

PURE = math.exp(10) / (math.exp(10) + 2)
RED = np.full((32, 32, 3), (255, 0, 0), np.uint8)
BLUE = np.full((32, 32, 3), (0, 0, 255), np.uint8)


@pytest.fixture(scope="module", params=AUTO_ORDER)
def classifier(request, color_model):
    return kerastl.load(color_model, engine=request.param)


def test_one_image_gives_one_result(classifier, image):
    path = image("a.png", "red")
    result = classifier.classify(path, top=2)
    assert (result.path, result.model) == (str(path), "colors")
    assert [p.label for p in result.predictions] == ["red", "green"]
    assert result.score == pytest.approx(PURE, abs=1e-6)
    assert result.predictions[0].wnid is None


def test_every_kind_of_image_is_taken(classifier, image):
    path = image("a.png", "blue")
    for one in (path, str(path), bytes(path), Image.open(path), BLUE):
        assert classifier.classify(one).label == "blue"


def test_a_pil_image_from_a_file_keeps_its_path(classifier, image):
    path = image("a.png", "blue")
    assert classifier.classify(Image.open(path)).path == str(path)
    assert classifier.classify(Image.new("RGB", (9, 9))).path is None


def test_many_images_give_a_list_in_order(classifier, image):
    colors = ["red", "green", "blue", "blue", "red"] * 9
    named = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
    paths = [image(f"{n}.png", named[color]) for n, color in enumerate(colors)]
    results = classifier.classify(paths, top=1)
    assert isinstance(results, list)
    assert [r.label for r in results] == colors
    assert [r.path for r in results] == [str(path) for path in paths]


def test_an_array_of_images_is_many(classifier):
    assert [r.label for r in classifier.classify(np.stack([RED, BLUE, RED]))] == ["red", "blue", "red"]


def test_an_endless_iterable_is_streamed(classifier):
    def endless():
        while True:
            yield RED
            yield BLUE

    results = classifier.classify(endless(), top=1)
    assert [next(results).label for _ in range(5)] == ["red", "blue", "red", "blue", "red"]
    results.close()


def test_no_images_give_no_results(classifier):
    assert classifier.classify([]) == []
    assert classifier.predict_proba([]).shape == (0, 3)


def test_probabilities_are_those_of_the_softmax(classifier):
    scores = classifier.predict_proba([RED, np.zeros_like(RED)])
    assert scores.dtype == np.float32
    assert scores[0] == pytest.approx([PURE, (1 - PURE) / 2, (1 - PURE) / 2], abs=1e-6)
    assert scores[1] == pytest.approx([1 / 3] * 3, abs=1e-6)
    assert classifier.predict_proba(RED).shape == (1, 3)


def test_an_image_that_cannot_be_read_is_raised_or_returned(classifier, image, tmp_path):
    good, missing = image("a.png", "red"), tmp_path / "missing.png"
    with pytest.raises(ImageError, match=r"missing\.png"):
        classifier.classify(missing)
    with pytest.raises(ImageError, match=r"missing\.png"):
        classifier.classify([good, missing])
    first, second, third = classifier.classify([good, missing, good], errors="return")
    assert first.label == third.label == "red"
    assert second.path == str(missing)
    assert second.error
    assert second.predictions == ()


def test_the_model_can_be_had(classifier):
    model = classifier.keras_model()
    assert model.predict(BLUE[None].astype("float32"), verbose=0)[0] == pytest.approx(
        [(1 - PURE) / 2, (1 - PURE) / 2, PURE], abs=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resize": "stretch"}, "resize must be one of"),
        ({"engine": "gpu"}, "unknown engine .gpu.; there are auto, litert, keras"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
    ],
)
def test_wrong_arguments_are_named(color_model, arguments, message):
    with pytest.raises(UsageError, match=message):
        kerastl.load(color_model, **arguments)


def test_wrong_images_are_named(classifier):
    with pytest.raises(UsageError, match=r"floats from 0 to 1, or from 0 to 255. Received: -1 to -1"):
        classifier.classify(RED * 0.0 - 1)
    with pytest.raises(UsageError, match="top must be"):
        classifier.classify(RED, top=0)
    with pytest.raises(UsageError, match="errors must be"):
        classifier.classify(RED, errors="ignore")


def test_a_name_that_is_none_suggests_a_close_one():
    with pytest.raises(UsageError, match="mobilenet_v2"):
        kerastl.load("mobilenetv2")


def test_a_path_that_is_no_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model\.keras"):
        kerastl.load(tmp_path)
    with pytest.raises(UsageError, match="no such model file"):
        kerastl.load(tmp_path / "missing")


def test_the_two_engines_agree(color_model):
    noise = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    fast, plain = (kerastl.load(color_model, engine=engine) for engine in ("litert", "keras"))
    assert (fast.engine, plain.engine) == ("litert", "keras")
    assert fast.predict_proba(noise) == pytest.approx(plain.predict_proba(noise), abs=1e-6)


def test_resizing_can_be_chosen(color_model, tmp_path):
    # Left half red, right half blue, twice as wide as high: the center crop sees both alike, as does squashing, but
    # in an image whose outer quarters alone are blue the crop sees red only.
    image = Image.new("RGB", (128, 64), "red")
    image.paste("blue", (0, 0, 32, 64))
    image.paste("blue", (96, 0, 128, 64))
    image.save(tmp_path / "wide.png")
    crop = kerastl.load(color_model).predict_proba(tmp_path / "wide.png")[0]
    squash = kerastl.load(color_model, resize="squash").predict_proba(tmp_path / "wide.png")[0]
    assert crop[0] == pytest.approx(PURE, abs=1e-4)
    assert squash[0] == pytest.approx(squash[2], abs=1e-2)


def test_two_models_that_differ_in_weights_do_not_share_a_compiled_form(color_model, tmp_path):
    import keras

    from kerastl.models import _metadata as metadata

    model = keras.models.load_model(color_model / "model.keras")
    model.layers[-1].set_weights([-10 * np.eye(3, dtype="float32"), np.zeros(3, "float32")])
    model.save(tmp_path / "model.keras")
    metadata.embed_metadata(tmp_path / "model.keras", metadata.read_metadata(color_model / "model.keras"))
    assert kerastl.load(color_model).classify(RED).label == "red"
    assert kerastl.load(tmp_path).classify(RED).label == "green"
    assert Path(tmp_path, "model.keras").is_file()


def test_random_weights_are_the_same_each_time():
    first, second = (kerastl.load("mobilenet_025", weights=None) for _ in range(2))
    assert first.engine == "keras"
    np.testing.assert_array_equal(first.predict_proba(RED), second.predict_proba(RED))
    expected = first.keras_model().predict(first.pixels(RED)[None].astype("float32"), verbose=0)
    np.testing.assert_allclose(first.predict_proba(RED), expected, atol=1e-6)


def test_weights_of_ones_own(tmp_path):
    theirs = kerastl.load("mobilenet_025", weights=None).keras_model()
    theirs.save_weights(tmp_path / "own.weights.h5")
    own = kerastl.load("mobilenet_025", weights=tmp_path / "own.weights.h5", engine="keras")
    expected = theirs.predict(own.pixels(RED)[None].astype("float32"), verbose=0)
    np.testing.assert_allclose(own.predict_proba(RED), expected, atol=1e-6)
    assert own.file == tmp_path / "own.weights.h5"


def test_weights_that_do_not_fit_the_question(color_model, tmp_path):
    with pytest.raises(UsageError, match=r"has its own. Received: None"):
        kerastl.load(color_model, weights=None)
    with pytest.raises(UsageError, match="Keras only"):
        kerastl.load("mobilenet_025", weights=None, engine="litert")
    with pytest.raises(WeightsError, match=r"none.h5: no such weights file"):
        kerastl.load("mobilenet_025", weights=tmp_path / "none.h5")


def test_embeddings_are_rows_of_length_1_in_the_order_of_the_images(classifier, image):
    paths = [image("a.png", (30, 40, 0)), image("b.png", (0, 0, 255))]
    found = classifier.embed(paths)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.6, 0.8, 0], [0, 0, 1]], atol=1e-5)
    np.testing.assert_allclose(classifier.embed(np.full((9, 9, 3), 255, np.uint8)), [[3**-0.5] * 3], atol=1e-5)
    assert classifier.embed([]).shape == (0, 3)


def test_deep_embeddings_know_more_layers():
    classifier = kerastl.load("kerastl_mini")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    last, deep = classifier.embed(pixels), classifier.embed(pixels, features="deep")
    assert last.shape == (2, 320)
    assert deep.shape[1] > 2 * 320
    np.testing.assert_allclose(np.linalg.norm(deep, axis=1), 1, rtol=1e-5)


def test_an_embedding_names_the_image_that_cannot_be_read(classifier, tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        classifier.embed([tmp_path / "gone.png"])
