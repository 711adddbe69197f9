import keras
import numpy as np
import pytest
from keras import layers

from kerastl.models._build import build
from kerastl.models._deep_features import deep_features, find_taps, last_tap_width, taps_of
from kerastl.models._registry import BACKBONES
from kerastl.models._saved import loading


def expected(*taps):
    """What the docstring of `deep_features` says, in NumPy and float64."""
    parts = []
    for tap in taps:
        values = tap.reshape(len(tap), -1, tap.shape[-1]).astype(float)
        moments = [values.mean(axis=1)] + ([values.std(axis=1)] if values.shape[1] > 1 else [])
        for moment in moments:
            unit = moment / np.linalg.norm(moment, axis=1, keepdims=True)
            parts.append(np.sign(unit) * np.sqrt(np.abs(unit)))
    return np.concatenate(parts, axis=1)


def computed(*taps):
    inputs = [keras.Input(tap.shape[1:]) for tap in taps]
    return np.asarray(keras.Model(inputs, deep_features(inputs))(list(taps)))


def test_features_are_roots_of_means_and_deviations():
    random = np.random.default_rng(0)
    shapes = [(3, 8, 6, 5), (3, 7, 4), (3, 9), (3, 1, 1, 6)]
    taps = [random.normal(0.5, 2, shape).astype("float32") for shape in shapes]
    found = computed(*taps)
    assert found.dtype == np.float32
    assert found.shape == (3, 5 + 5 + 4 + 4 + 9 + 6)
    np.testing.assert_allclose(found, expected(*taps), atol=1e-2)
    # Far from zero the number that keeps the gradient finite does not count.
    large = np.abs(expected(*taps)) > 0.3
    np.testing.assert_allclose(found[large], expected(*taps)[large], rtol=2e-3)


def test_a_map_that_hardly_varies_has_small_deviations():
    flat = np.full((1, 16, 16, 4), 1000.0, "float32")
    flat[0, 0, 0, 0] += 1
    deviations = computed(flat)[0, 4:]
    np.testing.assert_allclose(deviations, [1, 0, 0, 0], atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_the_gradient_is_finite_where_nothing_varies(value):
    tensorflow = pytest.importorskip("tensorflow")
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, deep_features([inputs]))
    pixels = tensorflow.Variable(np.full((1, 4, 4, 3), value, "float32"))
    with tensorflow.GradientTape() as tape:
        total = tensorflow.reduce_sum(model(pixels))
    assert np.isfinite(np.asarray(tape.gradient(total, pixels))).all()


def test_half_precision_is_pooled_in_single():
    inputs = keras.Input((8, 8, 3), dtype="float16")
    values = np.random.default_rng(1).uniform(0, 300, (2, 8, 8, 3)).astype("float16")
    model = keras.Model(inputs, deep_features([inputs]))
    found = np.asarray(model(values))  # squares of such numbers do not fit in float16
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(values), atol=1e-2)
    assert taps_of(model) == (inputs,)


# A family each: where the maps are that are taken, by size and channels.
FOUND = {
    "kerastl_mini": [(32, 32), (16, 64), (16, 64), (8, 128), (8, 128), (4, 320)],
    "mobilenet_v2": [(112, 32), (112, 96), (56, 144), (28, 192), (14, 384), (14, 576), (7, 960), (7, 1280)],
    "vgg16": [(224, 64), (112, 128), (56, 256), (28, 512), (14, 512), (7, 512)],
    "convnext_tiny": [(56, 96), (56, 96), (28, 192), (14, 384), (14, 384), (7, 768)],
}


@pytest.mark.parametrize("name", FOUND)
def test_the_taps_of_a_family(name):
    backbone = build(name, weights=None, include_top=False)
    taps = find_taps(backbone)
    assert [(tap.shape[1], tap.shape[-1]) for tap in taps] == FOUND[name]
    assert taps[-1] is backbone.outputs[0]


def test_named_taps_come_before_what_the_graph_suggests():
    backbone = build("kerastl_mini", include_top=False)
    taps = find_taps(backbone, ["stem_relu", "stage1_block1_add"])
    assert [tap._keras_history.operation.name for tap in taps] == [
        "stem_relu", "stage1_block1_add", "stage3_block2_relu",
    ]  # fmt: skip
    assert find_taps(backbone, ["stem_relu", "none"]) == find_taps(backbone)


def test_a_network_of_bare_operations_and_one_without_maps():
    pixels = keras.Input((16, 16, 3))
    first = keras.ops.relu(layers.Conv2D(4, 3)(pixels))
    second = layers.Conv2D(8, 3, strides=2, activation="relu")(first)
    vector = layers.Dense(5)(layers.Flatten()(second))
    assert find_taps(keras.Model(pixels, vector)) == (first, second, vector)
    vector = layers.Flatten()(pixels)
    assert find_taps(keras.Model(pixels, vector)) == (vector,)


def test_an_output_with_more_channels_than_there_is_room_for_is_read_alone():
    pixels = keras.Input((32, 32, 3))
    narrow = keras.layers.Conv2D(8, 3, 2, activation="relu")(pixels)
    wide = keras.layers.Conv2D(5_300, 3, 2, activation="relu")(narrow)
    assert find_taps(keras.Model(pixels, wide)) == (wide,)


def test_tokens_count_as_places():
    pixels = keras.Input((16, 16, 3))
    tokens = layers.Reshape((16, 6))(layers.Conv2D(6, 4, strides=4)(pixels))
    wide = layers.Dense(24, activation="gelu")(tokens)
    narrow = layers.Dense(6)(wide)
    assert find_taps(keras.Model(pixels, narrow)) == (wide, narrow)


def test_a_saved_network_knows_what_its_head_reads(tmp_path):
    backbone = build("kerastl_mini", include_top=False, input_size=16)
    taps = find_taps(backbone)
    vector = layers.Dense(4)(layers.GlobalAveragePooling2D()(taps[-1]))
    model = keras.Model(backbone.inputs[0], layers.Dense(3, activation="softmax")(deep_features([*taps, vector])))
    assert taps_of(model) == (*taps, vector)
    assert taps_of(backbone) == ()
    model.save(tmp_path / "deep.keras")
    for load in (keras.models.load_model, loading.load):  # plain Keras, in safe mode, and kerastl's own
        loaded = load(tmp_path / "deep.keras")
        names = [tap._keras_history.operation.name for tap in taps_of(loaded)]
        assert names == [tap._keras_history.operation.name for tap in (*taps, vector)]
        pixels = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")
        np.testing.assert_allclose(np.asarray(loaded(pixels)), np.asarray(model(pixels)), atol=1e-6)


def test_taps_in_the_catalog_name_layers():
    found = {}
    for name in ("kerastl_mini", "mobilenet_025", "mobilenet_v2", "mobilenet_v2_140"):
        row = BACKBONES[name]
        backbone = build(row, weights=None, include_top=False)
        assert set(row.taps) < {layer.name for layer in backbone.layers}
        taps = find_taps(backbone, row.taps)
        found[name] = len(taps), sum(tap.shape[-1] for tap in taps)
    assert found == {
        "kerastl_mini": (13, 2080),
        "mobilenet_025": (11, 1232),
        "mobilenet_v2": (8, 4928),
        "mobilenet_v2_140": (8, 5152),  # found in its graph, because those of the family are too many channels
    }


def test_the_features_of_the_last_tap_are_counted():
    """Means and deviations of 7 channels, or 4 features that have no deviations."""
    pixels = keras.Input((8, 8, 3))
    below = keras.layers.Conv2D(5, 3, activation="relu")(pixels)
    above = keras.layers.Conv2D(7, 3, activation="relu")(below)
    flat = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(above))
    for taps, expected in (([below, above], 14), ([below, flat], 4), ([above], 0)):
        outputs = keras.layers.Dense(2)(deep_features(taps))
        assert last_tap_width(keras.Model(pixels, outputs)) == expected
    plain = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(above))
    assert last_tap_width(keras.Model(pixels, plain)) == 0
