"""What only TensorFlow can do with a model, where Keras runs on another backend: done in a process of its own."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kerastl._base.keras_import import import_keras
from kerastl._base.processes import start_child
from kerastl._base.scratch import temporary_folder
from kerastl._base.text import brief, printable
from kerastl.errors import KerastlError, ModelError

if TYPE_CHECKING:
    import keras

Function = TypeVar("Function", bound=Callable[..., Any])

_MODEL, _CALL, _ANSWER = "model.keras", "call.pickle", "answer.pickle"


def with_tensorflow(function: Function) -> Function:
    """Have a function called in this process where Keras runs on TensorFlow, else in one where it does.

    Args:
        function: At the top of a module, and called with positional arguments: a Keras model, then what pickles; so
            does what it returns. Errors of kerastl arrive as they are.

    Raises:
        ModelError: When it is called: the process cannot load the model, or ends before it has answered.
    """

    @wraps(function)
    def call(model: keras.Model, *arguments: Any) -> Any:
        if import_keras().backend.backend() == "tensorflow":
            return function(model, *arguments)
        return _elsewhere(function, model, arguments)

    return call  # type: ignore[return-value]


def _elsewhere(function: Callable[..., Any], model: keras.Model, arguments: tuple[Any, ...]) -> Any:
    with temporary_folder() as folder:
        try:
            model.save(folder / _MODEL)
        except Exception as error:  # a layer of any package may refuse
            raise ModelError(f"{printable(model.name)} cannot be saved ({brief(str(error))})") from error
        call = (function.__module__, function.__name__, arguments)
        (folder / _CALL).write_bytes(pickle.dumps(call))
        try:
            child = start_child("kerastl.inference._tensorflow_process.answer")
        except OSError as error:
            raise ModelError(f"no process with TensorFlow can be started ({error.strerror or error})") from error
        try:
            child.communicate(os.fsencode(folder))
        finally:
            child.kill()
        try:
            # Written by our own child into a folder that is closed to others.
            succeeded, value = pickle.loads((folder / _ANSWER).read_bytes())  # noqa: S301
        except FileNotFoundError:
            raise ModelError(
                f"the process with TensorFlow ended with code {child.returncode} over {printable(model.name)}"
            ) from None
    if not succeeded:
        raise value
    return value


def answer() -> None:
    """Do what the parent asks for in the folder that standard input names (called in the child)."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the parent's backend holds the memory of accelerators
    folder = Path(os.fsdecode(sys.stdin.buffer.read()))
    try:
        module, name, arguments = pickle.loads((folder / _CALL).read_bytes())  # noqa: S301 - the parent's
        from kerastl.models._saved.loading import load

        # The parent has loaded and checked what it made this file of.
        answered = True, getattr(import_module(module), name)(load(folder / _MODEL, trust=True), *arguments)
    except KerastlError as error:
        answered = False, error
    except Exception as error:  # whatever a converter makes of a network
        answered = False, ModelError(brief(f"{type(error).__name__}: {error}"))
    written = folder / f"{_ANSWER}.new"
    written.write_bytes(pickle.dumps(answered))
    written.replace(folder / _ANSWER)
