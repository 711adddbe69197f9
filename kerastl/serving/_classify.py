"""`POST /v1/classify`: images in, answers out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl.calibration._apply import AnswerRules, answer_rules
from kerastl.errors import UsageError
from kerastl.serving._asked import Asked, read_request
from kerastl.serving._connection import while_connected
from kerastl.serving._errors import NotAnswerableError, UnreadableImageError
from kerastl.serving._served_model import Answer, Query, ServedModel

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState

_TOP = 5


async def classify(request: Request) -> Response:
    """Answer `POST /v1/classify`."""
    state: ServerState = request.app.state.server
    deadline = time.monotonic() + state.settings.timeout
    asked = await read_request(request, state.settings)
    model = state.models[asked.options.get("model")]
    rules = rules_of(model, asked)
    queries = [Query(image, rules) for image in asked.images]
    answers = await while_connected(request, model.answer(queries, deadline))
    if len(answers) == 1 and (error := answers[0].result.error) is not None:
        raise UnreadableImageError(f"the image cannot be read: {error}")
    results = [as_json(answer, name) for answer, name in zip(answers, asked.names, strict=True)]
    return JSONResponse({"model": model.name, "version": model.version, "results": results})


def rules_of(model: ServedModel, asked: Asked) -> AnswerRules:
    """What is asked, if the model can answer it.

    Raises:
        NotAnswerableError: It cannot.
    """
    options = asked.options
    classifier = model.classifier
    try:
        return answer_rules(
            classifier.file,
            classifier.metadata,
            options.get("top", _TOP),
            options.get("coverage"),
            options.get("reject", False),
            options.get("sure"),
        )
    except UsageError as error:
        # Where the model lies is nobody's business.
        raise NotAnswerableError(str(error).replace(str(classifier.file), model.name)) from None


def as_json(answer: Answer, name: str | None) -> dict[str, Any]:
    """One image's answer: what `kerastl classify --format json` gives, with the client's name of the file as path."""
    return {**answer.result.as_dict(), "path": name}
