"""The process that explains: Keras lives here, and nowhere else in a server."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from kerastl.errors import KerastlError

if TYPE_CHECKING:
    from kerastl._classifier import Classifier

_MODELS = 4  # kept in memory
_NICE = 5  # classifying goes first


@dataclass(frozen=True)
class Question:
    """What is to be explained.

    Args:
        model: Options of `kerastl.load`.
        version: Of the model.
        image: What an image file holds.
        index: The class.
        method: A name of `kerastl.explaining.METHODS`.
    """

    model: dict[str, Any]
    version: str
    image: bytes
    index: int
    method: str


def answer_questions() -> None:
    """Read questions from standard input and write an answer to each, until there are no more.

    An answer is a line of JSON, with what went wrong as `error` or `failure`, and as many bytes of a PNG as it says.
    """
    # Ctrl-C reaches the whole group of processes, and the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)  # which goes nowhere: libraries greet on standard output
        models: dict[str, tuple[str, Classifier]] = {}
        while True:
            try:
                question: Question = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by `ExplainingProcess`
            except EOFError:
                break
            _write(output, *_answer(question, models))
    os._exit(0)  # TensorFlow takes a second to tear itself down


def _answer(question: Question, models: dict[str, tuple[str, Classifier]]) -> tuple[dict[str, Any], bytes]:
    try:
        classifier = _model(question, models)
    except KerastlError as error:  # which may tell where it lies, and is not for clients
        return {"failure": str(error)}, b""
    try:
        explanation = classifier.explain(io.BytesIO(question.image), question.index, question.method)
        stream = io.BytesIO()
        explanation.overlay().save(stream, "PNG")
        return {"label": explanation.label, "score": explanation.score}, stream.getvalue()
    except KerastlError as error:
        return {"error": str(error)}, b""
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}"}, b""


def _model(question: Question, models: dict[str, tuple[str, Classifier]]) -> Classifier:
    from kerastl._load import load

    path = question.model["model"]
    version, classifier = models.pop(path, ("", None))
    if classifier is None or version != question.version:
        classifier = load(**question.model)
    models[path] = question.version, classifier
    while len(models) > _MODELS:
        del models[next(iter(models))]
    return classifier


def _write(output: IO[bytes], said: dict[str, Any], png: bytes) -> None:
    output.write(json.dumps({**said, "bytes": len(png)}).encode() + b"\n" + png)
    output.flush()
