"""What is given as a model and is none is called what it is."""

import zipfile

import pytest

import kerastl
from kerastl.errors import ModelError, WeightsError
from kerastl.images import Resize
from kerastl.models import _build
from kerastl.models import _metadata as metadata
from kerastl.models._labels import LabelSet


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file: weights alone, or a model in Keras's old format"),
        ("renamed.keras", b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file"),
        ("renamed.keras", b"\x1c\0\0\0TFL3" + bytes(99), "a LiteRT"),
        ("model.tflite", b"\x08\x08\x12\x07pytorch", "no LiteRT network"),
        ("model.tflite", b"", "it is empty"),
        ("model.onnx", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        ("model.onnx", b"PK\x03\x04" + bytes(99), "a zip archive"),
        ("model.pth", b"\x80\x02}q\x00", "PyTorch"),
        ("model.safetensors", b"\x10\0\0\0\0\0\0\0{}", "a safetensors file"),
        ("empty.keras", b"", "it is empty"),
        ("page.keras", b"<!DOCTYPE html><title>404</title>", "a web page"),
        ("lfs.keras", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        ("model.keras.gz", b"\x1f\x8b\x08", "gzip"),
        ("cat.jpg", b"\xff\xd8\xff\xe0", "an image"),
        ("notes.keras", b"hello", "no .keras file"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}.* it is .*") as caught:
        kerastl.load(tmp_path / name)
    assert kind in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"), (b"", "it is empty"),
        (b"\x80\x02}q\x00", "a pickle, such as PyTorch's; weights are .h5 or .keras files"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "it is no whole HDF5 file"),
        (b"PK\x03\x04" + bytes(99), "incomplete or was changed"),
    ],
)  # fmt: skip
def test_weights_of_another_kind_are_named(tmp_path, content, kind):
    (tmp_path / "net.h5").write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.h5") as caught:
        _build.build("mobilenet_v3_small", weights=tmp_path / "net.h5", include_top=False, input_size=32)
    assert kind in str(caught.value)
    assert str(caught.value).count("net.h5") == 1


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("archive/data.pkl", "PyTorch"), ("net/saved_model.pb", "SavedModel"), ("a.npy", "NumPy"),
        ("model.keras", "unpack it first"), ("a.txt", "without a Keras model"),
    ],
)  # fmt: skip
def test_a_zip_of_another_kind_is_named(tmp_path, inside, kind):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr(inside, "x")
    with pytest.raises(ModelError, match=kind):
        kerastl.load(tmp_path / "x.pt")


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("saved_model.pb", "a TensorFlow SavedModel"), ("config.json", "a Keras model as a folder"),
        ("backbone.weights.h5", "kerastl finetune --weights"), ("checkpoint", "a TensorFlow checkpoint"),
        ("a.jpg", "holds no model.keras"),
    ],
)  # fmt: skip
def test_a_folder_of_another_kind_is_named(tmp_path, inside, kind):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / inside).write_text("x")
    with pytest.raises(ModelError, match=kind):
        kerastl.load(tmp_path / "net")


def test_a_card_is_not_put_into_what_is_no_keras_file(tmp_path):
    """An archive can be appended to any file, and two of them would share one entry of the cache."""
    file = tmp_path / "model.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    with pytest.raises(ModelError, match="an HDF5 file"):
        metadata.embed_metadata(file, metadata.Metadata("x", LabelSet(("a",)), Resize(8, 8)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelError, match="an HDF5 file"):
        metadata.network_sha256(file)


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(tmp_path):
    import os

    os.mkfifo(tmp_path / "m.keras")
    with pytest.raises(ModelError, match="is no file"):
        kerastl.load(tmp_path / "m.keras")
