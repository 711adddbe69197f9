"""The Open Inference Protocol, version 2, of KServe and Triton: `/v2/...`.

The protocol: https://github.com/kserve/open-inference-protocol. Images are the input `image`, as their files have
them, or the input `pixels`; answers are `probabilities` and `label`, or `value` of a model that tells a number.
Binary tensor data and the classification parameter are Triton's extensions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl._base.text import as_unicode, brief
from kerastl._metrics import top_k
from kerastl._version import __version__
from kerastl.calibration._apply import AnswerRules
from kerastl.serving._asked import parse_json
from kerastl.serving._body import read_body
from kerastl.serving._connection import while_connected
from kerastl.serving._errors import RequestError, UnavailableError, UnknownModelError, UnreadableImageError
from kerastl.serving._served_model import Answer, Query, ServedModel
from kerastl.serving._tensors import BinaryTail, read_encoded, read_pixels, written
from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState

_HEADER_LENGTH = "inference-header-content-length"
_EXTENSIONS = ["binary_tensor_data", "classification", "model_repository"]
_INPUTS: Mapping[str, tuple[tuple[str, ...], Callable[..., Sequence[Any]]]] = {
    "image": (("BYTES",), read_encoded),
    "pixels": (("UINT8", "FP32"), read_pixels),
}


async def live(request: Request) -> Response:
    """Answer `GET /v2/health/live`."""
    return JSONResponse({"live": True})


async def ready(request: Request) -> Response:
    """Answer `GET /v2/health/ready`."""
    state: ServerState = request.app.state.server
    if state.draining or not state.models.ready:
        raise UnavailableError("not ready: models are being loaded, or the server stops")
    return JSONResponse({"ready": True})


async def server_metadata(request: Request) -> Response:
    """Answer `GET /v2`."""
    return JSONResponse({"name": "kerastl", "version": __version__, "extensions": _EXTENSIONS})


async def repository_index(request: Request) -> Response:
    """Answer `POST /v2/repository/index`."""
    state: ServerState = request.app.state.server
    await read_body(request, state.settings.max_bytes, state.settings.timeout)
    return JSONResponse(
        [{"name": model.name, "version": model.version, "state": "READY", "reason": ""} for model in state.models]
    )


async def model_ready(request: Request) -> Response:
    """Answer `GET /v2/models/NAME/ready`."""
    return JSONResponse({"name": _model(request).name, "ready": True})


async def model_metadata(request: Request) -> Response:
    """Answer `GET /v2/models/NAME`."""
    model = _model(request)
    return JSONResponse(
        {
            "name": model.name,
            "versions": [model.version],
            "platform": f"kerastl_{model.classifier.engine}",
            "inputs": [
                {"name": "image", "datatype": "BYTES", "shape": [-1]},
                {"name": "pixels", "datatype": "UINT8", "shape": [-1, -1, -1, 3]},
            ],
            "outputs": [
                {"name": name, "datatype": datatype, "shape": [-1, *shape]}
                for name, (datatype, shape) in outputs_of(model).items()
            ],
        }
    )


def outputs_of(model: ServedModel) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The names of the outputs, their datatypes, and their shapes for an image."""
    metadata = model.classifier.metadata
    kind, classes = TASKS[metadata.task].kind, len(metadata.labels)
    if kind == "number":
        return {"value": ("FP32", (1,))}
    scores: dict[str, tuple[str, tuple[int, ...]]] = {"probabilities": ("FP32", (classes,))}
    return scores if kind == "indicators" else {**scores, "label": ("BYTES", ())}


def _model(request: Request) -> ServedModel:
    """The model and version that the address names."""
    state: ServerState = request.app.state.server
    model = state.models[request.path_params["name"]]
    version = request.path_params.get("version", model.version)
    if version != model.version:
        raise UnknownModelError(f"{brief(model.name)} has no version {brief(version)!r}; it has {model.version}")
    return model


async def infer(request: Request) -> Response:
    """Answer `POST /v2/models/NAME/infer`."""
    state: ServerState = request.app.state.server
    settings = state.settings
    deadline = time.monotonic() + settings.timeout
    model = _model(request)
    body = await read_body(request, settings.max_bytes, settings.timeout)
    asked, tail = split_body(body, request.headers.get(_HEADER_LENGTH))
    images = read_images(asked, tail, settings.max_images)
    wanted = _wanted(asked, model)
    rules = AnswerRules(top=1)
    answers = await while_connected(request, model.answer([Query(image, rules) for image in images], deadline))
    for number, answer in enumerate(answers):
        if answer.result.error is not None:
            raise UnreadableImageError(f"image {number} cannot be read: {answer.result.error}")
    tensors = [written(name, _values(answers, model, name, classes), binary=binary) for name, classes, binary in wanted]
    return _answer(asked, model, tensors)


def split_body(body: bytes, header_length: str | None) -> tuple[dict[str, Any], BinaryTail]:
    """The JSON of a request, and what stands behind it."""
    length = len(body)
    if header_length is not None:
        if not (header_length.isascii() and header_length.isdigit() and int(header_length) <= len(body)):
            raise RequestError(f"{_HEADER_LENGTH} does not fit the body. Received: {brief(header_length)}")
        length = int(header_length)
    return parse_json(body[:length]), BinaryTail(body[length:])


def read_images(asked: Mapping[str, Any], tail: BinaryTail, most: int) -> Sequence[Any]:
    inputs = _objects(asked.get("inputs"), "inputs")
    if len(inputs) != 1:
        raise RequestError(f"a request has one input, {' or '.join(_INPUTS)}. Received: {len(inputs)}")
    (tensor,) = inputs
    name = str(tensor.get("name"))
    if name not in _INPUTS:
        raise RequestError(f"no input is called {brief(name)!r}; there are {', '.join(_INPUTS)}")
    datatypes, read = _INPUTS[name]
    if tensor.get("datatype") not in datatypes:
        raise RequestError(
            f"the datatype of {name} must be {' or '.join(datatypes)}. Received: {brief(str(tensor.get('datatype')))}"
        )
    images = read(tensor, tail, most)
    tail.check_empty()
    if not images:
        raise RequestError("the request holds no image")
    return images


def _objects(given: object, name: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise RequestError(f"{name} must be a list of objects")
    return given


def _wanted(asked: Mapping[str, Any], model: ServedModel) -> list[tuple[str, int | None, bool]]:
    """Names of the outputs that are asked for, how many classes of each, and whether as bytes."""
    known = outputs_of(model)
    parameters = asked.get("parameters")
    binary = isinstance(parameters, dict) and parameters.get("binary_data_output") is True
    if asked.get("outputs") is None:
        return [(name, None, binary) for name in known]
    wanted = []
    for output in _objects(asked["outputs"], "outputs"):
        name = str(output.get("name"))
        if name not in known:
            raise RequestError(f"no output is called {brief(name)!r}; there are {', '.join(known)}")
        own = output.get("parameters")
        own = own if isinstance(own, dict) else {}
        wanted.append((name, _classes(own, name), own.get("binary_data", binary) is True))
    return wanted


def _classes(parameters: Mapping[str, Any], name: str) -> int | None:
    """How many classes are asked for in place of all probabilities."""
    count = parameters.get("classification")
    if not count:
        return None
    if name != "probabilities" or isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise RequestError(f"classification must be a whole number, of probabilities. Received: {brief(str(count))}")
    return count


def _values(answers: Sequence[Answer], model: ServedModel, name: str, classes: int | None) -> np.ndarray:
    """The values of an output."""
    scores = np.stack([answer.output for answer in answers if answer.output is not None])
    names = np.array([label.replace("\0", "") for label in model.classifier.labels.names])
    if name == "label":
        return names[scores.argmax(axis=1)]
    if classes is None:
        return scores
    best = top_k(scores, min(classes, scores.shape[1]))
    return np.array(
        [
            [f"{row[index]:f}:{index}:{names[index]}" for index in chosen]
            for row, chosen in zip(scores, best, strict=True)
        ]
    )


def _answer(asked: Mapping[str, Any], model: ServedModel, tensors: Sequence[tuple[dict[str, Any], bytes]]) -> Response:
    content: dict[str, Any] = {"model_name": model.name, "model_version": model.version}
    if isinstance(asked.get("id"), str):
        content["id"] = as_unicode(asked["id"])
    content["outputs"] = [described for described, _ in tensors]
    tail = b"".join(data for _, data in tensors)
    if not any("parameters" in described for described, _ in tensors):
        return JSONResponse(content)
    text = json.dumps(content).encode()
    headers = {_HEADER_LENGTH: str(len(text))}
    return Response(text + tail, headers=headers, media_type="application/octet-stream")
