"""What a model file may have Keras build: layers and operations that compute, and nothing else."""

import importlib
import json
import sys

import pytest

import kerastl
from kerastl.errors import ModelError, UsageError
from kerastl.images import Resize
from kerastl.models import _build
from kerastl.models import _metadata as metadata
from kerastl.models._labels import LabelSet
from kerastl.models._saved import allowed, config, loading


def function(name):
    module, _, function = name.rpartition(".")
    return {"module": module, "class_name": "function", "config": function, "registered_name": function}


HARMFUL = (
    "keras.visualization.plot_image_gallery",
    "keras.layers.TFSMLayer",
    "keras.saving.KerasFileEditor",
    "keras.config.set_image_data_format",
    "keras.utils.get_file",
    "builtins.eval",
    "os.system",
)


@pytest.mark.parametrize("name", HARMFUL)
def test_a_lambda_is_refused_by_name_whatever_it_calls(forge, unseen, name):
    file = forge.layer("keras.layers", "Lambda", {"function": function(name)})
    with pytest.raises(ModelError, match=r"model\.keras: layer 'middle' is a Lambda, .*--trust-model"):
        kerastl.load(file)


@pytest.mark.parametrize("name", HARMFUL)
@pytest.mark.parametrize("key", ["activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"])
def test_a_function_is_refused_wherever_it_stands(forge, unseen, name, key):
    file = forge.config(lambda layers: layers[2]["config"].update({key: function(name)}))
    with pytest.raises(ModelError, match="layer 'middle' holds the function"):
        kerastl.load(file)


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("keras.layers", "TFSMLayer", {"filepath": "x"}),
        ("keras.src.export.tfsm_layer", "TFSMLayer", {"filepath": "x"}),
        ("keras.layers", "TorchModuleWrapper", {"module": "x"}),
        ("keras.layers", "JaxLayer", {}),
        ("keras.layers", "FlaxLayer", {}),
        ("keras.layers", "StringLookup", {"vocabulary": "/etc/hostname"}),
        ("keras.layers", "IntegerLookup", {"vocabulary": "/etc/hostname"}),
        ("keras.layers", "TextVectorization", {"vocabulary": "/etc/hostname"}),
        ("keras.src.layers.core.lambda_layer", "Lambda", {"function": "relu"}),
        ("keras.utils", "FeatureSpace", {}),
        ("keras.saving", "KerasFileEditor", {"filepath": "/etc/hostname"}),
        ("keras.optimizers", "Adam", {}),
        ("keras.src.utils.file_utils", "get_file", {}),
        ("keras.src.ops.core", "Map", {}),
        ("keras.src.ops.core", "WhileLoop", {}),
        ("subprocess", "Popen", {"args": "true"}),
        ("keras", "config", {}),
        (None, "Lambda", {"function": "relu"}),
        (None, "TFSMLayer", {"filepath": "x"}),
        ("my.package", "MyLayer", {}),
    ],
)
def test_what_does_not_compute_is_refused_by_name(forge, unseen, module, name, arguments):
    with pytest.raises(ModelError, match=rf"layer 'middle' is .*{name}, .*--trust-model"):
        kerastl.load(forge.layer(module, name, arguments))


def test_a_layer_inside_a_layer_is_found(forge, unseen):
    inner = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "inner"}, "registered_name": None}
    with pytest.raises(ModelError, match="layer 'inner' is a Lambda"):
        kerastl.load(forge.layer("keras.layers", "TimeDistributed", {"layer": inner}))
    with pytest.raises(ModelError, match="layer 'inner' is a Lambda"):
        kerastl.load(forge.layer("keras", "Sequential", {"layers": [{**inner, "module": None}]}))


@pytest.mark.parametrize(
    "value",
    [
        {"class_name": "__lambda__", "config": {"value": "x"}},
        {"class_name": "__typespec__", "spec_name": "x", "config": [], "module": "tensorflow", "registered_name": "x"},
        {"class_name": ["Lambda"], "config": {}},
        {"class_name": "Zeros", "module": ["keras.initializers"], "config": {}},
        {"class_name": "function", "module": "builtins", "config": ["relu"]},
        {"module": "keras.layers", "class_name": "ReLU", "config": {}, "registered_name": "package>Other"},
    ],
)
def test_odd_objects_in_the_arguments_of_a_call_are_refused(forge, unseen, value):
    file = forge.config(lambda layers: layers[2]["inbound_nodes"][0]["kwargs"].update(training=value))
    with pytest.raises(ModelError, match=r"layer 'middle' (holds|is)"):
        kerastl.load(file)


@pytest.mark.parametrize(
    ("key", "value"), [("activation", "keras.utils.get_file"), ("bias_initializer", "evil"), ("vocabulary", "a.txt")]
)
def test_texts_that_keras_looks_up_are_known(forge, unseen, key, value):
    file = forge.config(lambda layers: layers[2]["config"].update({key: value}))
    with pytest.raises(ModelError, match="layer 'middle' holds"):
        kerastl.load(file)


def test_what_would_be_computed_while_the_file_is_read_is_refused(forge, unseen):
    node = {"args": [{"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}}], "kwargs": {}}
    file = forge.layer("keras.src.ops.numpy", "Tile", {"repeats": 1 << 30}, inbound_nodes=[node])
    with pytest.raises(ModelError, match="layer 'middle' is a Tile of no layer's output"):
        kerastl.load(file)


def test_a_cached_compiled_network_does_not_open_the_way(forge, monkeypatch, black):
    """Compiled under trust, it answers under trust only."""
    file = forge.layer("keras.layers", "Lambda", {"function": function("keras.ops.relu"), "arguments": {}})
    with pytest.raises(ModelError, match="is a Lambda"):
        kerastl.load(file)
    monkeypatch.setattr(loading, "load", _replaced_by_a_good_model)
    assert kerastl.load(file, trust=True).engine == "litert"
    monkeypatch.undo()
    with pytest.raises(ModelError, match="is a Lambda"):
        kerastl.load(file)


def _replaced_by_a_good_model(file, trust):
    import keras

    assert trust
    pixels = keras.Input((8, 8, 3))
    return keras.Model(pixels, keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(pixels)[:, :2]))


def test_trust_loads_a_lambda(tmp_path, black):
    import keras

    pixels = keras.Input((8, 8, 3))
    means = keras.layers.GlobalAveragePooling2D()(pixels)
    half = keras.layers.Lambda(lambda x: x / 2, output_shape=(3,), name="half")(means)
    file = tmp_path / "own.keras"
    keras.Model(pixels, keras.layers.Softmax()(half)).save(file)
    metadata.embed_metadata(file, metadata.Metadata("own", LabelSet(("a", "b", "c")), Resize(8, 8, "crop", 1.0)))
    with pytest.raises(ModelError, match="layer 'half' is a Lambda"):
        kerastl.load(file)
    classifier = kerastl.load(file, trust=True, engine="keras")
    assert classifier.predict_proba(black[None])[0].tolist() == [pytest.approx(1 / 3)] * 3


def test_trust_imports_the_module_that_defines_a_layer(tmp_path, monkeypatch, black):
    import keras

    (tmp_path / "halving_layer.py").write_text(
        "import keras\n"
        "@keras.saving.register_keras_serializable('kerastl_tests')\n"
        "class Half(keras.layers.Layer):\n"
        "    def call(self, inputs):\n"
        "        return inputs / 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    half = importlib.import_module("halving_layer").Half(name="half")
    pixels = keras.Input((8, 8, 3))
    file = tmp_path / "own.keras"
    keras.Model(pixels, keras.layers.Softmax()(half(keras.layers.GlobalAveragePooling2D()(pixels)))).save(file)
    metadata.embed_metadata(file, metadata.Metadata("own", LabelSet(("a", "b", "c")), Resize(8, 8, "crop", 1.0)))
    # As in a process that has not imported it.
    monkeypatch.delitem(sys.modules, "halving_layer")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "kerastl_tests>Half")
    with pytest.raises(ModelError, match=r"layer 'half' is halving_layer.Half, which is no layer .* of Keras"):
        kerastl.load(file)
    assert "halving_layer" not in sys.modules
    classifier = kerastl.load(file, trust=True, engine="keras")
    assert classifier.predict_proba(black[None])[0].tolist() == [pytest.approx(1 / 3)] * 3


@pytest.mark.parametrize("command", ["classify", "explain", "evaluate", "calibrate"])
def test_every_command_refuses_and_takes_trust(command, forge, image, capsys, monkeypatch, tmp_path):
    from kerastl.cli import run

    file = forge.layer("keras.layers", "Lambda", {"function": function("keras.ops.relu")})
    for label in "ab":
        image(f"data/{label}/{label}.png", "red")
    data = tmp_path / "data"
    arguments = {
        "classify": [data, "--model", file],
        "explain": [data, "--model", file, "--output", tmp_path / "out"],
        "evaluate": [file, data],
        "calibrate": [file, data],
    }[command]
    assert run([command, *map(str, arguments)]) == 1
    said = capsys.readouterr().err
    assert "layer 'middle' is a Lambda" in said
    assert "Traceback" not in said
    trusted = []
    monkeypatch.setattr(loading, "load", lambda file, trust: trusted.append(trust) or 1 / 0)
    run([command, *map(str, arguments), "--trust-model"])
    assert trusted == [True]


def test_optimizers_and_losses_are_never_built(good_model, forge):
    values = json.loads(forge.members()["config.json"])
    harmful = {"optimizer": {"module": "keras.layers", "class_name": "Lambda", "config": {}}}
    values["compile_config"] = harmful
    values["config"]["layers"][2]["compile_config"] = harmful
    config.check(values)
    assert "Lambda" not in json.dumps(config.without_compilation(values))
    kerastl.load(forge.changed(config_json=json.dumps(values)), engine="keras")


DEEP = b'{"class_name": "Model", "config": ' + b'{"a":' * 900 + b"1" + b"}" * 901


@pytest.mark.parametrize("text", [b"[" * 100_000, DEEP, b"[]", b"nothing", b"\xff\xfe"])
def test_a_config_that_is_none_is_one_line(forge, unseen, text):
    with pytest.raises(ModelError, match=r"model\.keras: its config is n"):
        kerastl.load(forge.changed(config_json=text))


def test_the_network_that_comes_with_kerastl_passes_with_its_head():
    config.check(json.loads(_build.build("kerastl_mini", weights=None).to_json()))


def test_what_people_build_passes(tmp_path):
    import keras
    from keras import layers

    pixels = keras.Input((16, 16, 3))
    x = keras.Sequential(
        [layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandAugment(), layers.CenterCrop(8, 8)]
    )(pixels)
    x = layers.Conv2D(4, 3, activation=layers.LeakyReLU(), kernel_regularizer=keras.regularizers.L1L2(1e-4))(x / 255)
    x = layers.SpectralNormalization(layers.Conv2D(4, 1, kernel_constraint="max_norm"))(x)
    x = layers.Activation(keras.ops.silu)(keras.ops.flip(x, axis=2)) + keras.ops.mean(x, axis=-1, keepdims=True)
    x = layers.Reshape((-1, 4))(x[:, 1:])
    x = layers.MultiHeadAttention(2, 4)(x, x) + layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x)
    x = layers.TimeDistributed(layers.Dense(3, "gelu", kernel_initializer=keras.initializers.RandomNormal(0.1)))(x)
    x = layers.BatchNormalization(dtype="mixed_bfloat16")(layers.GlobalMaxPooling1D()(x))
    model = keras.Model(pixels, layers.Dense(2, "softmax", dtype="float32")(x))
    model.compile("adamw", keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"])
    file = tmp_path / "own.keras"
    model.save(file)
    expected = {weight.path: weight.numpy().tolist() for weight in model.weights}
    assert list(expected.values()) == [weight.numpy().tolist() for weight in loading.load(file).weights]


@pytest.mark.parametrize("dtype", ["S1000000000", "V1000000000", "O", "U99999999", ["float32"], "datetime64[s]"])
@pytest.mark.parametrize("kind", ["__numpy__", "__tensor__"])
def test_an_array_of_other_things_than_numbers_is_refused(forge, unseen, kind, dtype):
    value = {"class_name": kind, "config": {"value": [1], "dtype": dtype}}
    file = forge.config(lambda layers: layers[2]["inbound_nodes"][0]["kwargs"].update(training=value))
    with pytest.raises(ModelError, match="layer 'middle' holds an array of"):
        kerastl.load(file)


@pytest.mark.parametrize(
    "top", [{"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}}, {"a": 1}, {"class_name": []}]
)
def test_what_is_no_model_is_one_line(forge, unseen, top):
    with pytest.raises(ModelError, match="its config describes no model"):
        kerastl.load(forge.changed(config_json=json.dumps(top)))


def test_layers_without_weights_in_the_file_are_not_left_random(forge):
    def without(file):
        del file["layers/dense"]

    with pytest.raises(ModelError, match=r"model\.keras.*(could not be loaded|have no weights)"):
        kerastl.load(forge.weights(without))


def test_more_layers_than_any_network_has_are_refused(forge, unseen, monkeypatch):
    monkeypatch.setattr(config, "_LAYERS", 3)
    with pytest.raises(ModelError, match="more than 3 layers"):
        kerastl.load(forge.config(lambda layers: None), engine="keras")


def test_a_model_without_a_shape_is_one_line(tmp_path):
    import keras

    model = keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Softmax()])
    file = tmp_path / "own.keras"
    with pytest.warns(UserWarning, match="not yet been built"):
        model.save(file)
    metadata.embed_metadata(file, metadata.Metadata("own", LabelSet(("a", "b", "c")), Resize(8, 8, "crop", 1.0)))
    with pytest.raises(ModelError, match=r"own\.keras: its input has no shape"):
        kerastl.load(file)


def test_every_layer_of_keras_is_allowed_or_refused_by_name():
    """A new layer of Keras is allowed unless it is on the list, so that the list is looked at when one is added."""
    import keras

    names = {name for name, value in vars(keras.layers).items() if isinstance(value, type)}
    refused = {name for name in names if not allowed.is_allowed("keras.layers", name)}
    assert refused - {"InputSpec"} == names & set(allowed.REFUSED)


def test_weights_for_a_backbone_need_no_trust_and_run_nothing(forge):
    with pytest.raises((ModelError, UsageError, kerastl.errors.WeightsError)):
        _build.build("mobilenet_v3_small", weights=forge.layer("keras.layers", "Lambda"), include_top=False)
