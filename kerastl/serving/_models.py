"""The models of a server, by name."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kerastl._base.text import brief
from kerastl._load import load
from kerastl.serving._errors import UnavailableError, UnknownModelError
from kerastl.serving._served_model import ServedModel
from kerastl.serving._settings import ServeSettings
from kerastl.serving._version import version_of

if TYPE_CHECKING:
    from kerastl.serving._metrics import Metrics

log = logging.getLogger("kerastl")

_CLOSE_SECONDS = 5.0  # a network that hangs does not keep the server from ending


class ModelPool:
    """What answers, by name; a model is replaced as a whole.

    Args:
        settings: The server's.
        metrics: Counts what the models do.
    """

    def __init__(self, settings: ServeSettings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self._models: dict[str, ServedModel] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(list(self._models.values()))

    @property
    def ready(self) -> bool:
        """Whether all models answer."""
        return len(self._models) == len(self._settings.models)

    def load(self) -> None:
        """Load all models that are not there yet.

        Raises:
            KerastlError: One cannot be loaded.
        """
        for name, path in self._settings.models:
            if name not in self._models:
                model = self._models[name] = self.opened(name, path)
                log.info("%s: version %s, run by %s", name, model.version, model.classifier.engine)

    def opened(self, name: str, path: str) -> ServedModel:
        """Load one model, which answers nobody yet."""
        settings = self._settings
        began = time.perf_counter()
        classifier = load(path, engine=settings.engine, trust=settings.trust)
        return ServedModel(
            name,
            classifier,
            version_of(classifier.file),
            queue=settings.queue,
            max_pixels=settings.max_pixels,
            load_seconds=time.perf_counter() - began,
            observer=self._metrics.of_model(name),
        )

    def replace(self, model: ServedModel) -> ServedModel:
        """Have a model answer from now on, and give the one of its name that did so before.

        Requests that have the old one keep it; `ServedModel.close` waits for them.
        """
        with self._lock:
            old, self._models[model.name] = self._models[model.name], model
        return old

    def __getitem__(self, name: str | None) -> ServedModel:
        """The model of a name; None means the first. It stays open until the request that asks has been answered.

        Raises:
            UnknownModelError: There is none.
            UnavailableError: It is being loaded.
        """
        names = [each for each, _ in self._settings.models]
        name = names[0] if name is None else name
        if name not in names:
            raise UnknownModelError(f"no model is called {brief(name)!r}; there are {', '.join(names)}")
        with self._lock:
            if name not in self._models:
                raise UnavailableError("the model is being loaded; try again")
            model = self._models[name]
            model.hold()
        return model

    def close(self) -> None:
        """Answer what waits, and end."""
        for model in self:
            model.close(_CLOSE_SECONDS)
