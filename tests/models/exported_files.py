"""Exported files made by hand: networks of a few operators that tell red, green and blue apart, as `color_model` does.

Their logits are ten times the mean of each channel, so that an image that is all red scores
exp(10) / (exp(10) + 2) = 0.99990921 for red, and an all black one 1/3 for each.
"""

import json
import zipfile

import numpy as np

from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata

METADATA = Metadata("colors", LabelSet(("red", "green", "blue")), Resize(32, 32, "crop", 1.0))


def described(metadata=METADATA):
    """The text that an export writes into a file."""
    return json.dumps({**metadata.as_dict(), "exported": {"format": "onnx", "kerastl": "0.2.0"}})


def onnx_model(scale=10.0, floats=False, size=32):
    """The network without metadata, as `onnx` has it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = TensorProto.FLOAT if floats else TensorProto.UINT8
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Mul", ["means", "scale"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=-1),
    ]
    given = helper.make_tensor_value_info("pixels", kind, ["n", size, size, 3])
    found = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])
    weights = [numpy_helper.from_array(np.float32(scale / 255), "scale")]
    graph = helper.make_graph(nodes, "colors", [given], [found], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def write_onnx(file, text=None, model=None):
    """Write an `.onnx` file; `text` stands under `kerastl` in its metadata."""
    model = onnx_model() if model is None else model
    if text is not None:
        model.metadata_props.add(key="kerastl", value=text)
    file.write_bytes(model.SerializeToString())
    return file


def write_litert(file, network, text=None):
    """Write a `.tflite` file: a network, and an archive with the metadata behind it."""
    file.write_bytes(network)
    if text is not None:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("kerastl.json", text)
            archive.writestr("labels.txt", "red\ngreen\nblue\n")
    return file


def write_openvino(folder, text=None, head=""):
    """Write the files of an OpenVINO network that no engine could run, but whose metadata can be read."""
    from xml.sax.saxutils import quoteattr

    folder.mkdir()
    info = "" if text is None else f"<kerastl value={quoteattr(text)} />"
    xml = f'<?xml version="1.0"?>{head}<net name="x" version="11"><layers/><rt_info>{info}</rt_info></net>'
    (folder / "model.xml").write_text(xml, encoding="utf-8")
    (folder / "model.bin").write_bytes(b"")
    return folder / "model.xml"
