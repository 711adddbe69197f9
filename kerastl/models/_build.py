"""A row of the catalog -> a Keras network that takes raw pixels, and its stages."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras, keras_reason
from kerastl._base.registry import resolve_reference
from kerastl.errors import ModelError, UsageError, WeightsError
from kerastl.images._input_size import InputSize, sides_of
from kerastl.models import _weights as weights_files
from kerastl.models._adapt_options import InputScaling
from kerastl.models._registry import BACKBONES, Backbone, Stage
from kerastl.models._saved import loading

if TYPE_CHECKING:
    import os

    import keras

# ImageNet statistics. Caffe's means are of 0-255 pixels in BGR order, the others of 0-1 pixels in RGB order.
_CAFFE_MEAN = (103.939, 116.779, 123.68)
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


# What each channel is multiplied with, and what is then added.
_SCALINGS: dict[str, tuple[Any, Any]] = {
    "caffe": (1.0, [-mean for mean in _CAFFE_MEAN]),
    "tf": (1 / 127.5, -1.0),
    "torch": ([1 / (255 * std) for std in _STD], [-mean / std for mean, std in zip(_MEAN, _STD, strict=True)]),
    "unit": (1 / 255, 0.0),
}


def preprocess(pixels: Any, input_scaling: InputScaling) -> Any:
    """Scale raw pixels as a backbone expects, with plain Keras layers and operations.

    Args:
        pixels: RGB, 0-255, float32, shape (n, height, width, 3); a Keras tensor or an array.
        input_scaling: See `InputScaling`.

    Returns:
        The scaled pixels, same shape; `pixels` themselves where the network scales inside.

    Example:
        >>> import numpy as np
        >>> from kerastl.models import preprocess
        >>> pixels = np.array([[[[0, 127.5, 255]]]], "float32")
        >>> np.asarray(preprocess(pixels, "tf")).ravel().tolist()
        [-1.0, 0.0, 1.0]
    """
    from keras import layers, ops

    if input_scaling == "inside":
        return pixels
    if input_scaling == "caffe":
        # An operation, since no layer without weights reorders channels as cheaply: LiteRT runs it in 0.1 ms at
        # 224 px, where slicing the channels apart and joining them takes 1.2 ms.
        pixels = ops.flip(pixels, axis=-1)
    scale, offset = _SCALINGS[input_scaling] if isinstance(input_scaling, str) else input_scaling
    return layers.Rescaling(scale, offset, name="scale_pixels")(pixels)


def build(
    backbone: str | Backbone,
    *,
    weights: str | os.PathLike[str] | None = "imagenet",
    include_top: bool = True,
    input_size: InputSize | None = None,
) -> keras.Model:
    """Build a backbone as one flat functional network on raw pixels.

    Args:
        backbone: A name of the catalog, or a `Backbone`.
        weights: `"imagenet"` for the published ones (from the Keras cache, downloaded if missing; of a network that
            comes with kerastl its own, whatever they were trained on), None for random ones, or the path of a
            weights file that fits (`.h5`, `.weights.h5`, `.keras`).
        include_top: With the ImageNet head or without.
        input_size: Height and width in pixels, or one number for both; default is the backbone's own.

    Returns:
        A network from float32 RGB pixels 0-255 of shape (n, height, width, 3) to probabilities (n, classes), or
        without the head to a feature map (n, rows, columns, channels). The layers carry the names Keras gives them.

    Raises:
        UsageError: Unknown name, or a size that does not fit.
        WeightsError: The weights cannot be had, are broken, or do not fit.
        ModelError: A builder of another package fails.

    Example:
        >>> from kerastl.models import build
        >>> model = build("mobilenet_v2", weights=None, include_top=False, input_size=96)
        >>> model.input_shape, model.output_shape
        ((None, 96, 96, 3), (None, 3, 3, 1280))
    """
    keras = import_keras()
    row = BACKBONES[backbone] if isinstance(backbone, str) else backbone
    height, width = check_size(row, input_size, include_top=include_top)
    if keras.config.image_data_format() != "channels_last":
        raise UsageError("Keras is set to channels_first; set image_data_format to channels_last in keras.json")
    # Before the network is built, since a missing file is the commonest reason to stop.
    path = _weights_path(row, weights, include_top, (height, width))
    pixels = keras.Input((height, width, 3), name="pixels")
    model = _built(row, pixels, include_top)
    if path:
        _load(model, path, row.name)
        if weights == "imagenet" and row.after_loading is not None:
            adjust = resolve_reference(row.after_loading) if isinstance(row.after_loading, str) else row.after_loading
            adjust(model)
    return model


def _built(row: Backbone, pixels: keras.KerasTensor, include_top: bool) -> keras.Model:
    """Call the builder on scaled pixels, with what goes wrong said in one line."""
    import keras

    scaled = preprocess(pixels, row.input_scaling)
    try:
        with warnings.catch_warnings():
            # Keras warns that it would load the weights for 224 px; which weights are loaded is decided here.
            warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
            network = row.build(
                weights=None, include_top=include_top, input_tensor=scaled, input_shape=tuple(pixels.shape[1:])
            )
        # Built on a tensor, most of them take a list of one input; users give one array.
        output = network.outputs[0]
    except Exception as error:  # a builder of somebody's own may do anything
        called = f"the builder of {row.name}, {row.library}:{row.constructor},"
        raise ModelError(f"{called} failed ({type(error).__name__}: {keras_reason(error)})") from error
    try:
        return keras.Model(pixels, output, name=network.name)
    except ValueError:
        # `keras.Model(input_tensor, ...)` makes a graph with an input of its own.
        from kerastl.models._flatten import flatten

        (output, *_), _ = flatten(network, scaled, precision=keras.config.dtype_policy().name)
        return keras.Model(pixels, output, name=network.name)


def stages(model: keras.Model, row: Backbone) -> dict[str, list[keras.Layer]]:
    """The layers of each stage, from the head down; each list runs from the input up.

    Works on every flat network whose layers carry the names Keras gave them, so also on one that was saved and
    loaded, and on one with another head. Layers without weights are there too; `head` may be empty.

    Raises:
        ModelError: The network does not hold the layers that mark the stages.

    Example:
        >>> from kerastl.models import BACKBONES, build, stages
        >>> model = build("kerastl_mini", include_top=False)
        >>> list(stages(model, BACKBONES["kerastl_mini"]))
        ['head', 'stage3', 'stage2', 'stage1', 'stem']
    """
    import keras

    operations, starts = _starts(model, row)
    ends = [len(operations), *starts[:-1]]
    return {
        stage.name: [op for op in operations[start:end] if isinstance(op, keras.Layer)]
        for stage, start, end in zip(row.stages, starts, ends, strict=True)
    }


def boundary_tensors(model: keras.Model, row: Backbone, stage: str) -> list[keras.KerasTensor]:
    """The tensors that cross the lower boundary of a stage: made below it, used in it or above it.

    One tensor for every stage of every backbone but NASNet, whose cells read the two cells before them. For the
    lowest stage they are the network's inputs. `kerastl.models.split_graph` cuts the network at them.

    Raises:
        ModelError: The network does not hold the layers that mark the stages.
        UsageError: There is no such stage.

    Example:
        >>> from kerastl.models import BACKBONES, boundary_tensors, build
        >>> backbone = BACKBONES["kerastl_mini"]
        >>> model = build(backbone, include_top=False)
        >>> [tensor.shape for tensor in boundary_tensors(model, backbone, "stage3")]
        [(None, 8, 8, 128)]
    """
    from kerastl.models._graph import crossing

    row.stage(stage)
    operations, starts = _starts(model, row)
    above = {id(operation) for operation in operations[starts[[known.name for known in row.stages].index(stage)] :]}
    return crossing(model, lambda operation: id(operation) in above) or list(model.outputs)


def check_size(row: Backbone, input_size: InputSize | None, *, include_top: bool = False) -> tuple[int, int]:
    """Height and width in pixels of a backbone's input.

    Args:
        row: Of the catalog.
        input_size: Height and width, one number for both, or None for the backbone's own.
        include_top: With the ImageNet head or without.

    Raises:
        UsageError: The backbone does not take images of that size.
    """
    height, width = sides_of(row.input_size if input_size is None else input_size)
    if min(height, width) < row.min_size:
        raise UsageError(f"{row.name} takes images of at least {row.min_size} px, not {height} x {width}")
    if include_top and row.flattens and (height, width) != (row.input_size, row.input_size):
        raise UsageError(
            f"{row.name} with its ImageNet head takes {row.input_size} x {row.input_size} px only, "
            f"not {height} x {width}"
        )
    return height, width


def _weights_path(
    row: Backbone, weights: str | os.PathLike[str] | None, include_top: bool, size: tuple[int, int]
) -> Path | None:
    if weights is None:
        return None
    if weights == "imagenet":
        return weights_files.fetch(row, include_top, input_size=size, check=True)
    return weights_files.own_file(weights)


def _load(model: keras.Model, path: Path, name: str) -> None:
    """Load the weights as Keras does, with what goes wrong said in one line."""
    reason = None
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loading.load_weights(model, path)
        # Keras only warns when it leaves layers at their random weights.
        if any("Skipping nested container" in str(warning.message) for warning in caught):
            reason = "some layers find none in it"
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if reason:
        raise WeightsError(f"{path}: these weights do not fit {name} ({reason})")


def complete_efficientnet_scaling(model: keras.Model) -> None:
    """Divide once more by the square root of the standard deviations, as the ImageNet weights of EfficientNet need.

    Keras adds a layer for it, but only when it loads these weights itself
    (https://github.com/tensorflow/tensorflow/issues/49930), so that its networks with and without ImageNet weights
    differ. Here it goes into the variance of the normalization, and one network takes either.
    """
    import keras

    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance, *count = layer.get_weights()
    layer.set_weights([mean, variance * variance.dtype.type(_STD), *count])
    layer.finalize_state()


def _starts(model: keras.Model, row: Backbone) -> tuple[list[Any], list[int]]:
    """The operations of the network from the input up, and where among them each stage starts, head first."""
    operations = list(model.operations)
    positions = {operation.name: index for index, operation in enumerate(operations)}
    starts = [_start(stage, operations, positions, model.name, row) for stage in row.stages]
    if starts != sorted(starts, reverse=True):
        raise ModelError(f"the layers of {model.name!r} stand in another order than those of {row.name}")
    return operations, starts


def _start(stage: Stage, operations: list[Any], positions: dict[str, int], model_name: str, row: Backbone) -> int:
    import keras

    marker = stage.first_layer or stage.after
    if marker is None:
        return 0
    if marker not in positions:
        raise ModelError(f"the network {model_name!r} has no layer {marker!r}: it is not a {row.name}")
    if stage.first_layer:
        return positions[marker]
    start = positions[marker] + 1
    # A bare operation, such as the sum that ends a ConvNeXt block, finishes what is below.
    while start < len(operations) and not isinstance(operations[start], keras.Layer):
        start += 1
    return start
