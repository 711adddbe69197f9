"""Serve models over HTTP: an application for operators and their programs, and a page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.serving._app import create_app as create_app
    from kerastl.serving._server import serve as serve
    from kerastl.serving._settings import ServeSettings as ServeSettings

_MODULES = {
    "ServeSettings": "kerastl.serving._settings",
    "create_app": "kerastl.serving._app",
    "serve": "kerastl.serving._server",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
