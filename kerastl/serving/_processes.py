"""Several processes that share one socket: each is replaced when it dies."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections import deque
from collections.abc import Callable

from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from kerastl.serving._draining import NOTICE_SECONDS
from kerastl.serving._metrics import forget_process

log = logging.getLogger("kerastl")

# So many processes, for each that there should be, may die in so many seconds; then something is wrong with all.
_DEATHS, _DEATH_SECONDS = 5, 60.0
_POLL_SECONDS = 0.1
_LAST_SECONDS = 0.1  # for connections that the system has taken


class DrainingServer(Server):
    """Answers whoever has connected before it stops listening: the system takes connections on its own."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, then those that wait to be taken, and end when all are answered."""
        for sock in sockets or ():
            sock.listen(0)
        await asyncio.sleep(_LAST_SECONDS)
        await super().shutdown(sockets)


class Supervisor(Multiprocess):
    """Starts the processes of a server and replaces those that die.

    Args:
        config: Of each process.
        sockets: Where they listen; closed when they are told to stop, so that nobody waits for who has gone.
        ready: Called when all of them answer.
    """

    def __init__(self, config: Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self.failed = False
        self._ready = ready
        self._deaths: deque[float] = deque(maxlen=_DEATHS * config.workers)

    def init_processes(self) -> None:
        """Start them, and wait until they answer or the server is told to stop."""
        super().init_processes()
        while not self.should_exit.wait(_POLL_SECONDS):
            self.handle_signals()
            self.keep_subprocess_alive()
            if not self.should_exit.is_set() and all(process.is_ready() for process in self.processes):
                self._ready()
                return

    def keep_subprocess_alive(self) -> None:
        """Replace those that died, and give up where none lives long."""
        before = list(self.processes)
        for process in before:
            self._hear(process)
        super().keep_subprocess_alive()
        self.failed = self.failed or any(process.exitcode == STARTUP_FAILURE for process in before)
        for old, new in zip(before, self.processes, strict=True):
            if old is not new:
                self._note_death(old, new)

    def _hear(self, process: Process) -> None:
        """Wait until a process answers, ends, or was silent for too long: who only asks does not see that it ends."""
        end = time.monotonic() + self.config.timeout_worker_healthcheck
        while process.process.is_alive() and time.monotonic() < end:
            if process.ping(_POLL_SECONDS):
                return

    def _note_death(self, old: Process, new: Process) -> None:
        forget_process(old.pid)
        log.warning("process %d ended (%s); process %d takes its place", old.pid, _how(old.exitcode), new.pid)
        self._deaths.append(time.monotonic())
        if len(self._deaths) == self._deaths.maxlen and self._deaths[-1] - self._deaths[0] < _DEATH_SECONDS:
            log.error("%d processes ended within %d seconds: the server gives up", len(self._deaths), _DEATH_SECONDS)
            self.failed = True
            self.should_exit.set()

    def terminate_all(self) -> None:
        """Tell them to stop, and let go of the socket that they listen at."""
        super().terminate_all()
        time.sleep(NOTICE_SECONDS - _LAST_SECONDS)
        for sock in self.sockets:
            sock.listen(0)
            sock.close()


def _how(code: int | None) -> str:
    """How a process ended, for people."""
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
    return f"code {code}"
