"""What a server says on standard error: lines for people, or JSON for what collects logs."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from kerastl._base.text import message
from kerastl.serving._settings import ServeSettings

REQUESTS = logging.getLogger("kerastl.requests")
"""Told of each request, where that is asked for."""


class TextFormatter(logging.Formatter):
    """One line for people, whatever clients have put into it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        return f"kerastl: {message(record.getMessage())}"


class JSONFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `message`, `traceback` where there is one, and what a request was."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        content: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "message": message(record.getMessage()),
            "process": record.process,
        }
        if record.exc_info is not None:
            content["traceback"] = self.formatException(record.exc_info)
        return json.dumps({**content, **getattr(record, "request", {})})


FORMATS: Mapping[str, type[logging.Formatter]] = {"text": TextFormatter, "json": JSONFormatter}


def set_up(settings: ServeSettings) -> None:
    """Have kerastl's logger write to standard error as the settings say, in a process that is a server and no more."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[settings.log_format]())
    log = logging.getLogger("kerastl")
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO if settings.verbose else logging.WARNING)
    log.propagate = False


def forward_uvicorn(settings: ServeSettings) -> None:
    """Have kerastl's logger say what uvicorn has to say, unless the program has its own way with that."""
    log = logging.getLogger("uvicorn")
    if not log.handlers:
        log.addHandler(_Forward(logging.WARNING if settings.verbose > 1 else logging.ERROR))
        log.propagate = False


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # What the application raises is told by `failed`, and what becomes of processes by `Supervisor`.
        # That a second signal cuts off what the first one waits for is no error.
        said = record.getMessage()
        if record.exc_info is None and record.module != "multiprocess" and "CancelledError" not in said:
            logging.getLogger("kerastl").log(record.levelno, "%s", said)
