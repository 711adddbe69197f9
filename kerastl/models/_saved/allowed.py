"""Which classes and functions a saved model may name: those of Keras that compute."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from typing import Any

from kerastl._base.keras_import import import_keras

# These run code that the file brings, or read files that it names, or keep words instead of numbers.
REFUSED = {
    "Lambda": "can run any code",
    "TFSMLayer": "runs a SavedModel from any folder",
    "TorchModuleWrapper": "unpickles a module of PyTorch, which can run any code",
    "JaxLayer": "can run any code",
    "FlaxLayer": "can run any code",
    "NNXLayer": "can run any code",
    "FeatureSpace": "is not for images",
    "StringLookup": "reads files and is not for images",
    "IntegerLookup": "reads files and is not for images",
    "IndexLookup": "reads files and is not for images",
    "TextVectorization": "reads files and is not for images",
    "Hashing": "is not for images",
    "HashedCrossing": "is not for images",
    "GPTQConfig": "reads a data set",
    "AWQConfig": "reads a data set",
    "__lambda__": "can run any code",
    "__typespec__": "names types of TensorFlow, which kerastl does not need",
}
# These call a function that they are given.
_CALLING = frozenset(
    ("Map", "Scan", "AssociativeScan", "Cond", "Switch", "WhileLoop", "While", "ForiLoop", "VectorizedMap", "Vectorize",
     "CustomGradient", "Function", "Operation", "Rematerialize", "Jit", "ApplyAlongAxis", "Piecewise")
)  # fmt: skip
# Values that are no classes.
VALUES = frozenset(("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"))
MODELS = ("Functional", "Sequential", "Model")
# Where Keras's own classes stand that have no public name.
_INNER = (
    "keras.src.layers.", "keras.src.models.", "keras.src.ops.", "keras.src.applications.", "keras.src.initializers.",
    "keras.src.regularizers.", "keras.src.constraints.", "keras.src.dtype_policies.", "keras.src.quantizers.",
    "keras.src.random.",
)  # fmt: skip
_PUBLIC = (
    "keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints",
    "keras.dtype_policies", "keras.quantizers", "keras.random",
)  # fmt: skip


@cache
def is_allowed(module: str | None, name: str) -> bool:
    """Whether a class is one of Keras's that compute.

    Args:
        module: Where the file says that it stands; None for the formats that do not say.
        name: The class.
    """
    if name in REFUSED:
        return False
    if module is None:
        return any(_computes(_found(public, name)) for public in _PUBLIC)
    return _computes(_found(module, name))


@cache
def is_activation(name: str) -> bool:
    """Whether Keras has an activation of that name."""
    return name in _names("activations") or name in ("swish", "hard_swish")


@cache
def is_known(kind: str, name: str) -> bool:
    """Whether Keras has an initializer, regularizer or constraint of that name.

    Args:
        kind: `initializers`, `regularizers` or `constraints`.
        name: Class or alias, such as `glorot_uniform`.
    """
    plain = name.replace("_", "").lower()
    found = (member for member in vars(getattr(import_keras(), kind)).values() if inspect.isclass(member))
    return any(member.__name__.lower() == plain for member in found) or name in _names(kind)


@cache
def _names(kind: str) -> frozenset[str]:
    """What a public module of Keras offers by name, without what works on such things."""
    public = (key for key in dir(getattr(import_keras(), kind)) if not key.startswith("_"))
    return frozenset(public) - {"get", "serialize", "deserialize"}


def _found(module: str, name: str) -> Any:
    """What Keras would find; nothing is imported for it."""
    if module in _PUBLIC:
        place: Any = import_keras()
        for part in module.split(".")[1:]:
            place = getattr(place, part, None)
        return getattr(place, name, None)
    if module.startswith(_INNER):
        import_keras()
        return vars(sys.modules[module]).get(name) if module in sys.modules else None
    return None


def _computes(found: Any) -> bool:
    if not inspect.isclass(found) or not found.__module__.startswith("keras."):
        return False
    keras = import_keras()
    # On JAX every layer has a base that is called `JaxLayer`, too, and runs nothing.
    bases = (base for base in found.__mro__ if not base.__module__.startswith("keras.src.backend."))
    if any(base.__name__ in REFUSED for base in bases):
        return False
    if issubclass(found, keras.Model):
        return found.__name__ in MODELS
    if issubclass(found, keras.Operation) and not issubclass(found, keras.layers.Layer):
        return found.__module__.startswith("keras.src.ops.") and found.__name__ not in _CALLING
    kinds = (
        keras.layers.Layer, keras.initializers.Initializer, keras.regularizers.Regularizer,
        keras.constraints.Constraint,
        keras.dtype_policies.DTypePolicy, keras.dtype_policies.DTypePolicyMap, keras.Quantizer,
        keras.random.SeedGenerator,
    )  # fmt: skip
    return issubclass(found, kinds) or found.__module__.startswith("keras.src.quantizers.quantization_config")
