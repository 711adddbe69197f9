"""What the server counts, for Prometheus.

Several processes count into files of a folder that they share; whichever is asked adds them up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector

from kerastl.serving._batching import BatchObserver
from kerastl.serving._model_collector import ModelCollector

if TYPE_CHECKING:
    from kerastl.serving._served_model import ServedModel

SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the shared folder, in each process before it imports prometheus_client."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WAITED_SECONDS = (0.001, *_SECONDS)
_IMAGES = (1, 2, 4, 8, 16, 32, 64)


def forget_process(number: int) -> None:
    """Leave what a process that has ended was doing out of the sums; what it has done stays in them."""
    mark_process_dead(number, os.environ[SHARED_VARIABLE])


class Metrics:
    """Counters of a server or, with several processes, of one of them.

    Args:
        registry: Where they are registered; a new one by default.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Counter(
            "kerastl_requests", "Requests answered.", ["endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "kerastl_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._open = self._gauge("kerastl_requests_in_progress", "Requests that are being answered.")
        self._errors = Counter("kerastl_errors", "Requests refused or failed.", ["code"], registry=self.registry)
        self._batch = Histogram(
            "kerastl_batch_images",
            "Images that went through the network together.",
            ["model"],
            buckets=_IMAGES,
            registry=self.registry,
        )
        self._busy = Counter(
            "kerastl_batch_seconds", "Seconds that groups of images took.", ["model"], registry=self.registry
        )
        self._waited = Histogram(
            "kerastl_queue_duration_seconds",
            "That images waited before their turn.",
            ["model"],
            buckets=_WAITED_SECONDS,
            registry=self.registry,
        )
        self._queue = self._gauge("kerastl_queue_images", "Images that wait.", ["model"])
        self._reloads = Counter(
            "kerastl_model_reloads",
            "Models whose file has changed, and whether the new one answers.",
            ["model", "outcome"],
            registry=self.registry,
        )

    def _gauge(self, name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry, multiprocess_mode="livesum")

    def begin_request(self) -> None:
        """Note that a request is being answered."""
        self._open.inc()

    def observe_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._open.dec()
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def of_model(self, name: str) -> ModelMetrics:
        """What counts for one model."""
        return ModelMetrics(
            self._queue.labels(name), self._waited.labels(name), self._batch.labels(name), self._busy.labels(name)
        )

    def count_error(self, code: str) -> None:
        """Count a request that was refused or failed."""
        self._errors.labels(code).inc()

    def count_reload(self, model: str, outcome: str) -> None:
        """Count a model whose file has changed: `success` or `failure`."""
        self._reloads.labels(model, outcome).inc()

    def as_text(self, models: Iterable[ServedModel]) -> bytes:
        """All of them in Prometheus's text format, with the models that answer."""
        shown = CollectorRegistry()
        shown.register(ModelCollector(models))
        if (folder := os.environ.get(SHARED_VARIABLE)) is not None:
            MultiProcessCollector(shown, folder)
            return generate_latest(shown)
        ProcessCollector(registry=shown)
        return generate_latest(self.registry) + generate_latest(shown)


@dataclass(frozen=True)
class ModelMetrics(BatchObserver):
    """The counters of one model.

    Args:
        queue: Images that wait.
        wait: Seconds that they waited.
        batch: Images that went together.
        busy: Seconds that they took.
    """

    queue: Gauge
    wait: Histogram
    batch: Histogram
    busy: Counter

    def queued(self, items: int) -> None:
        """See `BatchObserver`."""
        self.queue.set(items)

    def waited(self, seconds: float) -> None:
        """See `BatchObserver`."""
        self.wait.observe(seconds)

    def answered(self, items: int, seconds: float) -> None:
        """See `BatchObserver`."""
        self.batch.observe(items)
        self.busy.inc(seconds)
