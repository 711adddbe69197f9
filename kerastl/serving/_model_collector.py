"""The models of a server as metrics: they are what they are when somebody asks, so that nothing has to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from kerastl.serving._served_model import ServedModel


class ModelCollector(Collector):
    """Tells of models.

    Args:
        models: Which.
    """

    def __init__(self, models: Iterable[ServedModel]) -> None:
        self._models = list(models)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See `prometheus_client.registry.Collector`."""
        info = GaugeMetricFamily(
            "kerastl_model_info", "1 for each model that answers.", labels=["model", "version", "task", "engine"]
        )
        seconds = GaugeMetricFamily("kerastl_model_load_seconds", "That loading it took.", labels=["model"])
        loaded = GaugeMetricFamily(
            "kerastl_model_load_timestamp_seconds", "When it was loaded, in Unix time.", labels=["model"]
        )
        for model in self._models:
            classifier = model.classifier
            info.add_metric([model.name, model.version, classifier.metadata.task, classifier.engine], 1)
            seconds.add_metric([model.name], model.load_seconds)
            loaded.add_metric([model.name], model.loaded_at)
        yield from (info, seconds, loaded)
