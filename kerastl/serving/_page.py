"""The page for people at `/`, and the files that it is made of."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

# What the page of a server and that of an exported model share lies with the latter.
_PLACES: list[str | tuple[str, str]] = [("kerastl.serving", "static"), ("kerastl.exporting", "templates/web")]


def static_files() -> StaticFiles:
    """The application that gives the page's files."""
    return StaticFiles(packages=_PLACES)


async def page(request: Request) -> Response:
    """Answer `GET /`."""
    return HTMLResponse(_index())


@cache
def _index() -> str:
    return files("kerastl.serving").joinpath("static/index.html").read_text(encoding="utf-8")
