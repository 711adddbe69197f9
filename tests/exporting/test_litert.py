"""LiteRT files, and the metadata in them, read as others read them."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import ModelT
from PIL import Image

import kerastl
from kerastl.exporting import ExportSource
from kerastl.models import Metadata, resolve

NAMES = ("litert", "litert-fp16", "litert-int8")


@pytest.fixture(scope="module")
def exported(small_conv_model, tmp_path_factory, flat_colors):
    return kerastl.export(small_conv_model, NAMES, tmp_path_factory.mktemp("litert"), prove=flat_colors)


def answers(file, pixels):
    interpreter = Interpreter(str(file))
    (given,), (found,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert given["dtype"] == np.uint8
    assert list(given["shape_signature"]) == [-1, 32, 32, 3]
    interpreter.resize_tensor_input(given["index"], pixels.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], pixels)
    interpreter.invoke()
    return interpreter.get_tensor(found["index"])


@pytest.mark.parametrize(("name", "tolerance"), [("litert", 1e-5), ("litert-fp16", 5e-3), ("litert-int8", 5e-2)])
def test_answers_are_those_of_keras(exported, small_conv_model, expected_of, flat_colors, name, tolerance):
    received = answers(exported.files[name], flat_colors)
    np.testing.assert_allclose(received, expected_of(small_conv_model, flat_colors), atol=tolerance)


def test_fewer_bits_are_fewer_bytes_of_weights(exported):
    """The three kernels hold 27 numbers: in float16 none of them is float32 any more."""
    model = ModelT.InitFromPackedBuf(exported.files["litert-fp16"].read_bytes(), 0)
    kinds = {tensor.type for tensor in model.subgraphs[0].tensors if model.buffers[tensor.buffer].data is not None}
    float16 = 1
    assert float16 in kinds
    model = ModelT.InitFromPackedBuf(exported.files["litert-int8"].read_bytes(), 0)
    int8 = 9
    assert int8 in {tensor.type for tensor in model.subgraphs[0].tensors}


@pytest.mark.parametrize("name", NAMES)
def test_files_lie_behind_the_network(exported, name):
    with zipfile.ZipFile(exported.files[name]) as archive:
        assert archive.namelist() == ["labels.txt", "kerastl.json"]
        # Readers take them out of the memory that the model was mapped into.
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("labels.txt") == b"red\ngreen\nblue\n"
        told = json.loads(archive.read("kerastl.json"))
    assert told["exported"]["format"] == name
    assert Metadata.from_dict(told).labels.names == ("red", "green", "blue")


class Table:
    """A table of a flatbuffer, read by its definition: field by field through its vtable."""

    def __init__(self, data, place):
        self.data, self.place = data, place

    def _at(self, field):
        vtable = self.place - struct.unpack_from("<i", self.data, self.place)[0]
        size = struct.unpack_from("<H", self.data, vtable)[0]
        entry = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, vtable + entry)[0] if entry < size else 0
        return self.place + offset if offset else None

    def number(self, field, kind):
        place = self._at(field)
        return 0 if place is None else struct.unpack_from(kind, self.data, place)[0]

    def _led_to(self, place):
        return place + struct.unpack_from("<I", self.data, place)[0]

    def table(self, field):
        return Table(self.data, self._led_to(self._at(field)))

    def text(self, field):
        start = self._led_to(self._at(field))
        return self.data[start + 4 : start + 4 + struct.unpack_from("<I", self.data, start)[0]].decode()

    def floats(self, field):
        start = self._led_to(self._at(field))
        return list(struct.unpack_from(f"<{struct.unpack_from('<I', self.data, start)[0]}f", self.data, start + 4))

    def tables(self, field):
        start = self._led_to(self._at(field))
        count = struct.unpack_from("<I", self.data, start)[0]
        return [Table(self.data, self._led_to(start + 4 + 4 * number)) for number in range(count)]


@pytest.fixture(scope="module")
def metadata(exported):
    model = ModelT.InitFromPackedBuf(exported.files["litert"].read_bytes(), 0)
    (entry,) = (entry for entry in model.metadata if entry.name == b"TFLITE_METADATA")
    data = bytes(model.buffers[entry.buffer].data)
    assert data[4:8] == b"M001"
    return Table(data, struct.unpack_from("<I", data)[0])


def test_the_metadata_name_the_model(metadata):
    assert metadata.text(0) == "small"
    assert metadata.text(1).startswith("small: one class an image; written by kerastl ")


def test_the_input_is_raw_pixels(metadata):
    (subgraph,) = metadata.tables(3)
    (pixels,) = subgraph.tables(2)
    image_properties, rgb, normalization = 2, 1, 1
    content = pixels.table(3)
    assert content.number(0, "<B") == image_properties
    assert content.table(1).number(0, "<b") == rgb
    size = content.table(1).table(1)
    assert (size.number(0, "<I"), size.number(1, "<I")) == (32, 32)
    (unit,) = pixels.tables(4)
    assert unit.number(0, "<B") == normalization
    assert (unit.table(1).floats(0), unit.table(1).floats(1)) == ([0.0], [1.0])
    assert (pixels.table(5).floats(1), pixels.table(5).floats(0)) == ([0.0], [255.0])


def test_the_output_names_the_file_of_labels(metadata):
    (probabilities,) = metadata.tables(3)[0].tables(3)
    assert probabilities.text(0) == "probabilities"
    (labels,) = probabilities.tables(6)
    tensor_axis_labels = 2
    assert (labels.text(0), labels.number(2, "<b")) == ("labels.txt", tensor_axis_labels)


def test_buffers_stay_aligned(exported):
    data = exported.files["litert"].read_bytes()
    model = Table(data, struct.unpack_from("<I", data)[0])
    buffers, content = 4, 0
    starts = [buffer._led_to(buffer._at(content)) + 4 for buffer in model.tables(buffers) if buffer._at(content)]
    assert starts
    assert not [start for start in starts if start % 16]


def test_the_same_model_gives_the_same_file(exported, small_conv_model, tmp_path):
    again = kerastl.export(small_conv_model, "litert", tmp_path)
    assert again.files["litert"].read_bytes() == exported.files["litert"].read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_mediapipe_tells_the_labels(exported, name):
    """Google's own reader, which goes by the metadata alone."""
    mediapipe = pytest.importorskip("mediapipe", reason="mediapipe brings OpenCV and is no extra of kerastl")
    from mediapipe.tasks import python as tasks

    base = tasks.BaseOptions(model_asset_path=str(exported.files[name]))
    with tasks.vision.ImageClassifier.create_from_options(tasks.vision.ImageClassifierOptions(base)) as classifier:
        image = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.full((40, 40, 3), (0, 255, 0), np.uint8))
        best = classifier.classify(image).classifications[0].categories[0]
    assert best.category_name == "green"
    assert best.score > 0.99


def test_a_model_without_convolutions_is_not_quantized(color_model, tmp_path, flat_colors):
    with pytest.raises(kerastl.KerastlError, match="no convolutions"):
        kerastl.export(color_model, "litert-int8", tmp_path / "out", calibrate=flat_colors)
    assert not (tmp_path / "out").exists()


def test_too_few_images_to_fit_to_are_said(small_conv_model, tmp_path, flat_colors):
    with pytest.raises(kerastl.KerastlError, match=r"at least 40 different images .* give some with --calibrate"):
        kerastl.export(small_conv_model, "litert-int8", tmp_path / "out", calibrate=flat_colors[:39])


def test_pillow_reads_nothing_into_the_archive(exported):
    """That the file ends as a zip archive does not make it one from its first byte on."""
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(exported.files["litert"].read_bytes()))


def test_integers_are_fitted_to_images_with_labels_too(tmp_path, flat_colors, image):
    for number, pixels in enumerate(flat_colors):
        image(f"{number}.png", tuple(pixels[0, 0].tolist()))
    rows = [(f"{number}.png", "red") for number in range(40)]
    (tmp_path / "table.csv").write_text("path,label\n" + "".join(f"{path},{label}\n" for path, label in rows))
    expected = {pixels[0, 0].tobytes() for pixels in flat_colors}
    for data in (tmp_path, tmp_path / "table.csv", [(str(tmp_path / path), label) for path, label in rows]):
        source = ExportSource(resolve("kerastl_mini"), prove=data)
        assert {image[0, 0].tobytes() for image in (*source.calibrating, *source.judging)} == expected


def test_images_that_are_not_there_are_said():
    with pytest.raises(kerastl.KerastlError, match="nowhere: no such folder"):
        _ = ExportSource(resolve("kerastl_mini"), calibrate="nowhere").calibrating
