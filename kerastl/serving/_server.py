"""Listen, announce, serve until told to stop, and end with every request answered."""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kerastl._base.extras import require
from kerastl._base.files import check_folder
from kerastl._base.scratch import temporary_folder
from kerastl._base.text import printable
from kerastl._progress import Reporter, reporting, stage
from kerastl.errors import KerastlError, UsageError
from kerastl.serving._compiling import prepare
from kerastl.serving._logging import forward_uvicorn, set_up
from kerastl.serving._settings import ServeSettings, is_loopback

log = logging.getLogger("kerastl")

_BACKLOG = 2048
_DRAIN_SECONDS = 5  # for sending answers, beyond the time until there is one
_KEEP_ALIVE_SECONDS = 75  # longer than proxies keep theirs, so that none asks on a connection that is being closed
_SILENT_SECONDS = 60  # a process that does not even say that it lives for so long is replaced; imports take a while


def serve(settings: ServeSettings) -> None:
    """Serve models until the process is told to stop (SIGTERM, SIGINT), and answer what was asked before.

    Args:
        settings: Which models, where and how.

    A second SIGINT ends it at once.

    Raises:
        UsageError: The address cannot be listened at.
        KerastlError: A model cannot be loaded.
        KeyboardInterrupt: It was ended at once.
        MissingExtraError: A package of the extra `serve` is not installed.

    Example:
        >>> import os, signal, threading
        >>> from kerastl.serving import ServeSettings, serve
        >>> threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()  # as an operator stops it
        >>> serve(ServeSettings((("mini", "kerastl_mini"),), port=0))
    """
    require("a server", "serve", "starlette", "uvicorn", "python_multipart", "prometheus_client")
    if settings.collect is not None:
        check_folder(settings.collect, "--collect")
    with _logging(settings), bound(settings.host, settings.port) as sock, _stopped_by_signals() as stopped:
        for name, path in settings.models:
            with stage(f"{printable(name)}: getting the network ready"):
                prepare(path, settings, stopped)
        if not stopped.is_set():
            (_serve_alone if settings.workers == 1 else _serve_together)(settings, sock, stopped)


@contextmanager
def _logging(settings: ServeSettings) -> Iterator[None]:
    """Have what is said written as it is asked for."""
    forward_uvicorn(settings)
    if settings.log_format == "text":
        yield
        return
    set_up(settings)
    with reporting(Reporter(0)):  # whose lines are for people
        yield


def _serve_alone(settings: ServeSettings, sock: socket.socket, stopped: threading.Event) -> None:
    from uvicorn import Config

    from kerastl.serving._app import create_app
    from kerastl.serving._processes import DrainingServer

    app = create_app(settings)
    app.state.server.models.load()  # here, where what is wrong with them is told in one line
    if stopped.is_set():
        return
    server = DrainingServer(Config(app, **_config(settings)))
    listen(sock, settings)
    announce(settings, sock)
    try:
        server.run([sock])
    except SystemExit:  # how uvicorn ends where the application cannot start
        raise KerastlError("the server could not start") from None
    if server.force_exit:
        raise KeyboardInterrupt


def _serve_together(settings: ServeSettings, sock: socket.socket, stopped: threading.Event) -> None:
    from uvicorn import Config

    from kerastl.serving._metrics import SHARED_VARIABLE
    from kerastl.serving._processes import Supervisor
    from kerastl.serving._worker import SETTINGS_VARIABLE

    config = Config("kerastl.serving._worker:application", factory=True, workers=settings.workers, **_config(settings))
    listen(sock, settings)
    with temporary_folder() as shared:
        told = {SETTINGS_VARIABLE: json.dumps(settings.as_dict()), SHARED_VARIABLE: os.fspath(shared)}
        os.environ.update(told)
        try:
            supervisor = Supervisor(config, [sock], lambda: announce(settings, sock))
            if not stopped.is_set():
                supervisor.run()
        finally:
            for name in told:
                os.environ.pop(name, None)
    if supervisor.failed:
        raise KerastlError("the server ends, since its processes do")


def _config(settings: ServeSettings) -> dict[str, Any]:
    """How uvicorn serves."""
    return {
        "http": "kerastl.serving._connections:LimitedProtocol",
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # which whoever asks can write
        "backlog": _BACKLOG,
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": math.ceil(settings.timeout) + _DRAIN_SECONDS,
        "timeout_worker_healthcheck": _SILENT_SECONDS,
    }


def bound(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address.

    Raises:
        UsageError: The address is taken, or none of this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise _unavailable(host, port, error) from None
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise _unavailable(host, port, error) from None
    sock.set_inheritable(True)
    return sock


def listen(sock: socket.socket, settings: ServeSettings) -> None:
    """Let clients connect; they wait until they are answered.

    Raises:
        UsageError: Another program, which was bound at the same time, was faster.
    """
    try:
        sock.listen(_BACKLOG)
    except OSError as error:
        raise _unavailable(settings.host, settings.port, error) from None


def _unavailable(host: str, port: int, error: OSError) -> UsageError:
    other = "--port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "--host"
    return UsageError(f"cannot listen at {printable(host)}, port {port}: {error.strerror}; take another {other}")


def announce(settings: ServeSettings, sock: socket.socket) -> None:
    """Say where the server is, and what is open about it."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    names = ", ".join(name for name, _ in settings.models)
    log.info("serving %s at http://%s:%d", names, host, sock.getsockname()[1])
    if not is_loopback(settings.host) and not settings.api_keys:
        log.warning("anyone who reaches %s may ask: --api-keys FILE asks for a key", settings.host)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Note signals that end the process. Uvicorn raises the one that ended it once more, when all is done and well."""
    stopped = threading.Event()
    before = {name: signal.signal(name, lambda *_: stopped.set()) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
