"""The option `explain` of `POST /v1/classify`: beside an answer, which pixels count for it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from kerastl._base.text import brief
from kerastl.errors import UsageError
from kerastl.explaining._methods import METHODS
from kerastl.models._exported.reading import KINDS
from kerastl.serving._asked import Asked
from kerastl.serving._errors import NotAnswerableError, RequestError, TooLargeError
from kerastl.serving._explaining import Explained
from kerastl.serving._explaining_child import Question
from kerastl.serving._served_model import Answer, ServedModel
from kerastl.serving._state import ServerState

_MOST = 8
"""Images of a request that are explained: one takes as long as hundreds of answers."""


def explains(model: ServedModel, method: str = "gradcam") -> bool:
    """Whether a model can be explained by a method: most need Keras, and a Keras model."""
    keras = find_spec("keras") is not None and model.classifier.file.suffix.lower() not in KINDS
    return keras or METHODS[method].needs != "gradients"


def check_explain(state: ServerState, model: ServedModel, asked: Asked) -> int | None:
    """Refuse what cannot be explained, before any work is done.

    Returns:
        The index of the class to explain; None for the best of each image.

    Raises:
        RequestError: There is no such method, or no class to it.
        TooLargeError: There are too many images.
        NotAnswerableError: The server or the model does not explain so, or has no such class.
    """
    method, label = asked.options.get("explain"), asked.options.get("label")
    if method is None:
        if label is not None:
            raise RequestError("label says which class is explained; say explain, too")
        return None
    if state.explanations is None:
        raise NotAnswerableError("this server does not explain its answers")
    if method not in METHODS:
        raise RequestError(f"explain must be one of {', '.join(METHODS.names())}. Received: {brief(method)!r}")
    if len(asked.images) > _MOST:
        raise TooLargeError(f"a request with explain holds at most {_MOST} images. Received: {len(asked.images)}")
    if not explains(model, method):
        others = ", ".join(name for name in METHODS.bundled if explains(model, name))
        raise NotAnswerableError(f"{model.name} cannot be explained by {method}; try {others}")
    try:
        return None if label is None else model.classifier.labels.find(label)
    except UsageError as error:
        raise NotAnswerableError(str(error)) from None


async def explained(
    state: ServerState, model: ServedModel, asked: Asked, answers: Sequence[Answer], index: int | None, deadline: float
) -> list[Explained | None]:
    """Explain the answers of a request.

    Args:
        state: The server's.
        model: What answered.
        asked: The request.
        answers: Its answers.
        index: As `check_explain` gave it.
        deadline: As for `MicroBatcher.submit`.

    Returns:
        One for each image; None for those that cannot be read.
    """
    assert state.explanations is not None  # noqa: S101 - as `check_explain` has seen
    settings = state.settings
    path = dict(settings.models)[model.name]
    options = {"model": path, "engine": settings.engine, "trust": settings.trust}
    questions = [
        Question(options, model.version, image, _best(answer) if index is None else index, asked.options["explain"])
        for image, answer in zip(asked.images, answers, strict=True)
        if answer.output is not None
    ]
    try:
        found = iter(await state.explanations.batcher.answers(questions, deadline))
    except NotAnswerableError as error:
        # Where the model lies is nobody's business.
        raise NotAnswerableError(str(error).replace(str(model.classifier.file), model.name)) from None
    return [None if answer.output is None else next(found) for answer in answers]


def _best(answer: Answer) -> int:
    assert answer.output is not None  # noqa: S101 - those without are left out
    return int(answer.output.argmax())


def as_json(method: str, explanation: Explained) -> dict[str, Any]:
    """An explanation as JSON values, its image in base64."""
    return {
        "method": method,
        "label": explanation.label,
        "score": explanation.score,
        "png": base64.b64encode(explanation.png).decode("ascii"),
    }
