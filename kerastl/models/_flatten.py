"""Any Keras model -> one flat functional graph of copies of its layers.

A copy, so that the given model stays what it is, and so that each layer stands in one graph only: the tensors of a
layer that is called twice are those of its first call.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from kerastl._base.keras_import import keras_reason
from kerastl._base.text import listed, printable
from kerastl.errors import UsageError
from kerastl.models._graph import graph_of, run_through
from kerastl.models._ordinal_tail import TAIL

# Layers that change images at random while a model trains, and leave them as they are when it answers.
AUGMENTATIONS = tuple(
    getattr(keras.layers, name)
    for name in dir(keras.layers)
    if name.startswith("Random") or name in ("AugMix", "CutMix", "MixUp", "RandAugment")
)
# Names of the layers that are put around a network.
RESERVED = (
    *("pixels", "scale_pixels", "feature_pool", "head_pool", "head_features", "head_dropout", "head_classifier"),
    *("head_units", *TAIL),
)
# Largest difference between a model and its copy, as a fraction of the largest output.
_TOLERANCE = 1e-3
_LOW_TOLERANCE = 0.1  # of a model that computes in half precision


class UndividedError(UsageError):
    """A graph cannot be taken apart: a layer with weights is used more than once, or cannot be made again alone."""


def flatten(
    graph: keras.Model, inputs: keras.KerasTensor, *, precision: str = "float32", seed: int = 0
) -> tuple[list[keras.KerasTensor], tuple[str, ...]]:
    """Apply copies of a graph's layers to a tensor; nested models are taken apart.

    Args:
        graph: As `graph_of` gives it, with one input.
        inputs: Takes the place of its input.
        precision: Keras dtype policy of the copies.
        seed: Of the layers that draw numbers and have no seed.

    Returns:
        The outputs, and what was left out, one line each. Layers keep their names where these are unique; otherwise
        the name of the model around them stands before.

    Raises:
        UndividedError: A layer with weights is used more than once, or cannot be copied.
        UsageError: A layer does not take what it is given.
    """
    copier = _Copier(precision, seed, {inputs.name, *RESERVED})
    outputs = copier.run(graph, [inputs])
    for original, copy in copier.copies:
        transfer(original, copy)
    return outputs, tuple(copier.notes())


def transfer(original: keras.layers.Layer, copy: keras.layers.Layer) -> None:
    """Give a layer the weights of the one it was copied from.

    Raises:
        UsageError: They do not fit, as where the number of weights depends on the size of the images.
    """
    try:
        copy.set_weights(original.get_weights())
    except ValueError:
        raise UsageError(
            f"the weights of {_named(original)} depend on the size of the images: leave input_size out, or give the "
            "size that the model was built for"
        ) from None
    if hasattr(copy, "finalize_state"):  # Normalization keeps what it computes from its weights
        copy.finalize_state()


def copied(operation: keras.Operation, precision: str, seed: int, name: str | None = None) -> keras.Operation:
    """A layer or operation like another, not yet built.

    Args:
        operation: The other one.
        precision: Keras dtype policy of the copy.
        seed: Of a layer that draws numbers and has no seed.
        name: Of the copy; None keeps that of the other one.

    Raises:
        UndividedError: Its class does not say how it is made again.
        UsageError: It is quantized.
    """
    if getattr(operation, "quantization_mode", None):
        raise UsageError(
            f"{_named(operation)} is quantized, and whole numbers do not train: give the model before that"
        )
    try:
        config = dict(operation.get_config())
        if name is not None and "name" in config:
            config["name"] = name
        if "dtype" in config:
            config["dtype"] = precision
        if "seed" in config and config["seed"] is None:
            config["seed"] = seed
        # A Lambda's function comes from this process, not from a file.
        safe = {"safe_mode": False} if isinstance(operation, keras.layers.Lambda) else {}
        copy = type(operation).from_config(config, **safe)
    except Exception as error:
        raise UndividedError(
            f"{_named(operation)} is not made again by its get_config() ({keras_reason(error)})"
        ) from None
    if name is not None:
        copy.name = name  # some operations take none
    return copy


def check_same(original: keras.Model, scaling: keras.Model, copy: keras.Model) -> None:
    """Compare two models on one image of noise.

    Args:
        original: As it was given.
        scaling: From raw pixels to what the original takes.
        copy: From raw pixels to what the original gives.

    Raises:
        UsageError: Their outputs differ.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (1, *copy.input_shape[1:])).astype(np.float32)
    expected, found = (
        keras.ops.convert_to_numpy(keras.ops.cast(keras.tree.flatten(output)[0], "float32"))
        for output in (original(scaling(pixels), training=False), copy(pixels, training=False))
    )
    low = any(layer.compute_dtype in ("float16", "bfloat16") for layer in [*original.layers, *copy.layers])
    tolerance = (_LOW_TOLERANCE if low else _TOLERANCE) * max(float(np.max(np.abs(expected), initial=0)), 1e-6)
    if expected.shape != found.shape or not np.allclose(expected, found, rtol=0, atol=tolerance, equal_nan=True):
        raise UsageError(
            "a copy of the model, made from the get_config() and the weights of its layers, answers differently: a "
            "layer of your own keeps something that its get_config does not hold"
        )


class _Copier:
    """Runs through a graph, and through those nested in it, with a copy of each layer."""

    def __init__(self, precision: str, seed: int, names: set[str]) -> None:
        self.copies: list[tuple[keras.layers.Layer, keras.layers.Layer]] = []
        self._precision = precision
        self._seed = seed
        self._names = names
        self._used: set[int] = set()
        self._around: list[str] = []
        self._augmentations: list[str] = []
        self._fixed: list[str] = []
        self._whole: list[str] = []

    def run(self, graph: keras.Model, inputs: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
        return keras.tree.flatten(run_through(graph, inputs, self._call))

    def notes(self) -> Iterator[str]:
        if self._augmentations:
            yield f"its augmentation is left out, since recipes have their own: {listed(self._augmentations)}"
        if self._fixed:
            yield f"training=False in the call of {listed(self._fixed)} is left out, since phases say what trains"
        yield from self._whole

    def _call(self, operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        fixed = kwargs.get("training") is False and kwargs.pop("training") is False
        if (inner := graph_of(operation)) is not None:
            self._fixed += [operation.name] * fixed
            try:
                with self._inside(operation.name):
                    return self.run(inner, keras.tree.flatten(args))
            except UndividedError as error:
                self._whole.append(f"{_named(operation)} stays one layer: {error}")
        if isinstance(operation, keras.layers.RandomCrop):
            raise UsageError(f"{_named(operation)} changes the size of images at random: give the model behind it")
        if isinstance(operation, AUGMENTATIONS):
            self._augmentations.append(operation.name)
            return args[0]
        copy = self._copy(operation)
        try:
            return copy(*args, **kwargs)
        except Exception as error:
            shapes = ", ".join(
                str(tuple(t.shape)) for t in keras.tree.flatten(args) if isinstance(t, keras.KerasTensor)
            )
            raise UsageError(f"{_named(operation)} does not take arrays of {shapes} ({keras_reason(error)})") from None

    def _copy(self, operation: keras.Operation) -> keras.Operation:
        weighted = bool(getattr(operation, "weights", ()))
        if weighted and id(operation) in self._used:
            raise UndividedError(f"{_named(operation)} is used more than once")
        self._used.add(id(operation))
        copy = copied(operation, self._precision, self._seed + len(self._names), self._unique(operation.name))
        if weighted:
            self.copies.append((operation, copy))
        return copy

    def _unique(self, name: str) -> str:
        """The name, or one made of it that no layer has yet."""
        wanted = name if name not in self._names else "_".join([*self._around, name])
        number = 1
        while wanted in self._names:
            number += 1
            wanted = "_".join([*self._around, name, str(number)])
        self._names.add(wanted)
        return wanted

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        """Work on a model within; where that fails, it is as if nothing had been copied of it."""
        self._around.append(name)
        before = len(self.copies), set(self._names), set(self._used)
        try:
            yield
        except UsageError:
            del self.copies[before[0] :]
            self._names, self._used = before[1:]
            raise
        finally:
            self._around.pop()


def _named(operation: keras.Operation) -> str:
    kind = type(operation).__name__
    return f"layer {printable(operation.name)!r} ({kind})"
