"""Load a model anew when its file changes, while the server answers.

Files are asked for their state again and again, rather than the system for events, which network file systems and
volumes of containers do not give.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from kerastl.errors import KerastlError
from kerastl.models._spec import means_backbone
from kerastl.serving._compiling import prepare
from kerastl.serving._metrics import Metrics
from kerastl.serving._models import ModelPool
from kerastl.serving._settings import ServeSettings
from kerastl.serving._version import Signature, file_of, signature, version_of

log = logging.getLogger("kerastl")

_SECONDS = 1.0  # between looks; a file that is the same at two of them is whole
_STOP_SECONDS = 5.0


@dataclass
class _Watched:
    """A model's file as it was: when it was dealt with last, and at the last look."""

    name: str
    path: str
    dealt: Signature | None
    seen: Signature | None


class ModelWatcher:
    """Replaces models whose files change.

    Made before the models are loaded, so that it notices what changes meanwhile. Networks of the catalog stay as
    they are.

    Args:
        models: What answers.
        settings: The server's.
        metrics: Counts what comes of it.
    """

    def __init__(self, models: ModelPool, settings: ServeSettings, metrics: Metrics) -> None:
        self._models, self._settings, self._metrics = models, settings, metrics
        self._watched = [
            _Watched(name, path, now, now)
            for name, path in settings.models
            if not means_backbone(path)
            for now in [signature(path)]
        ]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kerastl-reload", daemon=True)

    def start(self) -> None:
        """Look again and again, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is being compiled is given up."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def check(self) -> None:
        """Look at each file once, and load what has changed before the last look and not since."""
        for watched in self._watched:
            now = signature(watched.path)
            settled, watched.seen = now == watched.seen, now
            if now != watched.dealt and settled:
                watched.dealt = now  # whatever comes of it, this file is tried once
                self._take(watched)

    def _run(self) -> None:
        while not self._stopped.wait(_SECONDS):
            self.check()

    def _take(self, watched: _Watched) -> None:
        name = watched.name
        current = next(model for model in self._models if model.name == name)
        if watched.dealt is None:
            log.warning("%s: its file is gone; version %s goes on answering", name, current.version)
            return
        try:
            if version_of(file_of(watched.path)) != current.version:
                self._replace(watched)
        # Whatever is wrong with the new one, the old one answers.
        except Exception as error:
            self._metrics.count_reload(name, "failure")
            reason = error if isinstance(error, (KerastlError, OSError)) else f"{type(error).__name__}: {error}"
            log.error(
                "%s: the new file cannot be used, version %s goes on answering: %s", name, current.version, reason
            )

    def _replace(self, watched: _Watched) -> None:
        prepare(watched.path, self._settings, self._stopped)
        if self._stopped.is_set():
            return
        if signature(watched.path) != watched.dealt:  # it changed once more; another look will tell
            watched.dealt = None
            return
        new = self._models.opened(watched.name, watched.path)
        old = self._models.replace(new)
        self._metrics.count_reload(watched.name, "success")
        log.info("%s: version %s answers from now on, instead of %s", watched.name, new.version, old.version)
        old.close()
