"""TensorFlow Serving's REST interface: `/v1/models/NAME:predict`, in rows or in columns.

The interface: https://www.tensorflow.org/tfx/serving/api_rest. An instance is `{"b64": ...}`, an image as its file has
it, or pixels in nested lists; each may stand in an object under `image` or `pixels`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl._base.text import brief
from kerastl.calibration._apply import AnswerRules
from kerastl.serving._asked import from_base64, parse_json
from kerastl.serving._body import read_body
from kerastl.serving._connection import while_connected
from kerastl.serving._errors import RequestError, TooLargeError, UnreadableImageError
from kerastl.serving._served_model import Query
from kerastl.serving._tensors import images_of_pixels, numbers_of

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState

_SIGNATURES = (None, "", "serving_default")
_NAMES = ("image", "pixels")


async def status(request: Request) -> Response:
    """Answer `GET /v1/models/NAME`."""
    state: ServerState = request.app.state.server
    model = state.models[request.path_params["name"]]
    found = {"version": model.version, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return JSONResponse({"model_version_status": [found]})


async def predict(request: Request) -> Response:
    """Answer `POST /v1/models/NAME:predict`."""
    state: ServerState = request.app.state.server
    settings = state.settings
    deadline = time.monotonic() + settings.timeout
    model = state.models[request.path_params["name"]]
    asked = parse_json(await read_body(request, settings.max_bytes, settings.timeout))
    if asked.get("signature_name") not in _SIGNATURES:
        raise RequestError(f"signature_name must be serving_default. Received: {brief(str(asked['signature_name']))!r}")
    images, by_rows = read_instances(asked, settings.max_images)
    queries = [Query(image, AnswerRules(top=1)) for image in images]
    answers = await while_connected(request, model.answer(queries, deadline))
    for number, answer in enumerate(answers):
        if answer.result.error is not None:
            raise UnreadableImageError(f"instance {number} cannot be read: {answer.result.error}")
    rows = [answer.output.tolist() for answer in answers if answer.output is not None]
    return JSONResponse({"predictions" if by_rows else "outputs": rows})


def read_instances(asked: Mapping[str, Any], most: int) -> tuple[list[Any], bool]:
    """The images, and whether they were given in rows."""
    if ("instances" in asked) == ("inputs" in asked):
        raise RequestError("the body must hold either instances or inputs")
    by_rows = "instances" in asked
    given = asked["instances"] if by_rows else _named(asked["inputs"])
    if not by_rows and isinstance(given, dict):
        given = [given]
    if not isinstance(given, list) or not given:
        raise RequestError('instances must be a list of images: {"b64": ...}, or pixels in nested lists')
    if len(given) > most:
        raise TooLargeError(f"a request holds at most {most} images. Received: {len(given)}")
    return [_image(_named(each)) for each in given], by_rows


def _named(given: object) -> object:
    """What stands under the name of an input, or the thing itself."""
    if isinstance(given, dict) and len(given) == 1:
        return next((given[name] for name in _NAMES if name in given), given)
    return given


def _image(given: object) -> bytes | np.ndarray:
    if isinstance(given, dict) and isinstance(given.get("b64"), str) and len(given) == 1:
        return from_base64(given["b64"])
    return images_of_pixels(numbers_of(given), _shape(given), 1)[0]


def _shape(given: object) -> Sequence[int]:
    """The shape of nested lists that `numbers_of` found to be of equal lengths."""
    shape = []
    while isinstance(given, list):
        shape.append(len(given))
        given = given[0] if given else None
    return shape
