"""Exported files that anybody may have made: what they say is checked before a runtime sees them."""

import zipfile
from dataclasses import replace

import pytest
from exported_files import METADATA, described, onnx_model, write_litert, write_onnx, write_openvino

import kerastl
from kerastl.errors import ModelError
from kerastl.models._exported import onnx_file, protobuf, reading

pytest.importorskip("onnx", reason="the package onnx writes these files")
TFL3 = b"\x1c\0\0\0TFL3" + bytes(20)


def refused(path, reason):
    with pytest.raises(ModelError, match=reason) as error:
        reading.read(path)
    assert str(error.value).startswith(str(path))


def test_files_of_other_programs_are_refused(tmp_path):
    for file in (
        write_onnx(tmp_path / "a.onnx"),
        write_litert(tmp_path / "a.tflite", TFL3),
        write_openvino(tmp_path / "openvino"),
    ):
        refused(file, "has no labels inside, so kerastl export did not make it")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the metadata is no JSON"),
        ("[1]", "the metadata is no JSON object"),
        ("[" * 100_000, "nested too deep"),
        ("{}", "'exported' must be a JSON object. Received: None"),
        ('{"exported": {"format": "onnx"}}', "'exported.kerastl' is missing"),
        ('{"exported": {"format": 3, "kerastl": "1"}}', "'exported.format' must be a text"),
        ('{"exported": {"format": "onnx", "kerastl": "1"}}', "'format' must be a whole number"),
        (described(replace(METADATA, extra={"calibration_arrays": 3})), "'extra.calibration_arrays' must be a text"),
    ],
)
def test_metadata_that_no_export_writes_are_refused_in_every_format(tmp_path, text, reason):
    refused(write_onnx(tmp_path / "a.onnx", text), reason)
    refused(write_litert(tmp_path / "a.tflite", TFL3, text), reason)
    refused(write_openvino(tmp_path / "openvino", text), reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xff" * 30, "no protocol buffer"),
        (b"\x3a\x7f", "no protocol buffer"),  # a graph that is longer than the file
        (b"\x38\x01", "no ONNX network"),  # a graph that is a number
        (b"\x08\x08", "has no graph"),
        (b"<html>", "it is a web page"),
    ],
)
def test_what_is_no_onnx_file_is_refused(tmp_path, content, reason):
    file = tmp_path / "a.onnx"
    file.write_bytes(content)
    refused(file, reason)


def test_weights_in_another_file_are_refused(tmp_path):
    from onnx import TensorProto

    model = onnx_model()
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    refused(write_onnx(tmp_path / "a.onnx", described(), model), "weights lie in another file")


def test_weights_in_another_file_are_found_inside_graphs_and_attributes(tmp_path):
    from onnx import TensorProto, helper

    tensor = TensorProto(name="x", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    inner = helper.make_graph([helper.make_node("Constant", [], ["x"], value=tensor)], "inner", [], [])
    model = onnx_model()
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))
    refused(write_onnx(tmp_path / "a.onnx", described(), model), "weights lie in another file")


def test_operators_of_others_are_refused_and_those_of_onnxruntime_are_not(tmp_path):
    model = onnx_model()
    model.graph.node[0].domain = "com.microsoft"
    assert reading.read(write_onnx(tmp_path / "a.onnx", described(), model)).format == "onnx"
    model.graph.node[0].domain = "evil"
    refused(write_onnx(tmp_path / "b.onnx", described(), model), "needs operators of 'evil'")


def test_graphs_in_graphs_end_somewhere(tmp_path):
    from onnx import helper

    graph = helper.make_graph([], "g", [], [])
    for _ in range(20):
        graph = helper.make_graph([helper.make_node("If", ["c"], ["y"], then_branch=graph)], "g", [], [])
    model = onnx_model()
    model.graph.CopyFrom(graph)
    refused(write_onnx(tmp_path / "a.onnx", described(), model), "nested too deep")


def test_a_file_of_nothing_but_fields_is_refused_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "_MOST", 1_000)
    file = tmp_path / "a.onnx"
    file.write_bytes(b"\x08\x01" * 1_001)
    refused(file, "more parts than any network")


def test_a_varint_ends(tmp_path):
    """Eleven bytes that all say that another one follows."""
    file = tmp_path / "a.onnx"
    file.write_bytes(b"\x08" + b"\x80" * 11 + b"\x01")
    refused(file, "no protocol buffer")
    assert protobuf.Field(1, 2, 3).number == 1


def test_what_is_no_litert_file_is_refused(tmp_path):
    file = tmp_path / "a.tflite"
    file.write_bytes(b"no network")
    refused(file, "it is no LiteRT network")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    file = tmp_path / "a.tflite"
    file.write_bytes(TFL3)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kerastl.json", b" " * (33 << 20))
    refused(file, "33.*bytes|34,603,008 bytes unpacked")


def test_an_openvino_network_without_weights_or_with_entities_is_refused(tmp_path):
    file = write_openvino(tmp_path / "a", described(), '<!DOCTYPE net [<!ENTITY x "xxxx">]>')
    refused(file, "declares entities")
    file.write_text("<net><layers>", encoding="utf-8")
    refused(file, "is no XML")
    file.write_text("<other/>", encoding="utf-8")
    refused(file, "is no OpenVINO network")
    file.write_text("<a>" * 100, encoding="utf-8")
    refused(file, "nested too deep")
    file.with_suffix(".bin").unlink()
    refused(file, "its weights, model.bin, are not beside it")


def test_the_metadata_of_every_format_are_read(tmp_path):
    text = described()
    for file, engine in (
        (write_onnx(tmp_path / "a.onnx", text), "onnx"),
        (write_litert(tmp_path / "a.tflite", TFL3, text), "litert"),
        (write_openvino(tmp_path / "openvino", text), "openvino"),
    ):
        found = reading.read(file)
        assert (found.metadata.labels.names, found.engine) == (("red", "green", "blue"), engine)


def test_a_folder_of_several_exports_says_which_there_are(tmp_path):
    write_onnx(tmp_path / "model.onnx", described())
    assert reading.find(tmp_path) == tmp_path / "model.onnx"
    write_openvino(tmp_path / "openvino", described())
    with pytest.raises(ModelError, match=r"several exported models; name one of them: .*model\.onnx, .*openvino"):
        kerastl.load(tmp_path)
    assert reading.find(tmp_path / "openvino") == tmp_path / "openvino" / "model.xml"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (onnx_model(size=16), r"says images of 32 x 32 pixels.*takes arrays of shape \(None, 16, 16, 3\)"),
        (onnx_model(scale=float("nan")), "its scores are not numbers"),
    ],
)
def test_metadata_of_another_network_and_broken_weights_are_refused(tmp_path, model, reason):
    import numpy as np

    file = write_onnx(tmp_path / "a.onnx", described(), model)
    with pytest.raises(ModelError, match=reason):
        kerastl.load(file).classify(np.zeros((32, 32, 3), np.uint8))
