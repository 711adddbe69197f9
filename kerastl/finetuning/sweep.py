"""The learning-rate finder on a folder of pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kerastl import catalog
from kerastl.data.layouts.columns import TableOptions
from kerastl.data.scanning import scanned_if_told
from kerastl.finetuning.feeds import Batch, Feed
from kerastl.finetuning.pictures import training_data
from kerastl.finetuning.rate_finder import RateCurve, lr_find
from kerastl.finetuning.recipe import Phase
from kerastl.finetuning.settings import Settings
from kerastl.finetuning.splits import open_dataset, split_dataset
from kerastl.progress import Verbose
from kerastl.quiet import import_keras
from kerastl.runs.features import FeatureCache
from kerastl.runs.interrupt import Stop
from kerastl.runs.listener import Listener
from kerastl.runs.progress import TrainingProgress, listening
from kerastl.scratch import temporary_folder

if TYPE_CHECKING:
    from typing_extensions import Unpack


def find_rate(
    data: Any,
    phase: Phase,
    settings: Settings,
    *,
    lowest: float = 1e-7,
    highest: float = 1.0,
    steps: int = 100,
    listener: Listener | None = None,
    verbose: Verbose = "auto",
    **columns: Unpack[TableOptions],
) -> RateCurve:
    """Run `lr_find` as a phase of fine-tuning would train.

    Args:
        data: A folder or table of labelled pictures.
        phase: What trains, and with what batches.
        settings: Backbone, seed, size and so on.
        lowest: Learning rate of the first step.
        highest: Of the last.
        steps: At least 10.
        listener: Hears what is done, instead of what `verbose` shows.
        verbose: See `kerastl.progress.Reporter`.
        **columns: How a table is to be read: see `kerastl.data.scan`.
    """
    with listening(listener, verbose, TrainingProgress) as told:
        return _find_rate(data, phase, settings, lowest, highest, steps, told, columns)


def _find_rate(
    data: Any,
    phase: Phase,
    settings: Settings,
    lowest: float,
    highest: float,
    steps: int,
    listener: Listener,
    columns: TableOptions,
) -> RateCurve:
    import_keras()  # first and quietly
    from kerastl.finetuning.building import build_backbone
    from kerastl.finetuning.freezing import freeze, stage_rates
    from kerastl.finetuning.loop import compile_for
    from kerastl.finetuning.network import attach_head
    from kerastl.finetuning.optimizer import LayerwiseAdamW
    from kerastl.finetuning.preparation import Preparation

    row = catalog.get(settings.backbone)
    with temporary_folder() as target:
        dataset = open_dataset(scanned_if_told(data, columns), listener)
        parts = split_dataset(dataset, settings, listener, Stop())
        backbone, stages = build_backbone(row, settings)
        network = attach_head(backbone, stages, len(dataset.classes), dropout=0.2, seed=settings.seed)
        freeze(network, phase.trained_stages(tuple(network.stages)), phase.batch_norm)
        pictures = training_data(parts, network.model.input_shape[1:3], settings)
        cache = FeatureCache(target / "features", settings.cache_limit)
        prepared = Preparation(network, pictures, cache, settings.seed, listener=listener).prepare(phase, 0)
        rates = stage_rates(network, phase.stage_decay)
        compile_for(prepared.upper, phase, LayerwiseAdamW(rates, lowest, phase.weight_decay))
        listener.begin("steps with a growing rate", steps)
        try:
            batches = _endless(prepared.feed, listener)
            return lr_find(prepared.upper, batches, lowest=lowest, highest=highest, steps=steps)
        finally:
            listener.end()


def _endless(feed: Feed, listener: Listener) -> Iterator[Batch]:
    for epoch in itertools.count():
        for batch in feed.batches(epoch):
            yield batch
            listener.advance()
