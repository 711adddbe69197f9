"""`POST /v1/classify`: images in, answers out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl.calibration._apply import AnswerRules, answer_rules
from kerastl.errors import UsageError
from kerastl.serving import _explanations as explanations
from kerastl.serving._asked import Asked, read_request
from kerastl.serving._connection import while_connected
from kerastl.serving._errors import NotAnswerableError, RequestError, UnreadableImageError
from kerastl.serving._explaining import Explained
from kerastl.serving._explanations import check_explain, explained
from kerastl.serving._served_model import Answer, Query, ServedModel

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState

_TOP = 5
_PNG = "image/png"


async def classify(request: Request) -> Response:
    """Answer `POST /v1/classify`."""
    state: ServerState = request.app.state.server
    deadline = time.monotonic() + state.settings.timeout
    asked = await read_request(request, state.settings)
    model = state.models[asked.options.get("model")]
    rules = rules_of(model, asked)
    index = check_explain(state, model, asked)
    picture = wants_png(request, asked)
    queries = [Query(image, rules) for image in asked.images]
    answers, found = await while_connected(request, _answered(state, model, asked, queries, index, deadline))
    if len(answers) == 1 and (error := answers[0].result.error) is not None:
        raise UnreadableImageError(f"the image cannot be read: {error}")
    if picture and found[0] is not None:
        return Response(found[0].png, media_type=_PNG)
    results = [
        {**as_json(answer, name), **_explanation(asked, explanation)}
        for answer, name, explanation in zip(answers, asked.names, found, strict=True)
    ]
    return JSONResponse({"model": model.name, "version": model.version, "results": results})


async def _answered(
    state: ServerState, model: ServedModel, asked: Asked, queries: list[Query], index: int | None, deadline: float
) -> tuple[list[Answer], Sequence[Explained | None]]:
    answers = await model.answer(queries, deadline)
    if "explain" not in asked.options:
        return answers, [None] * len(answers)
    return answers, await explained(state, model, asked, answers, index, deadline)


def _explanation(asked: Asked, explanation: Explained | None) -> dict[str, Any]:
    if explanation is None:
        return {}
    return {"explanation": explanations.as_json(asked.options["explain"], explanation)}


def wants_png(request: Request, asked: Asked) -> bool:
    """Whether the explanation is asked for as an image, and nothing else.

    Raises:
        RequestError: There are several images.
    """
    accepted = {each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "").split(",")}
    if "explain" not in asked.options or _PNG not in accepted or "application/json" in accepted:
        return False
    if len(asked.images) > 1:
        raise RequestError("one image is answered by one PNG; send one, or accept application/json")
    return True


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
