"""`POST /v1/feedback`: "this is wrong, it is ..." stores the image under its class, where `--collect` says."""

from __future__ import annotations

import asyncio
from pathlib import PurePath
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl.errors import ImageError
from kerastl.models._labels import LabelSet
from kerastl.serving._body import parse_form, read_body
from kerastl.serving._errors import NotAnswerableError, RequestError, UnreadableImageError
from kerastl.serving._image_size import check_size
from kerastl.sorting._folder_names import class_folders, safe_name
from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState

_LONGEST_LABEL = 200


async def feedback(request: Request) -> Response:
    """Answer `POST /v1/feedback`: a form with the file `image`, and the fields `label` and, if wanted, `model`."""
    state: ServerState = request.app.state.server
    if state.collection is None:
        raise NotAnswerableError("this server takes no corrections; start it with --collect DIR")
    body = await read_body(request, state.settings.max_bytes, state.settings.timeout)
    form = await parse_form(request, body, 1)
    label = form.fields.get("label", "").strip()
    if not form.files or not label or len(label) > _LONGEST_LABEL or not label.isprintable():
        raise RequestError(
            f"a correction is a form with the file image and the field label, of up to {_LONGEST_LABEL} letters"
        )
    model = state.models[form.fields.get("model")]
    if TASKS[model.classifier.metadata.task].kind != "index":
        raise NotAnswerableError("corrections are for models that tell one class an image")
    label, folder, known = class_of(label, model.classifier.labels)
    try:
        await asyncio.to_thread(_store, state, form.files[0][1], folder)
    except ImageError as error:
        raise UnreadableImageError(f"the image cannot be read: {error.reason}") from None
    return JSONResponse({"label": label, "known": known}, 201)


def class_of(text: str, labels: LabelSet) -> tuple[str, PurePath, bool]:
    """The class that a text means, its folder, and whether the model knows it; a new one is called as its folder."""
    places = labels.places(text)
    if len(places) == 1:
        return labels.names[places[0]], class_folders(labels.names)[places[0]], True
    folder = safe_name(text)
    return folder, PurePath(folder), bool(places)  # names may repeat: ImageNet has two kinds of crane


def _store(state: ServerState, content: bytes, folder: PurePath) -> None:
    assert state.collection is not None  # noqa: S101 - as `feedback` has seen
    check_size(content, state.settings.max_pixels)
    state.collection.add(content, folder)
