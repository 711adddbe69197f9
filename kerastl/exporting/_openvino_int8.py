"""OpenVINO IR in 8-bit integers: post-training quantization by NNCF (Jacob et al. 2018, section 2).

Weights get one scale a channel, activations one a tensor, from the ranges that they take on representative images, and
biases are corrected for what rounding moves on average (Nagel et al. 2019). What follows the last convolution stays in
float32 (`kerastl.inference._float_tail`).
"""

from __future__ import annotations

import importlib
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import extras
from kerastl._base.stderr import native_stderr_silenced
from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.exporting import _openvino as full
from kerastl.inference._float_tail import Operation, is_dense_work, split_operations
from kerastl.inference._openvino_engine import import_openvino, telemetry_unimportable

if TYPE_CHECKING:
    from kerastl.exporting._source import ExportSource

_CONVOLUTIONS = frozenset({"Convolution", "GroupConvolution", "ConvolutionBackpropData"})
_NO_OPERATIONS = frozenset({"Constant", "Parameter", "Result"})


def missing() -> str | None:
    """What is not installed."""
    return extras.missing("openvino", "openvino", "nncf")


def write(source: ExportSource, path: Path) -> None:
    """Write a model as `model.xml` and `model.bin` into a new folder.

    Args:
        source: The model, with images to fit integers to.
        path: The folder.

    Raises:
        UsageError: There are too few images.
        ModelError: The network has nothing that 8 bits make faster, or OpenVINO does not know what it consists of.
    """
    pixels = source.calibrating
    network = full.read(source)
    tail, others = float_tail(network)
    name = printable(source.metadata.name)
    if not others:
        raise ModelError(f"{name}: it has no convolutions, which are what 8 bits make faster")
    nncf = _import_nncf()
    try:
        with _quiet(nncf):
            network = nncf.quantize(
                network,
                nncf.Dataset([image[None] for image in pixels]),
                subset_size=len(pixels),
                # Some were folded into others, and are found under no name.
                ignored_scope=nncf.IgnoredScope(names=tail, validate=False),
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{name} cannot be quantized for OpenVINO ({reason})") from error
    full.save(network, source, "openvino-int8", path)


def float_tail(network: Any) -> tuple[list[str], list[str]]:
    """Names of the operations that stay in float32, and of the others.

    Args:
        network: An `openvino.Model`.

    Returns:
        The tail and the others, each from the last operation to the first.
    """
    operations = [
        Operation(
            [given.get_source_output().get_node().get_friendly_name() for given in node.inputs()],
            [node.get_friendly_name()],
            _is_work(node),
        )
        for node in network.get_ordered_ops()
        if node.get_type_name() not in _NO_OPERATIONS
    ]
    tail, others = ([str(each.outputs[0]) for each in part] for part in split_operations(operations))
    return tail, others


def _is_work(node: Any) -> bool:
    """Whether an operation takes so much time that 8 bits pay."""
    if node.get_type_name() != "MatMul":
        return node.get_type_name() in _CONVOLUTIONS
    given, weights = (each.get_partial_shape() for each in node.inputs())
    return is_dense_work(len(given), math.prod(weights.to_shape()) if weights.is_static else 0)


def _import_nncf() -> Any:
    """The package `nncf`, imported without its telemetry, and without what it changes of the program's logging."""
    logger_class = logging.getLoggerClass()
    with telemetry_unimportable(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_openvino()
        nncf = importlib.import_module("nncf")
        importlib.import_module("nncf.common.logging.track_progress")
    logging.setLoggerClass(logger_class)
    return nncf


def _disabled(bar: Callable[..., Any], *columns: Any, **options: Any) -> Any:
    """A bar that is not drawn."""
    return bar(*columns, **{**options, "disable": True})


@contextmanager
def _quiet(nncf: Any) -> Iterator[None]:
    """Have NNCF draw no bars, log errors only, and report to nobody, also where the program imported it before."""
    logger, bars = nncf.common.logging.logger.nncf_logger, nncf.common.logging.track_progress
    telemetry = nncf.telemetry.decorator
    level, bar, weighted, reporter = logger.level, bars.Progress, bars.WeightedProgress, telemetry.telemetry
    logger.setLevel(logging.ERROR)
    bars.Progress, bars.WeightedProgress = partial(_disabled, bar), partial(_disabled, weighted)
    telemetry.telemetry = nncf.telemetry.wrapper.NNCFTelemetryStub()
    try:
        with native_stderr_silenced(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        bars.Progress, bars.WeightedProgress, telemetry.telemetry = bar, weighted, reporter
