"""The stages of a network that nobody has described: found where its graph can be cut."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import keras

from kerastl._base.text import printable
from kerastl.errors import ModelError, UsageError
from kerastl.models import _build
from kerastl.models._backbone import Backbone
from kerastl.models._graph import calls, cuts, inputs_of, outputs_of

# Fewer stages than that are divided where they can be, more than that are merged.
_FEWEST, _WANTED, _MOST = 4, 6, 8
_RESERVED = ("head", "all")
# Names of layers are such, but for what comes from files.
_NAME = re.compile(r"[\w.-]{1,100}")
_NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.Normalization,
)

Stages = dict[str, list[keras.layers.Layer]]


@dataclass
class Block:
    """Layers that are never parted.

    Args:
        operations: From the input up.
        place: Number of positions of the feature map, or of tokens, where its weights work.
    """

    operations: list[Any] = field(default_factory=list)
    place: int = 0

    @property
    def size(self) -> int:
        """Number of weights."""
        return sum(math.prod(variable.shape) for layer in _weighted(self.operations) for variable in layer.weights)


def from_catalog(model: keras.Model, row: Backbone) -> Stages | None:
    """The stages that the catalog describes; None where the model's layers do not have them.

    Layers with weights above them, such as those of a head that was cut in part, are a stage `top`.
    """
    try:
        stages = _build.stages(model, row)
    except ModelError:
        return None
    top = stages.pop("head")
    return {"top": top, **stages} if _weighted(top) else stages


def from_names(model: keras.Model, wanted: Mapping[str, str] | Sequence[str]) -> Stages:
    """The stages that somebody names.

    Args:
        model: A flat graph.
        wanted: From the top down, name of each stage to the layer that it starts with; or those layers alone, whose
            names the stages have then. What is below the last is a stage `stem`.

    Raises:
        UsageError: A layer is not there, the order is another one, or a name is taken.
    """
    starts = dict(wanted) if isinstance(wanted, Mapping) else {name: name for name in wanted}
    operations = list(model.operations)
    positions = {operation.name: number for number, operation in enumerate(operations)}
    for stage, layer in starts.items():
        if not isinstance(stage, str) or stage in _RESERVED or not _NAME.fullmatch(stage):
            raise UsageError(f"stages: {printable(str(stage))[:100]!r} cannot be the name of a stage")
        if layer not in positions:
            raise UsageError(f"stages: the model has no layer {printable(str(layer))!r}; it has {_some(operations)}")
    order = [positions[layer] for layer in starts.values()]
    if not order or order != sorted(set(order), reverse=True):
        raise UsageError("stages must name layers from the top of the network down, each once")
    found = {
        stage: operations[start:end]
        for (stage, start), end in zip(zip(starts, order, strict=True), [len(operations), *order[:-1]], strict=True)
    }
    if _weighted(below := operations[: order[-1]]):
        found["stem"] = below
    return {name: _layers(each) for name, each in found.items()}


def from_graph(model: keras.Model) -> Stages:
    """The stages that a graph suggests.

    It is cut where a single tensor crosses, first where the size of the feature map changes; then stages are divided
    or merged by their number of weights until there are about six.

    Args:
        model: A flat graph.

    Returns:
        From the top down; at least one.
    """
    groups: list[list[Block]] = []
    for block in _blocks(model):
        if groups and groups[-1][-1].place == block.place:
            groups[-1].append(block)
        else:
            groups.append([block])
    divisible = [group for group in groups if len(group) > 1]
    if len(groups) < _FEWEST and divisible:
        heaviest = max(divisible, key=_size)
        at = groups.index(heaviest)
        groups[at : at + 1] = _divided(heaviest, _WANTED - len(groups) + 1)
    while len(groups) > _MOST:
        at = min(range(len(groups) - 1), key=lambda n: _size(groups[n]) + _size(groups[n + 1]))
        groups[at : at + 2] = [groups[at] + groups[at + 1]]
    layers = [_layers([each for block in group for each in block.operations]) for group in groups]
    return dict(reversed(list(zip(_names(layers), layers, strict=True))))


def _blocks(model: keras.Model) -> list[Block]:
    """The smallest pieces, from the input up: each has weights, and none begins with what the one below needs."""
    operations = [call.operation for call in calls(model)]
    ends = [number + 1 for number, _ in cuts(model)]
    blocks = [Block()]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        piece = operations[start:end]
        layers, below = _weighted(piece), _weighted(blocks[-1].operations)
        only_normalizes = all(isinstance(layer, _NORMALIZATIONS) for layer in below)
        if layers and not only_normalizes and not _belongs_below(layers[0]):
            blocks.append(Block())
        blocks[-1].operations += piece
        if layers:
            blocks[-1].place = _place(outputs_of(layers[-1])[0])
    return [block for block in blocks if _weighted(block.operations)]


def _belongs_below(layer: keras.layers.Layer) -> bool:
    """Whether a layer normalizes what the layer below has just computed."""
    if not isinstance(layer, _NORMALIZATIONS):
        return False
    producer = inputs_of(layer)[0]._keras_history.operation
    return bool(getattr(producer, "weights", ())) and not isinstance(producer, _NORMALIZATIONS)


def _place(tensor: keras.KerasTensor) -> int:
    return math.prod(side or 1 for side in tensor.shape[1:-1])


def _divided(blocks: Sequence[Block], parts: int) -> list[list[Block]]:
    """The blocks in groups of about the same number of weights."""
    whole, below = _size(blocks), 0
    groups: list[list[Block]] = [[] for _ in range(parts)]
    for block in blocks:
        middle = below + block.size / 2
        groups[min(int(parts * middle / whole), parts - 1)].append(block)
        below += block.size
    return [group for group in groups if group]


def _size(blocks: Sequence[Block]) -> int:
    return sum(block.size for block in blocks)


def _names(stages: Sequence[Sequence[keras.layers.Layer]]) -> list[str]:
    """What layers of a stage have in common in their names, where that tells stages apart; else numbers from below."""
    names = [_common(stage) for stage in stages]
    kinds = {_plain(type(layer).__name__) for stage in stages for layer in stage}
    usable = [bool(_NAME.fullmatch(name)) and names.count(name) == 1 and _plain(name) not in kinds for name in names]
    return [
        name if good and name not in _RESERVED else f"stage_{number}"
        for number, (name, good) in enumerate(zip(names, usable, strict=True), 1)
    ]


def _common(stage: Sequence[keras.layers.Layer]) -> str:
    """The words that the names of all layers with weights begin with."""
    words = [re.split(r"[_./-]", layer.name) for layer in _weighted(stage)]
    alike = takewhile(lambda same: len(set(same)) == 1, zip(*words, strict=False))
    return "_".join(same[0] for same in alike).strip("_")


def _plain(name: str) -> str:
    return re.sub(r"[\d_]", "", name).lower()


def _weighted(operations: Sequence[Any]) -> list[keras.layers.Layer]:
    return [each for each in operations if isinstance(each, keras.layers.Layer) and each.weights]


def _layers(operations: Sequence[Any]) -> list[keras.layers.Layer]:
    return [each for each in operations if isinstance(each, keras.layers.Layer)]


def _some(operations: Sequence[Any]) -> str:
    names = [layer.name for layer in _weighted(operations)]
    return ", ".join(printable(name) for name in names[:5]) + (" and so on" if len(names) > 5 else "")
