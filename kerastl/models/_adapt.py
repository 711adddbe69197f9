"""Any Keras model -> what fine-tuning needs: one flat graph from raw pixels to features, and its stages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import keras

from kerastl._base.keras_import import keras_reason
from kerastl._base.text import printable
from kerastl.errors import UsageError
from kerastl.images._input_size import InputSize, sides_of, size_text
from kerastl.models._adapt_options import InputScaling, Pooling, check_input_scaling
from kerastl.models._backbone import Backbone
from kerastl.models._build import preprocess
from kerastl.models._flatten import UndividedError, check_same, copied, flatten, transfer
from kerastl.models._graph import graph_of, is_plain, layers_of
from kerastl.models._head import cut_head, hub_pooling, pooled
from kerastl.models._input_scaling import catalog_row, converter_of, find
from kerastl.models._stages import Stages, from_catalog, from_graph, from_names

# How much of the shorter side a center crop keeps where nobody says, as in most papers; and below what size nothing
# is cropped, since little would be left.
_CROP = 0.875
_SMALL = 96


@dataclass(frozen=True)
class Adapted:
    """A model made ready for fine-tuning.

    Args:
        backbone: One flat functional graph: float32 pixels `(n, h, w, 3)`, RGB, 0-255, to a feature map `(n, h, w, c)`
            or features `(n, c)`.
        stages: Name of each stage to its layers, from the top down.
        crop_fraction: How much of the shorter side of an image the network should see, in (0, 1].
        row: Of the catalog, where the layers are those of one of its networks.
        classifier: The same network with the head that it has had; `backbone` itself where there was none.
        findings: What was found and done, one line each.

    Example:
        >>> import keras
        >>> from kerastl.models import adapt
        >>> pixels = keras.Input((32, 32, 3))
        >>> features = keras.layers.Conv2D(8, 3, name="edges")(keras.layers.Rescaling(1 / 255)(pixels))
        >>> adapted = adapt(keras.Model(pixels, features))
        >>> adapted.backbone.output_shape, list(adapted.stages)
        ((None, 30, 30, 8), ['edges'])
    """

    backbone: keras.Model
    classifier: keras.Model
    stages: Stages
    crop_fraction: float
    row: Backbone | None
    findings: tuple[str, ...]


def adapt(
    model: keras.Model,
    *,
    input_size: InputSize | None = None,
    input_scaling: InputScaling | None = None,
    stages: Mapping[str, str] | Sequence[str] | None = None,
    pooling: Pooling | None = None,
    precision: str = "float32",
    seed: int = 0,
) -> Adapted:
    """Make a Keras model ready for fine-tuning. The model itself stays what it is.

    Args:
        model: Functional, Sequential, or subclassed: one image in, one tensor out; with a classification head, which
            is cut, or without. Of `keras.applications`, of KerasHub or of your own.
        input_size: Height and width in pixels, or one number for both; None takes the model's own.
        input_scaling: What the network was trained on: `inside` (it takes 0-255), `tf`, `torch`, `caffe`, `unit`, or
            a scale and an offset. None finds it in the model, or refuses.
        stages: From the top down, names of stages to the layers they start with, or those layers alone. None finds
            them in the graph.
        pooling: Of the network's output, `mean`, `max`, `token` or `flatten`; None takes the mean of a feature map.
        precision: Keras dtype policy of the copy.
        seed: Of dropout layers without a seed.

    Raises:
        UsageError: The model cannot be taken, or something must be said about it.

    Example:
        >>> import keras
        >>> from kerastl.models import adapt
        >>> image = keras.Input((32, 32, 3))
        >>> places = keras.layers.Conv2D(8, 3)(keras.layers.Rescaling(1 / 255)(image))
        >>> scores = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(places))
        >>> adapt(keras.Model(image, scores)).backbone.output_shape
        (None, 30, 30, 8)
    """
    graph = _taken(model)
    row = catalog_row(graph) if graph is not None else None
    size = _size(model, graph, row, input_size)
    # Found before anything is copied, since what cannot be known is the commonest reason to stop.
    found = None if input_scaling is not None else find(model, graph, row)
    scaling = check_input_scaling(input_scaling) if found is None else found.scaling
    crop = row.crop_fraction if row is not None else _CROP if min(size) >= _SMALL else 1.0
    why = found.why if found is not None else f"{scaling}, as given"
    findings = [f"images of {size[0]} x {size[1]} px (crop fraction {crop:g}); input scaling: {why}"]

    pixels = keras.Input((*size, 3), name="pixels")
    taken = preprocess(pixels, scaling)
    if graph is not None and graph.inputs[0].shape[-1] == 1:
        taken = keras.ops.image.rgb_to_grayscale(taken)
        findings.append("it takes images of one channel: images are made gray, by the luma of BT.601")
    with _at_size(model, graph, size):
        output, notes, copied_from = _copy(model, graph, taken, precision, seed)
    findings += notes
    if _own_size(graph) in (None, size):
        check_same(copied_from, keras.Model(pixels, taken), keras.Model(pixels, output))

    features, head = cut_head(output)
    if head is not None:
        findings.append(f"{head} is replaced")
    features, done = pooled(features, pooling or (hub_pooling(model) if len(features.shape) == 3 else None))
    findings += [done] if done else []
    backbone = keras.Model(pixels, features, name=_name(model.name))
    if not backbone.weights:
        raise UsageError(f"the model {model.name!r} has no weights below its head: there is nothing to fine-tune")
    divided, origin = _stages(backbone, row, stages)
    findings.append(_told(divided, origin))
    classifier = keras.Model(pixels, output, name=backbone.name) if head is not None else backbone
    return Adapted(backbone, classifier, divided, crop, row, tuple(findings))


def _taken(model: object) -> keras.Model | None:
    """The graph of a model that takes one image; None for a model without a graph.

    Raises:
        UsageError: It is something else.
    """
    if not isinstance(model, keras.Model):
        raise UsageError(
            "model must be a name that `kerastl models` lists, a run folder, a .keras file or a keras.Model. "
            f"Received: {type(model).__name__}"
        )
    if not model.built or (isinstance(model, keras.Sequential) and graph_of(model) is None):
        raise UsageError(
            f"the model {model.name!r} is not built, so it has no weights yet: begin it with "
            "keras.Input((height, width, 3)), or call it on an image"
        )
    graph = graph_of(model)
    if graph is None:
        return None
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        names = ", ".join(
            printable(tensor.name) for tensor in (graph.inputs if len(graph.inputs) > 1 else graph.outputs)
        )
        several, rest = (
            ("inputs", "takes one image: give the part of it that needs nothing else")
            if len(graph.inputs) > 1
            else ("outputs", "needs one: give the part of it, keras.Model(model.inputs[0], model.outputs[0])")
        )
        raise UsageError(
            f"the model {model.name!r} has {len(getattr(graph, several))} {several} ({names}); fine-tuning {rest}"
        )
    shape = tuple(graph.inputs[0].shape)
    if len(shape) != 4 or shape[-1] not in (1, 3):
        first = len(shape) == 4 and shape[1] in (1, 3)
        order = ", with the channels first; build it for channels_last" if first else ""
        raise UsageError(
            f"the model {model.name!r} takes arrays of shape {shape}{order}; images have shape (n, height, width, 3)"
        )
    return graph


def _own_size(graph: keras.Model | None) -> tuple[int, int] | None:
    """Height and width that a model was built for; None where either is open."""
    if graph is None:
        return None
    height, width = graph.inputs[0].shape[1:3]
    return (height, width) if height and width else None


def _size(
    model: keras.Model,
    graph: keras.Model | None,
    row: Backbone | None,
    wanted: InputSize | None,
) -> tuple[int, int]:
    """Height and width of the images."""
    if wanted is not None:
        return sides_of(wanted)
    if (own := _own_size(graph)) is not None:
        return own
    first = (
        next((layer for layer in layers_of(graph) if isinstance(layer, keras.layers.Resizing)), None) if graph else None
    )
    if first is not None:
        return first.height, first.width
    if (converter := converter_of(model)) is not None and converter.image_size:
        return tuple(converter.image_size)
    if row is not None:
        return row.input_size, row.input_size
    raise UsageError(f"the model {model.name!r} takes images of any size: say which, input_size=224")


@contextmanager
def _at_size(model: keras.Model, graph: keras.Model | None, size: tuple[int, int]) -> Iterator[None]:
    """Say of what goes wrong in here that the model was built for images of another size, where it was.

    Weights may belong to places of the image, as those of position embeddings do, or of a dense layer over all places.
    They fit a shape of as many pixels as the model's own, where they would mean other places: that is refused, too.
    """
    own = _own_size(graph)
    if graph is None or own is None or own == size:
        yield
        return
    try:
        if math.prod(own) == math.prod(size):
            with suppress(UndividedError):
                flatten(graph, keras.Input((2 * own[0], own[1], graph.inputs[0].shape[-1])))
        yield
    except UsageError as error:
        raise UsageError(
            f"the model {model.name!r} was built for images of {size_text(own)} px, not {size_text(size)}: {error}"
        ) from None


def _copy(
    model: keras.Model, graph: keras.Model | None, inputs: keras.KerasTensor, precision: str, seed: int
) -> tuple[keras.KerasTensor, Sequence[str], keras.Model]:
    """Copy a model on another input: flat, or as one layer where it cannot be taken apart.

    Returns:
        The output of the copy, what was done to make it, and what of the model it is a copy of.
    """
    reason = "its class calls its layers in a way of its own"
    if graph is not None:
        try:
            outputs, left_out = flatten(graph, inputs, precision=precision, seed=seed)
            return outputs[0], left_out, graph
        except UndividedError as error:
            reason = str(error)
    notes = [f"it is trained as one stage, since it cannot be taken apart: {reason}"]
    if graph is not None and is_plain(model):
        features, head = cut_head(graph.outputs[0])
        model = keras.Model(graph.inputs[0], features, name=model.name)
        notes += [f"{head} is replaced"] if head else []
    try:
        whole = copied(model, precision, seed, _name(model.name))
    except UndividedError as error:
        reason = str(error) if graph is None else reason
        raise UsageError(
            f"the model {model.name!r} cannot be copied, nor saved and loaded: {reason}; the get_config of a class "
            "must hold the arguments of its constructor"
        ) from None
    try:
        outputs = keras.tree.flatten(whole(inputs))
    except Exception as error:
        raise UsageError(
            f"the model {model.name!r} does not take {tuple(inputs.shape)} ({keras_reason(error)})"
        ) from None
    if len(outputs) != 1:
        raise UsageError(f"the model {model.name!r} gives {len(outputs)} tensors; fine-tuning needs one")
    transfer(model, whole)
    return outputs[0], notes, model


def _name(name: str) -> str:
    """A model's name, which may have come from a file, as short as file names are."""
    return printable(name)[:100] or "network"


def _stages(
    backbone: keras.Model, row: Backbone | None, wanted: Mapping[str, str] | Sequence[str] | None
) -> tuple[Stages, str]:
    """The stages of a network, and where they come from."""
    if wanted is not None:
        return from_names(backbone, wanted), "as given"
    if row is not None and (known := from_catalog(backbone, row)) is not None:
        return known, f"those of {row.name}"
    return from_graph(backbone), "found in its graph"


def _told(stages: Stages, origin: str) -> str:
    sizes = {name: sum(layer.count_params() for layer in layers) for name, layers in stages.items()}
    told = ", ".join(f"{printable(name)} ({size:,} weights)" for name, size in sizes.items())
    return f"{len(sizes)} stage{'s' * (len(sizes) != 1)} from the top down, {origin}: {told}"
