"""Checks for what other packages add to kerastl, to be called from their tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras
from kerastl._base.registry import resolve_reference
from kerastl.images._input_size import InputSize, sides_of
from kerastl.models._backbone import Backbone

if TYPE_CHECKING:
    import keras

__all__ = ["check_backbone"]


def check_backbone(backbone: str | Backbone, *, input_size: InputSize | None = None, include_top: bool = True) -> None:
    """Build a backbone with random weights, and check all that fine-tuning relies on.

    Its input is pixels and its output features; its stages hold every layer with weights once; cut at each stage, the
    parts give what the whole gives, to the bit; it scales pixels as its `preprocess_input` does; what is saved of it
    is loaded without trust; and its head gives probabilities of its labels.

    Args:
        backbone: A name that `kerastl models` lists, or a `Backbone`.
        input_size: Height and width in pixels of the images to check it with, or one number for both; by default the
            smallest it takes.
        include_top: Whether its head is checked, too, where it has one.

    Raises:
        AssertionError: Something is not so; the message says what.
        UsageError: There is no such backbone.
        ModelError: It cannot be built, or the layers that mark its stages are not there.

    Example:
        >>> from kerastl.testing import check_backbone
        >>> check_backbone("kerastl_mini")
    """
    from kerastl.models._build import build
    from kerastl.models._registry import BACKBONES

    row = BACKBONES[backbone] if isinstance(backbone, str) else backbone
    size = sides_of(input_size or row.min_size)
    import_keras().utils.set_random_seed(0)
    model = build(row, weights=None, include_top=False, input_size=size)
    _expect(model.input_shape == (None, *size, 3), f"its input has the shape {model.input_shape}")
    output = model.output_shape
    _expect(len(output) in (2, 4), f"its output has the shape {output}, not (n, h, w, c) or (n, d)")
    _check_stages(model, row)
    _check_cuts(model, row)
    _check_scaling(row)
    _check_saving(model)
    if include_top and row.labels is not None:
        _check_head(row, sides_of(row.input_size) if row.flattens else size)


def _expect(holds: bool, problem: str) -> None:
    if not holds:
        raise AssertionError(problem)


def _pixels(*shape: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, shape).astype("float32")


def _check_stages(model: keras.Model, row: Backbone) -> None:
    from kerastl.models._build import stages

    found = stages(model, row)
    held = [id(weight) for layers in found.values() for layer in layers for weight in layer.weights]
    _expect(sorted(held) == sorted(map(id, model.weights)), "its stages do not hold each weight just once")
    empty = [name for name, layers in found.items() if name != "head" and not any(layer.weights for layer in layers)]
    _expect(not empty, f"stages without weights: {', '.join(empty)}")


def _check_cuts(model: keras.Model, row: Backbone) -> None:
    """Run the stages one after the other, each as a model of its own."""
    import keras
    import numpy as np

    from kerastl.models._build import boundary_tensors

    pixels = _pixels(1, *model.input_shape[1:])
    values: Any = [pixels]
    bounds = [boundary_tensors(model, row, stage.name) for stage in reversed(row.stages[:-1])]
    lower = list(model.inputs)
    for upper in [*bounds, list(model.outputs)]:
        if [id(tensor) for tensor in upper] != [id(tensor) for tensor in lower]:  # a head without layers
            values = keras.tree.flatten(keras.Model(lower, upper)(values))
        lower = upper
    _expect(
        np.array_equal(np.asarray(model(pixels)), np.asarray(values[0])),
        "cut at its stages, it gives something else than in one piece",
    )


def _check_scaling(row: Backbone) -> None:
    import keras
    import numpy as np

    from kerastl.models._build import preprocess

    if row.preprocess_input is None:
        return
    named = row.preprocess_input
    reference = resolve_reference(named) if isinstance(named, str) else named
    pixels = _pixels(2, 9, 7, 3)
    inputs = keras.Input((9, 7, 3))
    outputs = preprocess(inputs, row.input_scaling)
    ours = pixels if outputs is inputs else np.asarray(keras.Model(inputs, outputs)(pixels))
    # Two roundings, of numbers up to 4.4 where a mean in [0, 1] is taken off.
    difference = float(np.abs(ours - np.asarray(reference(pixels.copy()))).max())
    _expect(difference <= 5e-7, f"its scaling differs from preprocess_input by {difference:g}")


def _check_saving(model: keras.Model) -> None:
    from kerastl.models._saved import config

    config.check(json.loads(model.to_json()))


def _check_head(row: Backbone, size: tuple[int, int]) -> None:
    import numpy as np

    from kerastl.models._build import build

    labels = row.label_set()
    model = build(row, weights=None, input_size=size)
    expected = (None, len(labels or ()))
    _expect(model.output_shape == expected, f"its head has the shape {model.output_shape}, not {expected}")
    scores = np.asarray(model(_pixels(1, *size, 3)))
    _expect(bool(abs(scores.sum() - 1) < 1e-3 and scores.min() >= 0), "its head does not give probabilities")
    _check_stages(model, row)
