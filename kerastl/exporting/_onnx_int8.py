"""An ONNX network in 8-bit integers: post-training quantization (Jacob et al. 2018, section 2) by onnxruntime.

Weights get one scale a channel, activations one a tensor, from the lowest and highest numbers on images like those to
come. What scales the pixels, and what follows the last convolution, stays in float32.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kerastl._base.scratch import temporary_folder
from kerastl._base.stderr import native_stderr_silenced
from kerastl.errors import ModelError
from kerastl.exporting._onnx_graph import INPUT
from kerastl.exporting._onnx_parts import lead_and_tail

if TYPE_CHECKING:
    import numpy as np
    import onnx

# What onnxruntime computes in integers, or passes on as they are. Others, such as the products and sigmoids of swish,
# would be computed in float32 all the same, from numbers that were rounded on their way.
_IN_INTEGERS = (
    "Add",
    "AveragePool",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Gemm",
    "GlobalAveragePool",
    "MatMul",
    "MaxPool",
    "Pad",
    "Relu",
    "Reshape",
    "Resize",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
)


def to_int8(model: onnx.ModelProto, pixels: np.ndarray) -> onnx.ModelProto:
    """Fit a network in integers.

    Args:
        model: In float32.
        pixels: uint8 array of shape (n, height, width, 3): images like those to come.

    Returns:
        The same inputs and outputs, with pairs of QuantizeLinear and DequantizeLinear around what is computed in
        integers, which runtimes melt into that.

    Raises:
        ModelError: It has nothing that integers make faster, or cannot be quantized.
    """
    import onnx
    from onnxruntime import quantization

    lead, tail = lead_and_tail(model)
    if len(tail) == len(model.graph.node):
        raise ModelError("it has no convolutions, which are what 8 bits make faster")
    with temporary_folder() as folder, native_stderr_silenced(), warnings.catch_warnings(), _advice_unheard():
        warnings.simplefilter("ignore")
        (folder / "float.onnx").write_bytes(model.SerializeToString())
        try:
            # Unsigned activations and signed weights: with weights of 7 bits, which no processor's sums overflow,
            # MobileNetV2 gave 12 % other answers.
            quantization.quantize_static(
                folder / "float.onnx",
                folder / "int8.onnx",
                _reader(pixels),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=[*lead, *tail],
                op_types_to_quantize=list(_IN_INTEGERS),
            )
        except Exception as error:  # of many classes
            reason = "".join(str(error).strip().splitlines()[0:1])[:200]
            raise ModelError(f"it cannot be computed in 8 bits ({reason or type(error).__name__})") from error
        return onnx.load(folder / "int8.onnx")


def _reader(pixels: np.ndarray) -> object:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        """Gives one image after the other."""

        def __init__(self) -> None:
            self._images: Iterator[np.ndarray] = iter(pixels)

        def get_next(self) -> dict[str, np.ndarray] | None:
            """The next image, or None after the last."""
            image = next(self._images, None)
            return None if image is None else {INPUT: image[None]}

    return Reader()


@contextmanager
def _advice_unheard() -> Iterator[None]:
    """Keep from being heard what onnxruntime logs, which is advice on preparing networks; all else is logged as it was.

    It logs through the root logger, which sets up logging for the whole process where it finds no handler.
    """
    root, nowhere = logging.getLogger(), logging.NullHandler()

    def by_others(record: logging.LogRecord) -> bool:
        return "onnxruntime" not in record.pathname

    root.addHandler(nowhere)
    root.addFilter(by_others)
    try:
        yield
    finally:
        root.removeFilter(by_others)
        root.removeHandler(nowhere)
