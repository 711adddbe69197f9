"""What `scripts/fuzz.py` feeds: everything in kerastl that reads bytes from outside, with valid samples of them."""

from __future__ import annotations

import io
import json
import logging
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fuzz_exported as exported
import numpy as np
from PIL import Image, ImageCms

from kerastl import _paths as path_list
from kerastl.calibration import _state as state_file
from kerastl.data import read_split, scan
from kerastl.finetuning import RECIPES, Recipe
from kerastl.images import Resize, load_pixels
from kerastl.keywords import embed_keywords, write_sidecar
from kerastl.keywords._xmp import merged
from kerastl.models import _metadata as metadata
from kerastl.models._labels import LabelSet
from kerastl.models._saved import archive, config, schema
from kerastl.models._saved.archive import parsed
from kerastl.sorting import undo_sort
from kerastl.training._checkpoint import Checkpoint


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Args:
        samples: Valid inputs, which are changed.
        read: Reads one; gets its bytes and a folder of its own.
    """

    samples: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]


def _image(kind: str, mode: str, **options: object) -> bytes:
    values = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(values).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def _images() -> list[bytes]:
    kinds = [
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "RGB"),
        ("WEBP", "RGB"),
    ]
    kinds += [
        ("PPM", "RGB"),
        ("TGA", "RGB"),
        ("PCX", "L"),
        ("JPEG2000", "RGB"),
        ("DDS", "RGB"),
        ("SGI", "RGB"),
    ]
    found = [_image(kind, mode) for kind, mode in kinds]
    found.append(_image("ICO", "RGBA", sizes=[(8, 8)]))
    found.append(_image("JPEG", "RGB", progressive=True))
    found.append(_image("JPEG", "CMYK"))
    found.append(_image("TIFF", "RGB", compression="tiff_lzw"))
    return found


def _metadata() -> dict[str, object]:
    labels = LabelSet(("cat", "dog"), ("n02121808", "n02084071"))
    extra = {
        "temperature": 1.5,
        "temperature_inside": {"value": 1.5, "fitted_on": "labeled images"},
        "metrics": {"val_accuracy": 0.5, "notes": ["a"]},
        "data_fingerprint": "0" * 64,
    }
    return metadata.Metadata("pets", labels, Resize(32, 32), "kerastl_mini", extra).as_dict()


def _profiled() -> list[bytes]:
    """Images that bring a color profile, EXIF and text along."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "an image"
    extras = {"icc_profile": profile, "exif": exif.tobytes()}
    found = [_image(kind, "RGB", **extras) for kind in ("JPEG", "PNG", "TIFF", "WEBP")]
    wide = Image.fromarray(np.random.default_rng(0).integers(0, 4096, (12, 16), dtype=np.uint16))
    stream = io.BytesIO()
    wide.save(stream, "PNG", icc_profile=profile)
    return [*found, stream.getvalue()]


def _archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in {archive.CONFIG: b"{}", **members}.items():
            written.writestr(name, content)
    return stream.getvalue()


def _config() -> bytes:
    """A small network as Keras writes it; Keras itself would take seconds to be imported."""

    def layer(kind: str, name: str, values: dict[str, object], nodes: list[object]) -> dict[str, object]:
        return {
            "module": "keras.layers", "class_name": kind, "config": {"name": name, "trainable": True, **values},
            "registered_name": None, "name": name, "inbound_nodes": nodes,
        }  # fmt: skip

    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 8, 8, 3], "keras_history": ["in", 0, 0]}}
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
    start = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    layers = [
        layer("InputLayer", "in", {"batch_shape": [None, 8, 8, 3], "dtype": "float32"}, []),
        layer(
            "Conv2D", "conv", {"filters": 4, "kernel_size": [3, 3], "activation": "relu", "bias_initializer": start,
            "dtype": policy}, [{"args": [tensor], "kwargs": {}}],
        ),
    ]  # fmt: skip
    inner = {"name": "net", "layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["conv", 0, 0]]}
    whole = {"module": "keras.src.models.functional", "class_name": "Functional", "config": inner}
    return json.dumps({**whole, "registered_name": "Functional"}, indent=1).encode()


def _state() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Checkpoint(Path(folder)).save({"phase": 1, "history": [{"loss": 0.5}]}, {})
        return (Path(folder) / "state.json").read_bytes()


def _read_state(content: bytes, folder: Path) -> object:
    (folder / "state.json").write_bytes(content)
    checkpoint = Checkpoint(folder)
    return checkpoint.load(), [checkpoint.arrays(name) for name in checkpoint._stored()["files"]]


def _read_resealed_state(content: bytes, folder: Path) -> object:
    """A state whose hash is right, whatever it says."""
    import hashlib

    try:
        state = json.loads(content)
        state.pop("hash", None)
    except (ValueError, AttributeError, RecursionError):
        return None
    digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
    return _read_state(json.dumps({**state, "hash": digest}).encode(), folder)


def _read_metadata(content: bytes, folder: Path) -> object:
    (folder / "model.keras").write_bytes(_archive({metadata.MEMBER: content}))
    return metadata.read_metadata(folder / "model.keras")


def _base_model() -> bytes:
    """What the state of a run holds of a given model."""
    resize = {"height": 32, "width": 32, "policy": "crop", "crop_fraction": 1.0, "white_level": None}
    known = {"name": "own", "backbone": None, "classes": ["cat", "dog"], "own_layers": [], "given": "0" * 64}
    record = {**known, "resize": resize, "stages": {"top": "conv2d_2", "stem": "conv2d"}, "sha256": "0" * 64}
    return json.dumps(record, indent=1).encode()


def _exported() -> str:
    """The text that an export writes into a file."""
    return json.dumps({**_metadata(), "exported": {"format": "onnx", "kerastl": "0.2.0"}})


def _read_archive(content: bytes, folder: Path) -> object:
    (folder / "model.keras").write_bytes(content)
    return metadata.read_metadata(folder / "model.keras")


def _calibration() -> bytes:
    stream = io.BytesIO()
    references = np.eye(3, dtype=np.float16)
    np.savez(stream, set_scores=np.linspace(0, 1, 5), references=references, novelty_threshold=np.float64(0.5))
    return stream.getvalue()


def _read_calibration(content: bytes, folder: Path) -> object:
    (folder / "model.keras").write_bytes(_archive({state_file.ARRAYS: content}))
    return state_file.read(folder / "model.keras")


def _read_table(content: bytes, folder: Path) -> object:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).touch()
    (folder / "labels.csv").write_bytes(content)
    return scan(folder / "labels.csv")


def _read_split(content: bytes, folder: Path) -> object:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / name).touch()
    (folder / "split.csv").write_bytes(content)
    return read_split(folder / "split.csv", folder)


def _keywords(kinds: Sequence[str]) -> list[bytes]:
    found = []
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"a.{kind}"
            file.write_bytes(_image(kind.upper().replace("JPG", "JPEG").replace("TIF", "TIFF"), "RGB"))
            embed_keywords(file, ["cat", "\u00dcbung"])
            found.append(file.read_bytes())
    return found


def _add_keywords(content: bytes, folder: Path) -> object:
    file = folder / f"a{'.tif' if content[:1] in b'IM' else '.jpg'}"
    file.write_bytes(content)
    return embed_keywords(file, ["dog"])


def _add_to_sidecar(content: bytes, folder: Path) -> object:
    (folder / "a.xmp").write_bytes(content)
    return write_sidecar(folder / "a.jpg", ["dog"])


def _undo(content: bytes, folder: Path) -> object:
    (folder / "cat").mkdir()
    (folder / "cat" / "a.jpg").touch()
    (folder / "sort.csv").write_bytes(content)
    return undo_sort(folder, dry_run=True)  # broken, it may name any file


def _tensors() -> list[bytes]:
    """Requests of the Open Inference Protocol: the length of their JSON, the JSON, and bytes behind it."""
    image = _image("PNG", "RGB")
    behind = len(image).to_bytes(4, "little") + image
    inputs = [
        ({"name": "pixels", "shape": [1, 1, 2, 3], "datatype": "UINT8", "data": [[[[1, 2, 3], [4, 5, 6]]]]}, b""),
        ({"name": "pixels", "shape": [1, 1, 3], "datatype": "FP32", "parameters": {"binary_data_size": 12}}, bytes(12)),
        ({"name": "image", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(behind)}}, behind),
        ({"name": "image", "shape": [1], "datatype": "BYTES", "data": ["aGk="]}, b""),
    ]
    found = []
    for tensor, tail in inputs:
        text = json.dumps({"id": "1", "inputs": [tensor], "outputs": [{"name": "label"}]}).encode()
        found.append(b"%d\n%s%s" % (len(text), text, tail))
    return found


def _read_tensors(content: bytes, _: Path) -> object:
    from kerastl.serving._open_inference import read_images, split_body

    length, _, body = content.partition(b"\n")
    asked, tail = split_body(body, length.decode("latin-1"))
    return read_images(asked, tail, 8)


def _read_instances(content: bytes, _: Path) -> object:
    from kerastl.serving._asked import parse_json
    from kerastl.serving._tf_serving import read_instances

    return read_instances(parse_json(content), 8)


def _form() -> bytes:
    image = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nabc'
    return b"--b\r\n" + image + b'\r\n--b\r\nContent-Disposition: form-data; name="top"\r\n\r\n3\r\n--b--\r\n'


def _read_form(content: bytes, _: Path) -> object:
    import asyncio

    from starlette.requests import Request

    from kerastl.serving._asked import read_options
    from kerastl.serving._body import parse_form

    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it tells of each broken form
    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    form = asyncio.run(parse_form(Request({"type": "http", "headers": headers}), content, 4))
    return read_options(form.fields)


TARGETS = {
    "image": Target(_images, lambda content, _: load_pixels(io.BytesIO(content), Resize(8, 8))),
    "profile": Target(_profiled, lambda content, _: load_pixels(io.BytesIO(content), Resize(8, 8))),
    "metadata": Target(lambda: [json.dumps(_metadata(), indent=1).encode()], _read_metadata),
    "archive": Target(lambda: [_archive({metadata.MEMBER: json.dumps(_metadata()).encode()})], _read_archive),
    "config": Target(lambda: [_config()], lambda content, _: config.check(parsed(content, "its config"))),
    "base model": Target(lambda: [_base_model()], lambda content, _: schema.base_model(parsed(content, "the state"))),
    "recipe": Target(
        lambda: [RECIPES[name](3).to_json().encode() for name in ("gradual", "full")],
        lambda content, _: Recipe.from_json(content.decode("utf-8", "replace")),
    ),
    "calibration": Target(lambda: [_calibration()], _read_calibration),
    "table": Target(
        lambda: [
            b"path,label,split\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,val\n",
            b'\xef\xbb\xbfimage_id;breed\r\na;"c;at"\r\nb;dog\r\n',
            "path\tlabel\na.jpg\tk\u00e4fer\nb.jpg\t\u732b\n".encode("utf-16"),
        ],
        _read_table,
    ),
    "split": Target(lambda: [b"path,label,split\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,val\n"], _read_split),
    "list": Target(
        lambda: [b"a.jpg\nb.jpg\r\n\nc d.jpg", b"a.jpg\0b\n.jpg\0", "\ufeff\u00e4.jpg\n".encode()],
        lambda content, _: list(path_list.paths(io.BytesIO(content))),
    ),
    "keywords": Target(lambda: _keywords(["jpg", "png", "webp", "tif"]), _add_keywords),
    "sidecar": Target(lambda: [merged(None, ["cat"]), merged(merged(None, ["cat"]), ["dog"])], _add_to_sidecar),
    "sort journal": Target(
        lambda: [
            b"number,action,from,to,label,score,sha256\n,start,,,m,0,\n,folder,,cat,,,\n1,move,/in/a.jpg,cat/a.jpg,c,1,\n"
            b"1,link,/in/a.xmp,cat/a.xmp,cat,1,\n2,copy,/in/b.jpg,cat/b.jpg,cat,1,0a\n2,failed,/in/b.jpg,cat/b.jpg,,,\n"
        ],
        _undo,
    ),
    "tensors": Target(_tensors, _read_tensors),
    "instances": Target(
        lambda: [
            b'{"instances": [{"b64": "aGk="}, {"pixels": [[[1, 2, 3]]]}]}',
            b'{"inputs": {"image": [{"b64": ""}]}}',
        ],
        _read_instances,
    ),
    "form": Target(lambda: [_form()], _read_form),
    "state": Target(lambda: [_state()], _read_state),
    "sealed state": Target(lambda: [_state()], _read_resealed_state),
    "onnx": Target(lambda: [exported.onnx(_exported())], exported.reader("model.onnx")),
    "litert": Target(lambda: [exported.litert(_exported())], exported.reader("model.tflite")),
    "openvino": Target(lambda: [exported.openvino(_exported())], exported.reader("model.xml")),
}
