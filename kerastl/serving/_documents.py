"""`GET /openapi.json`, what programs read of the interface, and `GET /docs`, the same for people."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from kerastl._version import __version__

_DOCUMENT = "openapi.json"


async def openapi(request: Request) -> Response:
    """Answer `GET /openapi.json`."""
    return JSONResponse(document())


async def docs(request: Request) -> Response:
    """Answer `GET /docs`."""
    return HTMLResponse(page())


@cache
def document() -> dict[str, Any]:
    """The interface as an OpenAPI 3.1 document."""
    content = json.loads(files("kerastl.serving").joinpath(_DOCUMENT).read_text(encoding="utf-8"))
    content["info"]["version"] = __version__
    return content


@cache
def page() -> str:
    """The interface as a page in HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("kerastl.serving"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    content = document()
    return templates.get_template("docs.html").render(
        info=content["info"], tags=content["tags"], operations=list(operations(content)), schemas=_schemas(content)
    )


def operations(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The operations in order, each with its method and path; references to parameters and answers are followed."""
    return [
        {
            **operation,
            "method": method.upper(),
            "path": path,
            "parameters": [_followed(content, each) for each in operation.get("parameters", ())],
            "responses": {code: _followed(content, each) for code, each in operation["responses"].items()},
        }
        for path, methods in content["paths"].items()
        for method, operation in methods.items()
    ]


def _followed(content: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to, or the thing itself."""
    reference = value.get("$ref")
    if reference is None:
        return value
    found: Any = content
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _schemas(content: dict[str, Any]) -> dict[str, str]:
    """The schemas as text."""
    return {name: json.dumps(schema, indent=2) for name, schema in content["components"]["schemas"].items()}
