"""OpenVINO IR in float32, read from the LiteRT flatbuffer.

Of the ways from Keras to OpenVINO this one is as exact as those by a SavedModel, a `tf.function` or ONNX, gives
networks that are as fast, and takes a fraction of their time: reading the flatbuffer, which is there already.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import extras
from kerastl._base.scratch import temporary_folder
from kerastl._base.stderr import native_stderr_silenced
from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.exporting._embedded import KEY, described
from kerastl.exporting._source import ONE_THREAD
from kerastl.inference._openvino_engine import FULL, PRECISION_PATH, OpenVINOEngine, import_openvino

if TYPE_CHECKING:
    from kerastl.exporting._source import ExportSource

MODEL_FILE = "model.xml"
INPUT, OUTPUT = "pixels", "probabilities"
# Where OpenVINO's own tools look for the labels: one text, in which a space begins the next.
_MODEL_INFO = "model_info"


def missing() -> str | None:
    """What is not installed."""
    return extras.missing("openvino", "openvino")


def write(source: ExportSource, path: Path) -> None:
    """Write a model as `model.xml` and `model.bin` into a new folder.

    Args:
        source: The model.
        path: The folder.

    Raises:
        ModelError: OpenVINO does not know what the network consists of.
    """
    save(read(source), source, "openvino", path)


def run(path: Path) -> OpenVINOEngine:
    """Open what `write` wrote.

    Raises:
        ModelError: It cannot be run.
    """
    try:
        return OpenVINOEngine(path, ONE_THREAD)
    except ValueError as error:
        raise ModelError(f"{printable(path.name)}: {error}") from error


def read(source: ExportSource) -> Any:
    """The network as an `openvino.Model`: uint8 pixels of shape (n, height, width, 3) in, float32 out, n free.

    Raises:
        ModelError: OpenVINO does not know what the network consists of.
    """
    openvino = import_openvino()
    with temporary_folder() as folder:  # OpenVINO reads files only
        file = folder / "model.tflite"
        file.write_bytes(source.flatbuffer)
        try:
            with native_stderr_silenced():
                core = openvino.Core()
                core.set_property({"ENABLE_MMAP": False})  # a mapped file cannot be removed everywhere
                network = core.read_model(file)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[-200:]
            raise ModelError(f"{printable(source.metadata.name)} cannot be read by OpenVINO ({reason})") from error
    (given,), (answers,) = network.inputs, network.outputs
    for port, name in ((given, INPUT), (answers, OUTPUT)):
        port.get_tensor().set_names({name})
    given.get_node().set_friendly_name(INPUT)
    return network


def save(network: Any, source: ExportSource, format_name: str, path: Path) -> None:
    """Write a network with what is to be known of it.

    Args:
        network: An `openvino.Model` that `read` gave, or what became of it.
        source: The model.
        format_name: A name of `EXPORT_FORMATS`.
        path: The folder to make.
    """
    metadata = source.metadata
    if source.with_resize:
        from kerastl.exporting._openvino_resize import with_resize

        network = with_resize(network, metadata.resize)
    network.set_rt_info(described(metadata, format_name), [KEY])
    labels = " ".join(printable(name).replace(" ", "_") for name in metadata.labels.names)
    network.set_rt_info(labels, [_MODEL_INFO, "labels"])
    network.set_rt_info(FULL, list(PRECISION_PATH))
    path.mkdir()
    with native_stderr_silenced():
        import_openvino().save_model(network, path / MODEL_FILE, compress_to_fp16=False)
