"""Fewer bits: when they are taken, what they are fitted to, and how they are judged."""

import stat

import numpy as np
import pytest

import kerastl
from kerastl.errors import ImageError, ModelError, UsageError
from kerastl.images import Resize
from kerastl.inference import EngineFactory, KerasEngine
from kerastl.inference import _quantize as quantize
from kerastl.inference._cache import CompiledCache
from kerastl.inference._engines import LiteRTEngine, Parallelism
from kerastl.inference._export import to_litert
from kerastl.inference._precision import Agreement, compare
from kerastl.inference._representative import read_representative
from kerastl.models import resolve

ONE = Parallelism(workers=1, interpreters=1, threads=1, batch=1)


def noise(count, side=32, seed=0):
    """Images of one color each, with some noise."""
    random = np.random.default_rng(seed)
    colors = random.integers(0, 256, (count, 1, 1, 3))
    return np.clip(colors + random.integers(-20, 21, (count, side, side, 3)), 0, 255).astype(np.uint8)


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Fixed:
    """An engine whose answers are given: pixel (0, 0, 0) of an image is its place among them."""

    parallelism = ONE
    name = "fixed"

    def __init__(self, scores):
        self.scores = np.array(scores, np.float32)

    def predict(self, pixels):
        return self.scores[pixels[:, 0, 0, 0]]


def test_agreement_counts_images_with_the_same_best_class_and_looks_at_no_features():
    full = Fixed([[0.6, 0.4, 9], [0.1, 0.9, 9], [0.7, 0.3, 9], [0.2, 0.8, 9]])
    fast = Fixed([[0.9, 0.1, 0], [0.2, 0.8, 9], [0.4, 0.6, 9], [0.4, 0.6, 9]])
    pixels = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)
    found = compare(fast, full, pixels, 2)
    assert (found.same, found.images, found.fraction) == (3, 4, 0.75)
    assert found.speedup > 0


def test_labels_agree_where_all_that_are_more_probable_than_not_are_the_same():
    full = Fixed([[0.6, 0.7], [0.1, 0.9], [0.2, 0.3]])
    fast = Fixed([[0.6, 0.4], [0.2, 0.6], [0.3, 0.2]])  # the first loses a label, the last has another best one
    pixels = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1)
    assert compare(fast, full, pixels, 2, "indicators").same == 2
    assert compare(fast, full, pixels, 2).same == 1


def test_97_of_100_are_enough_and_96_are_not():
    Agreement(97, 100, 2.0).check("net")
    with pytest.raises(ModelError, match=r"^net: in fast precision it gives the same answer for 96.0 % of 100 images"):
        Agreement(96, 100, 2.0).check("net")


def test_representative_images_are_split_in_two_without_copies_and_without_what_cannot_be_read(tmp_path):
    images = noise(50, 8)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    given = [*images, broken, *images[:10], ImageError("address", "not fetched")]
    found = read_representative(given, Resize(8, 8, "squash"))
    assert (len(found.calibrating), len(found.judging)) == (25, 25)
    both = {image.tobytes() for image in np.concatenate([found.calibrating, found.judging])}
    assert both == {image.tobytes() for image in images}
    again = read_representative(given, Resize(8, 8, "squash"))
    np.testing.assert_array_equal(again.calibrating, found.calibrating)


def test_no_more_than_300_representative_images_are_read():
    found = read_representative(iter(noise(400, 4)), Resize(4, 4, "squash"))
    assert (len(found.calibrating), len(found.judging)) == (100, 200)


def test_too_few_representative_images_are_refused():
    with pytest.raises(UsageError, match="at least 40 different images like those to classify, and 39 can be read"):
        read_representative([*noise(39, 4), *noise(39, 4)], Resize(4, 4, "squash"))


def test_only_what_follows_the_last_convolution_stays_in_float32(small_conv_network):
    tail, others = quantize.split_tail(to_litert(small_conv_network()))
    assert len(tail) == 3  # mean, dense, softmax
    assert any("convolution" in name for name in others)
    assert not any("convolution" in name for name in tail)


def test_probabilities_are_finer_than_8_bits_and_close_to_those_in_float32(small_conv_network):
    model, pixels = small_conv_network(), noise(60)
    engine = LiteRTEngine(quantize.to_int8(model, pixels[:40]), ONE)
    found = np.concatenate([engine.predict(pixels[i : i + 1]) for i in range(40, 60)])
    expected = model.predict_on_batch(pixels[40:].astype("float32"))
    np.testing.assert_allclose(found, expected, atol=0.05)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (np.abs(found * 256 - np.round(found * 256)) > 0.01).any()


def test_channels_in_the_order_of_caffe_stay_what_they_are():
    import keras

    pixels = keras.Input((8, 8, 3))
    # As VGG and ResNet scale pixels: blue first, less the means of the channels.
    scaled = keras.layers.Rescaling(1.0, [-103.939, -116.779, -123.68])(keras.ops.flip(pixels, axis=-1))
    convolution = keras.layers.Conv2D(3, 1, use_bias=False)
    model = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(convolution(scaled)))
    convolution.set_weights([np.eye(3, dtype="float32")[None, None]])
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), np.uint8)
    images[:20] = images[:20, :1, :1]
    found = LiteRTEngine(quantize.to_int8(model, images), ONE).predict(images[:5])
    expected = images[:5, ..., ::-1].mean((1, 2)) - (103.939, 116.779, 123.68)
    np.testing.assert_allclose(found, expected, atol=2.5)  # of steps of 1.1 and 1.5


def test_fast_precision_is_compiled_once_and_said(small_conv_model, own_cache, monkeypatch, capfd):
    classifier = kerastl.load(small_conv_model, precision="fast", representative_data=list(noise(60)), verbose=2)
    assert "small: in fast precision 100.0 % of 30 images get the same answer as in float32" in capfd.readouterr().err
    assert (classifier.engine, classifier.precision) == ("litert", "fast")
    assert "litert in fast precision" in repr(classifier)
    monkeypatch.setattr(quantize, "to_int8", None)
    again = kerastl.load(small_conv_model, precision="fast")
    assert again.classify(np.full((32, 32, 3), (0, 0, 255), np.uint8)).label == "blue"
    (entry,) = [entry for entry in CompiledCache(own_cache).entries() if entry.agreement]
    assert (entry.agreement.same, entry.agreement.images) == (30, 30)


def test_full_precision_is_unchanged_by_fast(small_conv_model, small_conv_network, own_cache):
    fast = kerastl.load(small_conv_model, precision="fast", representative_data=noise(60))
    full = kerastl.load(small_conv_model)
    pixels = noise(5, seed=1)
    expected = small_conv_network().predict_on_batch(pixels.astype("float32"))
    np.testing.assert_allclose(full.predict_pixels(pixels), expected, atol=1e-5)
    assert (fast.predict_pixels(pixels) != full.predict_pixels(pixels)).any()


def test_a_network_whose_answers_change_is_refused_and_not_kept(small_conv_model, own_cache, monkeypatch):
    def wrong(model, pixels):
        model.layers[-1].set_weights([-weight for weight in model.layers[-1].get_weights()])
        return to_litert(model)

    monkeypatch.setattr(quantize, "to_int8", wrong)
    with pytest.raises(ModelError, match=r"in fast precision it gives the same answer for .* take full precision"):
        kerastl.load(small_conv_model, precision="fast", representative_data=noise(60))
    assert len(list(own_cache.glob("*.tflite"))) == 1  # that in float32


def test_an_interrupted_compilation_leaves_nothing(small_conv_model, own_cache, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CompiledCache, "store", interrupted)
        with pytest.raises(KeyboardInterrupt):
            kerastl.load(small_conv_model, precision="fast", representative_data=noise(60))
    assert not list(own_cache.glob("*.tflite"))
    assert kerastl.load(small_conv_model, precision="fast", representative_data=noise(60)).precision == "fast"


def test_a_network_that_8_bits_do_not_help_says_so(color_model):
    with pytest.raises(ModelError, match=r"colors cannot be compiled \(it has no convolutions"):
        kerastl.load(color_model, precision="fast", representative_data=noise(60))


def test_without_representative_images_it_says_what_to_give(small_conv_model, own_cache):
    with pytest.raises(UsageError, match="give some as representative data"):
        kerastl.load(small_conv_model, precision="fast")


def test_a_cache_that_cannot_be_written_is_an_error(small_conv_model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelError, match=r"cannot be written .*; full precision may do without"):
        kerastl.load(small_conv_model, precision="fast", representative_data=noise(60))


def test_a_read_only_cache_is_still_read(small_conv_model, own_cache):
    kerastl.load(small_conv_model, precision="fast", representative_data=noise(60))
    for path in [*own_cache.rglob("*"), own_cache]:
        path.chmod(stat.S_IREAD | (stat.S_IEXEC if path.is_dir() else 0))
    try:
        assert kerastl.load(small_conv_model, precision="fast").precision == "fast"
    finally:
        for path in [own_cache, *own_cache.rglob("*")]:
            path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": "half"}, "precision must be one of full, fast. Received: 'half'"),
        ({"precision": "fast", "engine": "keras"}, "the engine keras computes in full precision only"),
        ({"precision": "fast", "weights": None}, "random weights run in Keras only, in full precision"),
    ],
)
def test_what_cannot_be_had_is_named(arguments, message):
    with pytest.raises(UsageError, match=message):
        kerastl.load("kerastl_mini", **arguments)


def test_calibration_sets_and_rejection_want_full_precision(small_conv_model):
    classifier = kerastl.load(small_conv_model, precision="fast", representative_data=noise(60))
    image = noise(1)[0]
    for wanted in ({"coverage": 0.9}, {"reject": True}):
        with pytest.raises(UsageError, match=r"hold for full precision only. Received: precision='fast'"):
            classifier.classify(image, **wanted)
    with pytest.raises(UsageError, match="hold for full precision only"):
        classifier.predict_features(image[None])


def test_an_engine_of_another_package_may_have_a_fast_way(color_model):
    def fast(spec, sample):
        assert sample() == "images"
        return KerasEngine(spec.build())

    engine = EngineFactory("bits", "few bits", lambda spec: KerasEngine(spec.build()), fast_opener=fast)
    assert engine.open_fast(resolve(str(color_model)), lambda: "images").predict(noise(2)).shape == (2, 3)
