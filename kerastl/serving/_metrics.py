"""What the server counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_IMAGES = (1, 2, 4, 8, 16, 32, 64)


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
            "kerastl_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=self.registry,
        )
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
        self._queue = Gauge(
            "kerastl_queue_images", "Images that wait.", ["model"], registry=self.registry,
            multiprocess_mode="livesum",
        )  # fmt: skip

    def observe_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def observe_batch(self, model: str, images: int, seconds: float) -> None:
        """Count a group of images."""
        self._batch.labels(model).observe(images)
        self._busy.labels(model).inc(seconds)

    def count_error(self, code: str) -> None:
        """Count a request that was refused or failed."""
        self._errors.labels(code).inc()

    def note_queue(self, model: str, images: int) -> None:
        """Note how many images wait."""
        self._queue.labels(model).set(images)
