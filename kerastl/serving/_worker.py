"""What each of several processes of a server does."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.process import BaseProcess

from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE

from kerastl.errors import KerastlError
from kerastl.serving._app import create_app
from kerastl.serving._logging import forward_uvicorn, set_up
from kerastl.serving._settings import ServeSettings

log = logging.getLogger("kerastl")

SETTINGS_VARIABLE = "KERASTL_SERVE_SETTINGS"
"""By which the processes are told their settings."""


def application() -> Starlette:
    """Make the application, its models loaded."""
    _end_with_parent()
    settings = ServeSettings.from_dict(json.loads(os.environ[SETTINGS_VARIABLE]))
    set_up(settings)
    forward_uvicorn(settings)
    app = create_app(settings)
    try:
        app.state.server.models.load()
    except KerastlError as error:
        log.error("%s", error)
        sys.exit(STARTUP_FAILURE)
    return app


def _end_with_parent() -> None:
    """Have this process stop when the one that started it is gone, also where that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), name="kerastl-parent", daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
