"""The models of a server, by name."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerastl._base.text import brief
from kerastl._load import load
from kerastl.models._spec import resolve
from kerastl.serving._errors import UnavailableError, UnknownModelError
from kerastl.serving._served_model import ServedModel
from kerastl.serving._settings import ServeSettings

if TYPE_CHECKING:
    from kerastl.serving._metrics import Metrics

log = logging.getLogger("kerastl")

# Compiles a network, so that the process that serves finds it compiled and never imports TensorFlow.
_COMPILE = """
import json, sys
import kerastl
kerastl.load(**json.loads(sys.argv[1]))
"""


def prepare(path: str, settings: ServeSettings) -> None:
    """Have a network compiled by another process, so that this one never imports TensorFlow.

    Raises:
        UsageError: There is no such model.
        ModelError: It is broken.
    """
    resolve(path, trust=settings.trust)
    options = {"model": path, "engine": settings.engine, "trust": settings.trust}
    command = [sys.executable, "-c", _COMPILE, json.dumps(options)]
    # What fails there is said where the model is loaded.
    subprocess.run(command, stderr=subprocess.DEVNULL, check=False)  # noqa: S603 - this Python, no shell


class ModelPool:
    """What answers, by name; a model is replaced as a whole.

    Args:
        settings: The server's.
        metrics: Counts what the models do.
    """

    def __init__(self, settings: ServeSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._models: dict[str, ServedModel] = {}

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(list(self._models.values()))

    @property
    def ready(self) -> bool:
        """Whether all models answer."""
        return len(self._models) == len(self._settings.models)

    def load(self) -> None:
        """Load all models.

        Raises:
            KerastlError: One cannot be loaded.
        """
        for name, path in self._settings.models:
            self._models[name] = self.opened(name, path)

    def opened(self, name: str, path: str) -> ServedModel:
        """Load one model."""
        settings = self._settings
        classifier = load(path, engine=settings.engine, trust=settings.trust)
        version = hashlib.sha256(classifier.file.read_bytes()).hexdigest()[:12]
        log.info("%s: %s, version %s", name, classifier, version)
        return ServedModel(
            name,
            classifier,
            version,
            queue=settings.queue,
            max_pixels=settings.max_pixels,
            observe=lambda images, seconds: self._metrics.observe_batch(name, images, seconds),
        )

    def __getitem__(self, name: str | None) -> ServedModel:
        """The model of a name; None means the first.

        Raises:
            UnknownModelError: There is none.
            UnavailableError: It is being loaded.
        """
        names = [each for each, _ in self._settings.models]
        name = names[0] if name is None else name
        if name not in names:
            raise UnknownModelError(f"no model is called {brief(name)!r}; there are {', '.join(names)}")
        if name not in self._models:
            raise UnavailableError("the model is being loaded; try again")
        return self._models[name]

    def close(self) -> None:
        """Answer what waits, and end."""
        for model in self:
            model.close()
