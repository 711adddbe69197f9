"""Exported files as models: the engine that runs each as it is, and what such a model cannot do."""

import dataclasses
import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from exported_files import METADATA, described, onnx_model, write_litert, write_onnx

import kerastl
from kerastl.errors import ModelError, UsageError
from kerastl.inference import ENGINES, OnnxEngine, Parallelism
from kerastl.inference._export import to_litert
from kerastl.inference._onnx_engine import onnx_missing

pytest.importorskip("onnxruntime", reason="onnxruntime runs these files")
pytest.importorskip("onnx", reason="the package onnx writes these files")
pytest.importorskip("openvino", reason="openvino writes and runs these files")
PURE = math.exp(10) / (math.exp(10) + 2)
RED, BLUE = (np.full((1, 32, 32, 3), color, np.uint8) for color in ((255, 0, 0), (0, 0, 255)))


@pytest.fixture(scope="module")
def files(tmp_path_factory, color_model):
    """The same network in each format, by the name of its engine."""
    folder = tmp_path_factory.mktemp("exported")
    network = to_litert(kerastl.load(color_model).keras_model())
    return SimpleNamespace(
        onnx=write_onnx(folder / "model.onnx", described()),
        litert=write_litert(folder / "model.tflite", network, described()),
        network=network,
        openvino=kerastl.export(color_model, "openvino", folder / "export").files["openvino"] / "model.xml",
    )


@pytest.mark.parametrize("engine", ["onnx", "litert", "openvino"])
def test_an_exported_file_answers_as_its_model_does(files, engine, image):
    classifier = kerastl.load(getattr(files, engine))
    assert (classifier.engine, classifier.name, classifier.file) == (engine, "colors", getattr(files, engine))
    assert classifier.predict_proba(image("a.png", "red"))[0, 0] == pytest.approx(PURE, abs=1e-6)
    answers = classifier.classify([image("b.png", "blue"), image("c.png", (0, 255, 0))])
    assert [answer.label for answer in answers] == ["blue", "green"]


@pytest.mark.parametrize("engine", ["onnx", "litert", "openvino"])
def test_threads_share_an_engine(files, engine):
    classifier = kerastl.load(getattr(files, engine))
    batches = [np.concatenate([RED] * (1 + n % 3) + [BLUE]) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for batch, scores in zip(batches, pool.map(classifier.predict_pixels, batches), strict=True):
            assert scores.dtype == np.float32
            assert scores.argmax(-1).tolist() == [0] * (len(batch) - 1) + [2]


def test_networks_that_take_floats_get_the_same_pixels(tmp_path):
    import keras

    classifier = kerastl.load(write_onnx(tmp_path / "a.onnx", described(), onnx_model(floats=True)))
    assert classifier.predict_pixels(RED)[0, 0] == pytest.approx(PURE, abs=1e-6)
    pixels = keras.Input((32, 32, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(10 / 255)(pixels))
    model = keras.Model(pixels, keras.layers.Softmax()(means))
    import tensorflow as tf

    serve = tf.function(model, input_signature=[tf.TensorSpec((None, 32, 32, 3))], autograph=False)
    network = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()]).convert()
    classifier = kerastl.load(write_litert(tmp_path / "a.tflite", network, described()))
    assert classifier.predict_pixels(RED)[0, 0] == pytest.approx(PURE, abs=1e-6)


def test_an_engine_or_precision_that_is_not_the_files_is_wrong_usage(files):
    assert kerastl.load(files.onnx, engine="onnx").engine == "onnx"
    for engine in ("litert", "keras", "openvino"):
        with pytest.raises(UsageError, match=rf"model\.onnx runs on the engine onnx. Received: engine='{engine}'"):
            kerastl.load(files.onnx, engine=engine)
    with pytest.raises(UsageError, match="unknown engine 'onxx'"):
        kerastl.load(files.onnx, engine="onxx")
    with pytest.raises(UsageError, match="has the precision that it was exported in"):
        kerastl.load(files.litert, precision="fast")


def test_engines_of_exported_files_run_nothing_else(color_model):
    with pytest.raises(UsageError, match="the engine onnx runs files that kerastl export wrote"):
        kerastl.load(color_model, engine="onnx")
    with pytest.raises(UsageError, match="the engine keras runs no exported files"):
        ENGINES["keras"].open_file(None)


def test_a_runtime_that_is_not_installed_is_one_line(files, monkeypatch):
    assert kerastl.load(files.openvino.parent).file == files.openvino
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert onnx_missing().endswith("pip install onnxruntime")
    with pytest.raises(ModelError, match=r"model\.onnx: the package onnxruntime is not installed.*pip install"):
        kerastl.load(files.onnx)
    with pytest.raises(ModelError, match=r"model\.xml: the package openvino is not installed"):
        kerastl.load(files.openvino)


def test_what_needs_the_keras_model_says_so(files):
    classifier = kerastl.load(files.onnx)
    for ask in (
        classifier.keras_model,
        lambda: classifier.explain(RED[0], method="gradcam"),
        lambda: kerastl.calibrate(classifier, "data/shapes"),
        lambda: kerastl.calibrate(files.onnx, "data/shapes"),
    ):
        with pytest.raises(ModelError, match=r"model\.onnx: it is an ONNX network, which holds no Keras model"):
            ask()
    with pytest.raises(ModelError, match="or take the method occlusion"):
        classifier.explain(RED[0])
    with pytest.raises(UsageError, match=r"model\.tflite: it is a LiteRT \(\.tflite\) network, which holds no Keras"):
        kerastl.finetune("data/shapes", model=files.litert)


def test_occlusion_needs_no_keras_model(files):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16, :16, 0] = 255
    found = kerastl.load(files.onnx).explain(pixels, "red", method="occlusion")
    assert found.map[:16, :16].mean() > 10 * abs(found.map[16:, 16:].mean())


def test_rejection_needs_features_that_a_file_has_not(files):
    for path in (files.onnx, files.litert, files.openvino):
        classifier = kerastl.load(path)
        for ask in (lambda c=classifier: c.classify(RED[0], reject=True), lambda c=classifier: c.predict_features(RED)):
            with pytest.raises(UsageError, match="embeddings need features, and an exported file gives probabilities"):
                ask()


def test_coverage_needs_a_model_that_was_calibrated_before_it_was_exported(files):
    with pytest.raises(UsageError, match=r"not calibrated yet; .*, and export it again"):
        kerastl.load(files.onnx).classify(RED[0], coverage=0.8)


def test_a_file_is_evaluated_like_its_model(files, image, color_model):
    for n, color in enumerate(("red", "green", "blue")):
        for shade in (255, 200):
            rgb = [0, 0, 0]
            rgb[n] = shade
            root = image(f"data/{color}/{shade}.png", tuple(rgb)).parent.parent
    image("data/red/wrong.png", (0, 0, 255))
    found, expected = (kerastl.evaluate(model, root) for model in (files.onnx, color_model))
    assert found.accuracy == expected.accuracy == pytest.approx(6 / 7)
    assert np.abs(found.probabilities - expected.probabilities).max() < 1e-6


def test_metadata_tell_what_the_model_was_trained_on_only_where_they_can(tmp_path, image):
    trained = dataclasses.replace(METADATA, extra={"data_fingerprint": "0" * 64})
    file = write_onnx(tmp_path / "a.onnx", described(trained))
    root = image("data/red/a.png", "red").parent.parent
    assert any("(it was exported)" in note for note in kerastl.evaluate(file, root).notes)


def test_a_tensor_that_no_memory_holds_is_refused(files, monkeypatch):
    monkeypatch.setattr("kerastl.inference._exported._LARGEST", 1_000)
    with pytest.raises(ModelError, match=r"cannot be run \(it makes an array of shape \(1, 32, 32, 3\)"):
        kerastl.load(files.litert)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_a_broken_network_is_one_line(files, tmp_path, suffix):
    if suffix == ".onnx":
        model = onnx_model()
        model.graph.node[1].op_type = "ReduceMeen"
        file = write_onnx(tmp_path / "a.onnx", described(), model)
    else:
        file = write_litert(tmp_path / "a.tflite", files.network[:8] + bytes(64) + files.network[72:], described())
    with pytest.raises(ModelError, match=r"a\.(onnx|tflite) cannot be run \([^\n]+\)"):
        kerastl.load(file)


def test_an_onnx_network_has_the_threads_it_is_given(files):
    engine = OnnxEngine(files.onnx.read_bytes(), Parallelism(workers=1, interpreters=1, threads=2, batch=4))
    assert (engine.name, engine.parallelism.threads) == ("onnx", 2)
    assert engine.shapes() == ([[None, 32, 32, 3]], [[None, 3]])
    assert engine.predict(np.concatenate([RED, BLUE])).argmax(-1).tolist() == [0, 2]
    with pytest.raises(ValueError, match="INVALID"):
        OnnxEngine(b"no network")


def test_classify_with_an_exported_file_imports_its_runtime_only(files, image):
    code = (
        "import sys, json\nfrom kerastl.cli import run\n"
        "code = run(sys.argv[1:])\n"
        "heavy = ('tensorflow', 'keras', 'sklearn', 'scipy', 'h5py', 'matplotlib', 'rich', 'onnx', 'ai_edge_litert', "
        "'onnxruntime')\n"
        "print(json.dumps([code, *(name for name in heavy if name in sys.modules)]), file=sys.stderr)\n"
    )
    path = image("a.png", "red")
    for file, runtime in ((files.onnx, "onnxruntime"), (files.litert, "ai_edge_litert")):
        command = [sys.executable, "-c", code, "classify", path, "--model", file]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
        assert done.stdout == f"{path}: red 100.0 %, green 0.0 %, blue 0.0 %\n"
        assert json.loads(done.stderr) == [0, runtime]


def test_a_folder_of_an_openvino_network_is_told_as_one(files):
    with pytest.raises(UsageError, match="it is an OpenVINO network, which holds no Keras model"):
        kerastl.finetune("data/shapes", model=files.openvino.parent)
