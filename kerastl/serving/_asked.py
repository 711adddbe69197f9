"""What a request asks for: its images and its options, whichever way they were sent."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from starlette.requests import Request

from kerastl._base.text import brief
from kerastl.serving._body import parse_form, read_body
from kerastl.serving._errors import RequestError, TooLargeError, UnsupportedMediaError
from kerastl.serving._settings import ServeSettings

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
_RAW = ("image/", "application/octet-stream")
# Before each value of JSON but the first; base64 has none of them.
_SEPARATORS = (b",", b"[", b"{")
_MOST_VALUES, _MOST_NAMES = 4_000_000, 10_000


@dataclass(frozen=True)
class Asked:
    """Images and options of a request.

    Args:
        images: What image files hold.
        names: What the client calls each; None where it does not say.
        options: By name, read and checked.
    """

    images: list[bytes]
    names: list[str | None]
    options: Mapping[str, Any] = field(default_factory=dict)


def _whole_number(value: object) -> int:
    number = int(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError
    return number


def _fraction(value: object) -> float:
    number = float(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else value
    if not isinstance(number, float) or not 0 < number < 1:
        raise ValueError
    return number


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE + _FALSE:
        return value.lower() in _TRUE
    raise ValueError


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 200:
        raise ValueError
    return value


# Each option: how it is read, and what it must be.
OPTIONS: Mapping[str, tuple[Callable[[object], Any], str]] = {
    "model": (_text, "a name of GET /v1/models"),
    "top": (_whole_number, "a whole number of at least 1"),
    "coverage": (_fraction, "a number between 0 and 1"),
    "reject": (_flag, "true or false"),
    "sure": (_fraction, "a number between 0 and 1"),
    "explain": (_text, "a method of explanation"),
    "label": (_text, "a class to explain"),
}


async def read_request(request: Request, settings: ServeSettings) -> Asked:
    """Read images and options: a multipart form, one raw image, or JSON with images in base64.

    Options may stand in the query string, in fields of the form, or in the JSON object.

    Raises:
        RequestError: Something is wrong with it.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    given: dict[str, object] = dict(request.query_params)
    body = await read_body(request, settings.max_bytes, settings.timeout)
    files: list[tuple[str | None, bytes]]
    if media == "multipart/form-data":
        form = await parse_form(request, body, settings.max_images)
        files = form.files
        given.update(form.fields)
    elif media == "application/json":
        content = parse_json(body)
        files = [(None, image) for image in images_of(content.pop("images", None), settings.max_images)]
        given.update(content)
    elif media.startswith(_RAW):
        files = [(None, body)] if body else []
    else:
        raise UnsupportedMediaError(
            "send images as multipart/form-data, as one image/* or application/octet-stream body, or as "
            'application/json {"images": ["<base64>"]}'
        )
    if not files:
        raise RequestError("the request holds no image")
    return Asked([content for _, content in files], [name for name, _ in files], read_options(given))


def read_options(given: Mapping[str, object]) -> dict[str, Any]:
    """Read options.

    Raises:
        RequestError: One is unknown or wrong.
    """
    options = {}
    for name, value in given.items():
        if name not in OPTIONS:
            close = get_close_matches(name, OPTIONS, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(OPTIONS)}"
            raise RequestError(f"no option is called {brief(name)!r}; {hint}")
        read, wanted = OPTIONS[name]
        try:
            options[name] = read(value)
        except (ValueError, OverflowError):
            raise RequestError(f"{name} must be {wanted}. Received: {brief(str(value))!r}") from None
    return options


def parse_json(body: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        RequestError: It is none.
        TooLargeError: It holds too many values.
    """
    # While a body is parsed nobody else is answered; what takes seconds for that is refused by a count that takes none.
    if sum(map(body.count, _SEPARATORS)) > _MOST_VALUES or body.count(b":") > _MOST_NAMES:
        raise TooLargeError(
            f"JSON may hold at most {_MOST_VALUES:,} values and {_MOST_NAMES:,} names: "
            "send images as files or in base64, or pixels as binary tensor data"
        )
    try:
        content = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RequestError("the body is no JSON") from None
    if not isinstance(content, dict):
        raise RequestError("the body must be a JSON object")
    return content


def _no_constant(name: str) -> object:
    raise ValueError(name)


def images_of(given: object, most: int) -> list[bytes]:
    """Images in base64, as such or as `data:` URLs.

    Raises:
        RequestError: They are something else.
        TooLargeError: There are too many.
    """
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise RequestError('images must be a list of images in base64: {"images": ["<base64>"]}')
    if len(given) > most:
        raise TooLargeError(f"a request holds at most {most} images. Received: {len(given)}")
    return [from_base64(each) for each in given]


def from_base64(text: str) -> bytes:
    """What base64 stands for, with or without `data:image/...;base64,` before it.

    Raises:
        RequestError: It is no base64.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)  # base64 of mail and shells is in lines
    except (binascii.Error, ValueError):
        raise RequestError("an image is no base64") from None
