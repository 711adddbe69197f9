"""A temperature in the file of a network, however the network ends."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from kerastl.calibration._network import scaled_members
from kerastl.models import _metadata as metadata
from kerastl.models._graph import graph_of, logits
from kerastl.models._head import cut_head
from kerastl.models._saved import loading
from kerastl.models._scaled_logits import last_layer, with_temperature

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype("float32")


def dense(**arguments):
    return layers.Dense(4, name="scores", bias_initializer="normal", **arguments)


def vectors(x):
    return layers.GlobalAveragePooling2D()(x)


def two_softmaxes(x):
    x = vectors(x)
    return layers.Average()([layers.Dense(4, activation="softmax")(x), layers.Dense(4, activation="softmax")(x)])


def called_twice(x):
    layer = layers.Dense(4)
    return layers.Softmax()(layer(layer(layers.Dense(4)(vectors(x)))))


def ratios(x):
    positive = dense(activation="sigmoid")(vectors(x))
    return positive / keras.ops.sum(positive, axis=-1, keepdims=True)


def nested(x, last):
    return keras.Sequential([keras.Input(x.shape[1:]), layers.GlobalAveragePooling2D(), *last])(x)


# How the network goes on from a feature map, and whether its last layer can take the temperature.
ENDS = {
    "softmax in the layer": (lambda x: dense(activation="softmax")(vectors(x)), True),
    "no bias": (lambda x: layers.Dense(4, use_bias=False, activation="softmax")(vectors(x)), True),
    "softmax as an activation": (lambda x: layers.Activation("softmax")(dense()(vectors(x))), True),
    "softmax as a layer": (lambda x: layers.Softmax()(layers.Dropout(0.5)(dense()(vectors(x)))), True),
    "softmax as an operation": (lambda x: keras.ops.softmax(dense()(vectors(x))), True),
    "a convolution, flattened": (
        lambda x: layers.Softmax()(layers.Flatten()(layers.Conv2D(4, 1)(layers.MaxPooling2D(6)(x)))),
        True,
    ),
    "scores of places, averaged": (lambda x: layers.Softmax()(vectors(layers.Conv2D(4, 1)(x))), True),
    "softmaxes of places, averaged": (lambda x: vectors(layers.Conv2D(4, 1, activation="softmax")(x)), False),
    "a network in the network": (lambda x: nested(x, [dense(activation="softmax")]), True),
    "with a softmax of its own": (lambda x: layers.Softmax()(nested(x, [dense()])), False),
    "two softmaxes, averaged": (two_softmaxes, False),
    "a layer that is called twice": (called_twice, False),
    "numbers of 16 bits": (lambda x: dense(activation="softmax", dtype="bfloat16")(vectors(x)), False),
    "sums of 16 bits": (lambda x: dense(activation="softmax", dtype="mixed_bfloat16")(vectors(x)), True),
    "scores divided by their sum": (ratios, False),
}  # fmt: skip


def made(end):
    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="edges")(layers.Rescaling(1 / 32)(pixels))
    return keras.Model(pixels, ENDS[end][0](x), name="network")


def predicted(model):
    return np.asarray(model.predict(PIXELS, verbose=0), np.float32)


def scaled(probabilities, temperature):
    """Temperature scaling, from the definition: the softmax of divided logarithms."""
    powers = np.exp(np.log(probabilities.astype(np.float64)) / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def stored(model, folder):
    file = folder / "model.keras"
    model.save(file)
    return file


def rewritten(file, temperature, folder, name="again.keras"):
    """A copy of a file whose network has a temperature in it."""
    import shutil

    from kerastl.images import Resize
    from kerastl.models import LabelSet

    copy = folder / name
    shutil.copy(file, copy)
    described = metadata.Metadata("network", LabelSet(tuple("abcd")), Resize(8, 8))
    (folder / f"{name} members").mkdir()
    members = scaled_members(copy, loading.load(copy), temperature, folder / f"{name} members")
    metadata.update(copy, described, members)
    return copy


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("temperature", [0.4, 3.0])
def test_plain_keras_reads_scaled_probabilities(end, temperature, tmp_path):
    model = made(end)
    own = predicted(model)
    file = rewritten(stored(model, tmp_path), temperature, tmp_path)
    found = predicted(keras.models.load_model(file))
    tolerance = 2e-2 if "16 bits" in end else 1e-6
    assert found == pytest.approx(scaled(own, temperature), abs=tolerance)
    assert predicted(model) == pytest.approx(own)


@pytest.mark.parametrize("end", ENDS)
def test_a_layer_takes_the_temperature_where_it_can(end, tmp_path):
    model = made(end)
    assert (last_layer(model) is not None) is ENDS[end][1]
    file = stored(model, tmp_path)
    again = rewritten(file, 2.0, tmp_path)
    assert (config(file) == config(again)) is ENDS[end][1]


def config(file):
    import zipfile

    with zipfile.ZipFile(file) as archive:
        return archive.read("config.json")


@pytest.mark.parametrize("end", ENDS)
def test_temperatures_multiply(end, tmp_path):
    """Twice and once are the same; and two layers at the end stay two."""
    model = made(end)
    once = rewritten(rewritten(stored(model, tmp_path), 2.0, tmp_path, "first.keras"), 1.5, tmp_path)
    found = keras.models.load_model(once)
    tolerance = 2e-2 if "16 bits" in end else 1e-6
    assert predicted(found) == pytest.approx(scaled(predicted(model), 3.0), abs=tolerance)
    assert sum(layer.name == "temperature" for layer in found.layers) == (0 if ENDS[end][1] else 1)


@pytest.mark.parametrize("end", ["softmax in the layer", "numbers of 16 bits", "two softmaxes, averaged"])
def test_what_is_put_at_the_end_compiles(end, tmp_path):
    from kerastl.finetuning import boundary_engine

    model = with_temperature(made(end), 2.5)
    engine = boundary_engine(model, tmp_path)
    assert engine.predict(PIXELS.astype(np.uint8)) == pytest.approx(predicted(model), abs=1e-3)


def test_quantized_numbers_stay_what_they_are(tmp_path):
    model = made("softmax in the layer")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.get_layer("scores").quantize("int8")
    assert last_layer(model) is None
    assert predicted(with_temperature(model, 2.0)) == pytest.approx(scaled(predicted(model), 2.0), abs=1e-5)


def test_a_head_with_a_temperature_is_cut_like_one_without():
    for end in ("softmax in the layer", "softmax as a layer"):
        features, what = cut_head(with_temperature(made(end), 2.0).outputs[0])
        assert tuple(features.shape[1:]) == (6, 6, 6)
        assert "4 classes" in what


def test_logits_are_divided_logits():
    model = made("softmax in the layer")
    expected = predicted(logits(model)) / 2.0
    assert predicted(logits(with_temperature(model, 2.0))) == pytest.approx(expected, abs=1e-6)


@keras.saving.register_keras_serializable("test_network")
class Doubting(keras.Model):
    """Calls its layers in a way of its own."""

    def call(self, inputs, training=None):
        return (super().call(inputs, training=training) + 0.25) / 2


def test_a_class_of_its_own_is_called_as_it_is():
    inner = made("softmax in the layer")
    model = Doubting(inner.inputs[0], inner.outputs[0])
    assert graph_of(model) is None
    expected = (predicted(inner) + 0.25) / 2
    assert predicted(with_temperature(model, 2.0)) == pytest.approx(scaled(expected, 2.0), abs=1e-6)


def test_two_layers_with_the_same_numbers_are_not_confused(tmp_path):
    """What changes is found in the file by what it holds; where two layers hold it, the temperature goes behind."""
    pixels = keras.Input((8, 8, 3))
    x = layers.Dense(3, name="first")(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.Dense(3, activation="softmax", name="second")(x))
    model.get_layer("second").set_weights(model.get_layer("first").get_weights())
    file = rewritten(stored(model, tmp_path), 2.0, tmp_path)
    assert predicted(keras.models.load_model(file)) == pytest.approx(scaled(predicted(model), 2.0), abs=1e-6)
    assert [layer.name for layer in keras.models.load_model(file).layers][-1] == "temperature_softmax"
