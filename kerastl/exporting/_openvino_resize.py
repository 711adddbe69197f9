"""Reading images of any size as part of an OpenVINO network: the graph that ONNX networks have, read by OpenVINO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastl._base import extras
from kerastl._base.scratch import temporary_folder
from kerastl._base.stderr import native_stderr_silenced
from kerastl.errors import ModelError
from kerastl.exporting._onnx_graph import BATCH, INPUT
from kerastl.exporting._resize_graph import add_resize
from kerastl.inference._openvino_engine import import_openvino

if TYPE_CHECKING:
    from kerastl.images import Resize


def with_resize(network: Any, resize: Resize) -> Any:
    """Let a network take images of any size; those of a batch have one size.

    Args:
        network: An `openvino.Model` that takes uint8 pixels of shape (n, resize.height, resize.width, 3).
        resize: What it does to an image.

    Returns:
        An `openvino.Model` that takes uint8 pixels of shape (n, height, width, 3). `network` is part of it.

    Raises:
        ModelError: The package onnx, which describes the graph, is not installed; or the policy is `"keras"`, whose
            steps Pillow adds up in float64, while OpenVINO computes in float32 and takes other pixels.
    """
    if resize.policy == "keras":
        raise ModelError(
            "images are read as Keras reads them, which OpenVINO cannot repeat to the bit: export without --with-resize"
        )
    if (lacking := extras.missing("openvino", "onnx")) is not None:
        raise ModelError(lacking)
    openvino = import_openvino()
    operations = openvino.opset13
    resizing = _resizing(openvino, resize)
    (small,) = (result.input_value(0) for result in resizing.get_results())
    # The sizes are known, but not to OpenVINO, which would else compile for any.
    shape = operations.constant([-1, resize.height, resize.width, 3])
    fixed = operations.reshape(small.get_node(), shape, special_zero=False)
    for user in network.inputs[0].get_target_inputs():
        user.replace_source_output(fixed.output(0))
    return openvino.Model(network.get_results(), resizing.get_parameters(), network.get_friendly_name())


def _resizing(openvino: Any, resize: Resize) -> Any:
    """Resizing alone, as an `openvino.Model`."""
    import onnx
    from onnx import TensorProto, helper

    small = helper.make_tensor_value_info("small", TensorProto.UINT8, [BATCH, resize.height, resize.width, 3])
    given = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [BATCH, resize.height, resize.width, 3])
    graph = helper.make_graph([helper.make_node("Identity", [INPUT], ["small"])], "resizing", [given], [small])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    add_resize(model, resize)
    with temporary_folder() as folder, native_stderr_silenced():
        file = folder / "resizing.onnx"
        onnx.save(model, file)
        core = openvino.Core()
        core.set_property({"ENABLE_MMAP": False})
        return core.read_model(file)
