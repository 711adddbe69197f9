"""What a file is that is no `.keras` model, said in words that help whoever gave it."""

from __future__ import annotations

import os
from pathlib import Path

# What a zip archive begins with: a member, or the directory where there are none.
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD = 512

_CONVERT = "load it with Keras, save it as .keras, and add labels with kerastl.models.embed_metadata"
TAKES_MODELS = "kerastl takes run folders and .keras files"
NO_KERAS = "which holds no Keras model; this needs one: give the run folder or .keras file that it was exported from"
TAKES_WEIGHTS = "weights are .h5 or .keras files"
EXPORTED = {
    ".onnx": f"an ONNX network, {NO_KERAS}",
    ".tflite": f"a LiteRT (.tflite) network, {NO_KERAS}",
    ".xml": f"an OpenVINO network, {NO_KERAS}",
}
"""What `kerastl export` writes, by its suffix."""
# Where it stands in the file, what stands there, and what that makes it.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, HDF5, f"an HDF5 file: weights alone, or a model in Keras's old format; {_CONVERT}"),
    (4, b"TFL3", f"a LiteRT (.tflite) network, {NO_KERAS}"),
    (0, b"\x80\x02", "a pickle, such as PyTorch's"),
    (0, b"\x80\x03", "a pickle, such as PyTorch's"),
    (0, b"\x80\x04", "a pickle"),
    (0, b"\x80\x05", "a pickle"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (0, b"BZh", "compressed with bzip2; unpack it first"),
    (0, b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (0, b"(\xb5/\xfd", "compressed with zstd; unpack it first"),
    (257, b"ustar", "a tar archive; unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"\x89PNG", "an image"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the file itself; fetch it with git lfs pull"),
)
_SUFFIXES = {
    **EXPORTED,
    ".pb": "a TensorFlow graph",
    ".pt": "a file of PyTorch",
    ".pth": "a file of PyTorch",
    ".safetensors": "a safetensors file",
    ".h5": "no HDF5 file either, whatever its name",
}
# What a folder holds, and what that makes it.
_FOLDERS = {
    "model.xml": EXPORTED[".xml"],
    "saved_model.pb": f"a TensorFlow SavedModel; {TAKES_MODELS}. To train anew, give kerastl finetune the images",
    "backbone.weights.h5": "a run of kerastl pretrain: a backbone without classes; "
    "kerastl finetune --weights takes its backbone.weights.h5",
    "config.json": f"a Keras model as a folder; {_CONVERT}",
    "_CHECKPOINT_METADATA": f"an Orbax checkpoint; {TAKES_MODELS}",
    "checkpoint": f"a TensorFlow checkpoint; {TAKES_MODELS}",
}


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does."""
    with path.open("rb") as stream:
        return stream.read(len(HDF5)) == HDF5


def of_file(path: Path, advice: str = TAKES_MODELS) -> str | None:
    """Say what a file is; None for a zip archive, which a `.keras` file is.

    Args:
        path: The file.
        advice: What is said where there is nothing better to do.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(ZIP):
        return None
    if not head:
        return "empty"
    for start, magic, kind in _MAGIC:
        if head[start:].startswith(magic):
            return kind if ";" in kind else f"{kind}; {advice}"
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page, not the file that was to be downloaded"
    if path.suffix.lower() == ".tflite":
        return f"no LiteRT network, whatever its name; {advice}"
    return _SUFFIXES.get(path.suffix.lower(), f"no .keras file, which is a zip archive; {TAKES_MODELS}")


def of_zip(names: list[str]) -> str:
    """Say what a zip archive without a Keras model is, by its members."""
    if any(name.endswith("/data.pkl") for name in names):
        return f"{_SUFFIXES['.pt']}; {TAKES_MODELS}"
    if any(name.endswith("saved_model.pb") for name in names):
        return "a zipped TensorFlow SavedModel, which kerastl does not take"
    if names and all(name.endswith(".npy") for name in names):
        return f"a file of NumPy arrays; {TAKES_MODELS}"
    if inner := next((name for name in names if name.endswith(".keras")), None):
        return f"a zip archive with {inner} in it; unpack it first"
    return "a zip archive without a Keras model in it (no config.json)"


def of_folder(path: Path) -> str | None:
    """Say what a folder without a model of kerastl's is, if that is known."""
    return next((kind for name, kind in _FOLDERS.items() if os.path.lexists(path / name)), None)
