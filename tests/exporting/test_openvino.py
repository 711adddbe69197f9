"""OpenVINO IR, in float32 and in 8-bit integers: what is inside, what it answers, and that nobody hears of it."""

import importlib.util
import json
import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import kerastl
from kerastl._base import extras
from kerastl.errors import ModelError
from kerastl.exporting import _openvino as full
from kerastl.exporting import _openvino_int8 as int8
from kerastl.images import Resize
from kerastl.inference._openvino_engine import import_openvino
from kerastl.models import LabelSet, Metadata

for package in ("openvino", "nncf"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

# Flat images, of which the largest channel is that of the class.
COLORS = [np.full((32, 32, 3), np.roll((6 * n, 250 - 6 * n, 9), n), np.uint8) for n in range(40)]


@pytest.fixture(scope="module")
def exported(color_model, tmp_path_factory):
    """`color_model` in float32: the folder."""
    return kerastl.export(color_model, "openvino", tmp_path_factory.mktemp("exported")).output


@pytest.fixture(scope="module")
def quantized(small_conv_model, tmp_path_factory):
    """`small_conv_model` in float32 and in integers: the folder."""
    folder = tmp_path_factory.mktemp("quantized")
    to = ["openvino", "openvino-int8"]
    return kerastl.export(small_conv_model, to, folder, calibrate=COLORS, prove=COLORS).output


def network(folder):
    return import_openvino().Core().read_model(folder / "model.xml")


def told(inside, *path):
    return inside.get_rt_info(list(path)).value


def test_it_takes_raw_pixels_of_any_number_of_images_and_gives_probabilities(exported):
    inside = network(exported / "openvino")
    (given,), (answers,) = inside.inputs, inside.outputs
    assert (given.get_names(), str(given.get_partial_shape())) == ({"pixels"}, "[?,32,32,3]")
    assert (answers.get_names(), str(answers.get_partial_shape())) == ({"probabilities"}, "[?,3]")
    assert (given.get_element_type().get_type_name(), answers.get_element_type().get_type_name()) == ("u8", "f32")
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    pixels[0, ..., 1] = 255
    # Of ten times the mean of each channel: exp(10) / (exp(10) + 2), and 1/3 for each
    expected = [[4.5398e-05, 0.99990921, 4.5398e-05], [1 / 3] * 3]
    np.testing.assert_allclose(full.run(exported / "openvino").predict(pixels), expected, atol=1e-6)


def test_what_is_to_be_known_of_the_model_is_inside(exported, color_model):
    inside = network(exported / "openvino")
    described = json.loads(told(inside, "kerastl"))
    assert described.pop("exported") == {"format": "openvino", "kerastl": kerastl.__version__}
    assert Metadata.from_dict(described).labels.names == ("red", "green", "blue")
    assert told(inside, "model_info", "labels") == "red green blue"
    assert told(inside, "runtime_options", "INFERENCE_PRECISION_HINT") == "f32"


def test_names_of_any_letters_are_kept_and_spaces_part_none(exported, tmp_path):
    names = ("a b", 'quote"<&>', "żółw", "line\nbreak")
    metadata = Metadata("x", LabelSet(names), Resize(32, 32))
    source = SimpleNamespace(metadata=metadata, with_resize=False)
    full.save(network(exported / "openvino"), source, "openvino", tmp_path / "out")
    inside = network(tmp_path / "out")
    assert json.loads(told(inside, "kerastl"))["labels"] == list(names)
    labels = told(inside, "model_info", "labels").split(" ")
    assert labels[:3] == ["a_b", 'quote"<&>', "żółw"]
    assert len(labels) == 4


def test_the_example_runs_without_tensorflow_and_reports_to_nobody(exported, image, tmp_path):
    path, home = image("a.png", (0, 0, 255)), tmp_path / "home"
    home.mkdir()
    program = f"""
import runpy, sys
sys.modules["tensorflow"] = sys.modules["keras"] = sys.modules["kerastl"] = None
sys.argv = ["example", {str(path)!r}]
runpy.run_path({str(exported / "example_openvino.py")!r}, run_name="__main__")
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")}
    environment |= {"HOME": str(home), "LOCALAPPDATA": str(home)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[0] == "blue: 1.000"
    assert sorted(done.stdout.splitlines()) == ["blue: 1.000", "green: 0.000", "red: 0.000"]
    assert list(home.iterdir()) == []


def test_what_is_no_network_for_openvino_is_said_in_a_line():
    source = SimpleNamespace(flatbuffer=b"nothing", metadata=SimpleNamespace(name="mine"))
    with pytest.raises(ModelError, match=r"^mine cannot be read by OpenVINO \([^\n]+\)$"):
        full.read(source)


def test_what_cannot_be_opened_again_is_said_in_a_line(tmp_path):
    (tmp_path / "model.xml").write_text("nothing")
    with pytest.raises(ModelError, match=r"OpenVINO cannot open it \([^\n]+\)$"):
        full.run(tmp_path)


def test_integers_answer_nearly_as_float32_does(quantized):
    pixels = np.stack(COLORS)
    answers = {name: full.run(quantized / name).predict(pixels) for name in ("openvino", "openvino-int8")}
    difference = np.abs(answers["openvino"] - answers["openvino-int8"]).max()
    assert 0 < difference < 0.03  # two roundings to 1/255 of a logit of at most ten
    assert (answers["openvino"].argmax(1) == answers["openvino-int8"].argmax(1)).all()


def types_by_precision(folder):
    """Types of the operations that are computed in integers, and of those in float32."""
    compiled = import_openvino().Core().compile_model(folder / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = {"integers": set(), "float": set()}
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        place = "integers" if info["runtimePrecision"] in ("u8", "i8") else "float"
        found[place].add(info["layerType"])
    return found


def test_convolutions_are_computed_in_integers_and_the_head_in_float32(quantized):
    found = types_by_precision(quantized / "openvino-int8")
    assert "Convolution" in found["integers"] - found["float"]
    assert {"FullyConnected", "Softmax"} <= found["float"] - found["integers"]


def test_the_tail_begins_behind_the_last_convolution(quantized):
    inside = network(quantized / "openvino")
    types = {node.get_friendly_name(): node.get_type_name() for node in inside.get_ops()}
    tail, others = ([types[name] for name in part] for part in int8.float_tail(inside))
    assert tail[0] == "Softmax"
    assert "MatMul" in tail
    assert "Convolution" not in tail
    assert others.count("Convolution") == 2
    assert sorted(tail + others) == sorted(set_of_operations(inside))


def set_of_operations(inside):
    return [
        kind for node in inside.get_ops() if (kind := node.get_type_name()) not in ("Constant", "Parameter", "Result")
    ]


def test_quantizing_prints_nothing_reports_nothing_and_leaves_logging_alone(
    small_conv_model, quantized, tmp_path, monkeypatch, capfd
):
    import nncf

    reported = []
    nobody = SimpleNamespace(
        **dict.fromkeys(("start_session", "send_event", "end_session"), lambda *_, **__: reported.append(1))
    )
    monkeypatch.setattr(nncf.telemetry.decorator, "telemetry", nobody)
    kerastl.export(small_conv_model, "openvino-int8", tmp_path, calibrate=COLORS, prove=COLORS, verbose=0)
    assert capfd.readouterr() == ("", "")
    assert reported == []
    assert nncf.telemetry.decorator.telemetry is nobody
    assert logging.getLoggerClass() is logging.Logger
    # The same images give the same integers.
    first, second = (folder / "openvino-int8" / "model.bin" for folder in (quantized, tmp_path))
    assert first.read_bytes() == second.read_bytes()


def test_a_network_without_convolutions_is_left_in_float32(color_model, tmp_path):
    with pytest.raises(ModelError, match="it has no convolutions, which are what 8 bits make faster"):
        kerastl.export(color_model, "openvino-int8", tmp_path, calibrate=COLORS)


@pytest.mark.parametrize(("package", "missing"), [("openvino", full.missing), ("nncf", int8.missing)])
def test_what_is_not_installed_is_said(monkeypatch, package, missing):
    assert missing() is None
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == package else name)
    assert missing() == f"{package} not installed: pip install 'kerastl[openvino]'"
