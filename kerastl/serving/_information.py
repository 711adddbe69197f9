"""`GET /v1/models` and `GET /metrics`: what the server is and does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl.calibration._apply import can_reject
from kerastl.serving._explanations import explains
from kerastl.serving._served_model import ServedModel

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState


async def models(request: Request) -> Response:
    """Answer `GET /v1/models`."""
    state: ServerState = request.app.state.server
    described = [describe(model, state) for model in state.models]
    return JSONResponse({"models": described, "collects": state.collection is not None})


def describe(model: ServedModel, state: ServerState) -> dict[str, Any]:
    """What clients may know of a model."""
    metadata = model.classifier.metadata
    height, width, channels = metadata.reader.shape
    return {
        "name": model.name,
        "version": model.version,
        "task": metadata.task,
        "labels": list(metadata.labels.names),
        "input": {"height": height, "width": width, "channels": channels},
        "engine": model.classifier.engine,
        "rejects": can_reject(model.classifier.file, metadata),
        "explains": state.explanations is not None and explains(model),
    }


async def metrics(request: Request) -> Response:
    """Answer `GET /metrics` in Prometheus's text format."""
    from prometheus_client import CONTENT_TYPE_LATEST

    state: ServerState = request.app.state.server
    return Response(state.metrics.as_text(state.models), media_type=CONTENT_TYPE_LATEST)
