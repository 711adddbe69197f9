"""The config of a saved model: read within limits, and each class and function in it compared with a list.

Keras builds what a config names. Its own safe mode refuses code inside the file, not a name of a function of Keras that
does harm when it is called. So every name is looked at first, wherever it stands.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.models._saved import allowed

# Levels of nesting; a layer in a model in a model takes about ten.
_DEPTH = 200
_OBJECTS = 500_000
# The largest network of the catalog has 1,040; Keras takes milliseconds to build each.
_LAYERS = 10_000
_INPUT = 1 << 29
_LONGEST = 1 << 20
# What a layer's arguments are called that name a file. None of the allowed layers has one.
_PATHS = frozenset(("filepath", "file_path", "filename", "path", "vocabulary", "saved_model", "url", "directory"))
_NUMBERS = re.compile(r"bool|u?int(4|8|16|32|64)|b?float(16|32|64)")
# How the argument's name ends whose text is looked up among Keras's functions and classes.
_LOOKED_UP = {"initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints"}

TRUST = "load it with --trust-model (in Python trust=True) only if you trust who made the file"


def check(config: dict[str, Any]) -> None:
    """Look at every class and function in a config.

    Raises:
        ModelError: One is not on the list; names the layer and what it is.
    """
    top = config.get("class_name")
    if not isinstance(top, str) or top not in (*allowed.MODELS, *allowed.REFUSED, "function"):
        raise ModelError(f"its config describes no model, but {printable(str(top))[:100]}; {TRUST}")
    layers = 0
    for count, (key, value, layer) in enumerate(_walk(config)):
        if count > _OBJECTS:
            raise ModelError(f"its config holds more than {_OBJECTS:,} values that are no numbers")
        if isinstance(value, str):
            _check_text(key, value, layer)
        elif key in ("batch_shape", "batch_input_shape") and isinstance(value, list):
            _check_shape(value, layer)
        elif isinstance(value, dict) and "class_name" in value:
            _check_object(value, layer)
            layers += "inbound_nodes" in value or bool(_layer(value))
            if layers > _LAYERS:
                raise ModelError(f"it has more than {_LAYERS:,} layers")


def without_compilation(config: Any) -> Any:
    """The same config without optimizers, losses and metrics, which answering takes none of."""
    if isinstance(config, dict):
        return {key: without_compilation(value) for key, value in config.items() if key != "compile_config"}
    if isinstance(config, list):
        return [without_compilation(value) for value in config]
    return config


def _walk(config: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """All values but numbers, each with its key (of the list that holds it) and the layer around it."""
    waiting: list[tuple[str, Any, str, int]] = [("", config, "", 0)]
    while waiting:
        key, value, layer, depth = waiting.pop()
        if depth > _DEPTH:
            raise ModelError("its config is nested too deep")
        yield key, value, layer
        if isinstance(value, dict):
            layer = _layer(value) or layer
            waiting.extend(
                (str(name), inner, layer, depth + 1)
                for name, inner in value.items()
                if name != "compile_config" and isinstance(inner, (str, list, dict))
            )
        elif isinstance(value, list):
            waiting.extend((key, inner, layer, depth + 1) for inner in value if isinstance(inner, (str, list, dict)))


def _layer(value: dict[str, Any]) -> str:
    inner = value.get("config")
    name = inner.get("name") if isinstance(inner, dict) and "class_name" in value else None
    # The type of numbers is an object with a name as well.
    return name if isinstance(name, str) and "olicy" not in str(value["class_name"]) else ""


def _check_object(value: dict[str, Any], around: str) -> None:
    name, module, registered = value["class_name"], value.get("module"), value.get("registered_name")
    layer = _layer(value) or around
    verb = "is" if _layer(value) else "holds"
    if not isinstance(name, str) or not isinstance(module, (str, type(None))):
        _refuse(layer, "an object whose class is no text", "which cannot be checked")
    elif name in allowed.VALUES:
        _check_value(value, layer)
    elif name in allowed.REFUSED:
        _refuse(layer, f"a {name.strip('_')}", f"which {allowed.REFUSED[name]}", verb)
    elif name == "function":
        _check_function(value, layer)
    elif not allowed.is_allowed(module, name):
        what = f"{module or 'an unknown module'}.{name}"
        _refuse(layer, what, "which is no layer or operation of Keras that kerastl knows", verb)
    elif registered not in (None, name):
        _refuse(layer, f"{registered!r}", "which is no class of Keras", verb)
    elif _is_eager(value):
        _refuse(layer, f"a {name} of no layer's output", "which is computed while the file is read", verb)


def _check_value(value: dict[str, Any], layer: str) -> None:
    """Arrays hold numbers: an array of texts takes as much as its type says that a text takes."""
    inner = value.get("config")
    dtype = inner.get("dtype", "float32") if isinstance(inner, dict) else "float32"
    if not isinstance(dtype, str) or _NUMBERS.fullmatch(dtype) is None:
        _refuse(layer, f"an array of {dtype}", "which are no numbers")


def _check_function(value: dict[str, Any], layer: str) -> None:
    """A function may be an activation of Keras."""
    name, module = value.get("config"), value.get("module")
    if not isinstance(name, str) or module not in ("builtins", "keras.activations", "keras.ops", "keras.ops.nn", None):
        _refuse(layer, f"the function {module}.{name}", "which is no activation of Keras")
    elif not allowed.is_activation(name) or value.get("registered_name") not in (None, name, "function"):
        _refuse(layer, f"the function {name}", "which is no activation of Keras")


def _is_eager(value: dict[str, Any]) -> bool:
    """Whether a node of the graph has no input from the graph, so that Keras would compute it at once."""
    nodes = value.get("inbound_nodes")
    if not isinstance(nodes, list) or value["class_name"] == "InputLayer":
        return False
    return any(isinstance(node, dict) and '"__keras_tensor__"' not in json.dumps(node) for node in nodes)


def _check_text(key: str, text: str, layer: str) -> None:
    if len(text) > _LONGEST:
        _refuse(layer, f"a text of {len(text):,} letters", "which no layer takes")
    if key in _PATHS:
        _refuse(layer, f"a layer with a {key}", "which may read any file")
    word = key.rpartition("_")[2]
    if word == "activation" and not allowed.is_activation(text):
        _refuse(layer, f"the activation {text}", "which Keras does not have")
    if word in _LOOKED_UP and not allowed.is_known(_LOOKED_UP[word], text):
        _refuse(layer, f"the {word} {text}", "which Keras does not have")


def _check_shape(shape: list[Any], layer: str) -> None:
    sizes = [size for size in shape if size is not None]
    if not all(isinstance(size, int) and size >= 0 for size in sizes) or math.prod(sizes) > _INPUT:
        raise ModelError(f"{_place(layer)} takes arrays of shape {printable(str(shape))[:100]}, which are no images")


def _place(layer: str) -> str:
    return f"layer {printable(layer)[:100]!r}" if layer else "the model"


def _refuse(layer: str, what: str, why: str, verb: str = "holds") -> None:
    raise ModelError(f"{_place(layer)} {verb} {printable(what)[:200]}, {why}; {TRUST}")
