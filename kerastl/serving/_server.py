"""Listen, announce, serve until told to stop, and end with every request answered."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kerastl._base.extras import require
from kerastl._base.text import printable
from kerastl._progress import stage
from kerastl.errors import KerastlError, UsageError
from kerastl.serving._access import is_loopback
from kerastl.serving._models import prepare
from kerastl.serving._settings import ServeSettings

log = logging.getLogger("kerastl")

_DRAIN_SECONDS = 30


def serve(settings: ServeSettings) -> None:
    """Serve models until the process is told to stop (SIGTERM, SIGINT), and answer what was asked before.

    Args:
        settings: Which models, where and how.

    Raises:
        UsageError: The address cannot be listened at.
        KerastlError: A model cannot be loaded.
        MissingExtraError: A package of the extra `serve` is not installed.

    Example:
        >>> import os, signal, threading
        >>> from kerastl.serving import ServeSettings, serve
        >>> threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()  # as an operator stops it
        >>> serve(ServeSettings((("mini", "kerastl_mini"),), port=0))
    """
    require("a server", "serve", "starlette", "uvicorn", "python_multipart", "prometheus_client")
    from uvicorn import Config, Server
    from uvicorn.supervisors import Multiprocess

    from kerastl.serving._app import SETTINGS_VARIABLE, create_app

    with bound(settings.host, settings.port) as sock, _stopped_by_signals() as stopped:
        for name, path in settings.models:
            with stage(f"{printable(name)}: getting the network ready"):
                prepare(path, settings)
        several = settings.workers > 1
        if several:
            os.environ[SETTINGS_VARIABLE] = json.dumps(settings.as_dict())
        config = Config(
            "kerastl.serving._app:from_environment" if several else create_app(settings),
            factory=several,
            workers=settings.workers,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
        if stopped.is_set():
            return
        announce(settings, sock)
        if several:
            Multiprocess(config, [sock]).run()
            return
        try:
            Server(config).run([sock])
        except SystemExit:  # how uvicorn ends where the application cannot start
            raise KerastlError("the server could not start") from None


def bound(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address.

    Raises:
        UsageError: The address is taken, or none of this machine.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        raise UsageError(f"cannot listen at {host}, port {port}: {error.strerror}; take another --port") from None
    sock.set_inheritable(True)
    return sock


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
