"""The forms that a model can be exported to, by name."""

from __future__ import annotations

from kerastl._base.registry import Registry
from kerastl.exporting._format import ExportFormat

_LITERT_EXAMPLES = ("example_litert.py.j2", "example_litert.kt.j2", "example_litert.swift.j2")
_ONNX_EXAMPLES = ("example_onnx.py.j2", "example_onnx.mjs.j2")

_BUNDLED = (
    ExportFormat(
        "onnx",
        "servers, browsers and other frameworks, by onnxruntime and its like",
        "model.onnx",
        "kerastl.exporting._onnx:write",
        "kerastl.exporting._onnx:run",
        "kerastl.exporting._onnx:missing",
        examples=_ONNX_EXAMPLES,
        resizes=True,
    ),
    ExportFormat(
        "onnx-fp16",
        "half as large, for graphics cards",
        "model-fp16.onnx",
        "kerastl.exporting._onnx:write_fp16",
        "kerastl.exporting._onnx:run",
        "kerastl.exporting._onnx:missing",
        examples=_ONNX_EXAMPLES,
        resizes=True,
    ),
    ExportFormat(
        "onnx-int8",
        "a quarter as large, and up to twice as fast on processors",
        "model-int8.onnx",
        "kerastl.exporting._onnx:write_int8",
        "kerastl.exporting._onnx:run",
        "kerastl.exporting._onnx:missing",
        quantized=True,
        examples=_ONNX_EXAMPLES,
        resizes=True,
    ),
    ExportFormat(
        "litert",
        "phones, small computers, servers without TensorFlow",
        "model.tflite",
        "kerastl.exporting._litert:write",
        "kerastl.exporting._litert:run",
        "kerastl.inference._open:litert_missing",
        examples=_LITERT_EXAMPLES,
    ),
    ExportFormat(
        "litert-fp16",
        "half as large, for graphics processors of phones",
        "model-fp16.tflite",
        "kerastl.exporting._litert:write_fp16",
        "kerastl.exporting._litert:run",
        "kerastl.inference._open:litert_missing",
        examples=_LITERT_EXAMPLES,
    ),
    ExportFormat(
        "litert-int8",
        "smaller still, fastest on the processors of phones",
        "model-int8.tflite",
        "kerastl.exporting._litert:write_int8",
        "kerastl.exporting._litert:run",
        "kerastl.inference._open:litert_missing",
        quantized=True,
        examples=_LITERT_EXAMPLES,
    ),
    ExportFormat(
        "openvino",
        "Intel processors",
        "openvino",
        "kerastl.exporting._openvino:write",
        "kerastl.exporting._openvino:run",
        "kerastl.exporting._openvino:missing",
        examples=("example_openvino.py.j2",),
        resizes=True,
    ),
    ExportFormat(
        "openvino-int8",
        "the same in 8-bit integers, about twice as fast",
        "openvino-int8",
        "kerastl.exporting._openvino_int8:write",
        "kerastl.exporting._openvino:run",
        "kerastl.exporting._openvino_int8:missing",
        quantized=True,
        examples=("example_openvino.py.j2",),
        resizes=True,
    ),
    ExportFormat(
        "savedmodel",
        "TensorFlow Serving, plain TensorFlow",
        "savedmodel",
        "kerastl.exporting._saved_model:write",
        "kerastl.exporting._saved_model:run",
        "kerastl.exporting._saved_model:missing",
        examples=("example_savedmodel.py.j2",),
        resizes=True,
    ),
    ExportFormat(
        "web",
        "a page that runs the model in any browser",
        "web",
        "kerastl.exporting._web:write",
        "kerastl.exporting._web:run",
        "kerastl.exporting._web:missing",
        "kerastl.exporting._web:check",
        examples=("example_web.html.j2",),
    ),
    ExportFormat(
        "huggingface",
        "what one would push to the Hugging Face Hub",
        "huggingface",
        "kerastl.exporting._huggingface:write",
        "kerastl.exporting._huggingface:run",
    ),
)

EXPORT_FORMATS: Registry[ExportFormat] = Registry(
    "export format", "kerastl.export_formats", ExportFormat, {each.name: each for each in _BUNDLED}
)
"""Other packages add to it by entry points of the group `kerastl.export_formats`."""


def register_export_format(export_format: ExportFormat, *, replace: bool = False) -> ExportFormat:
    """Add a format for as long as this process runs.

    Args:
        export_format: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `export_format`.

    Raises:
        UsageError: It is no `ExportFormat`, or there is one of that name.

    Example:
        >>> from dataclasses import replace
        >>> from kerastl.exporting import EXPORT_FORMATS, register_export_format
        >>> added = register_export_format(replace(EXPORT_FORMATS["litert"], name="phone", filename="phone.tflite"))
        >>> "phone" in EXPORT_FORMATS
        True
    """
    return EXPORT_FORMATS.register(export_format, replace=replace)
