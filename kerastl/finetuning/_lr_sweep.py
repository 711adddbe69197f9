"""The learning-rate finder on a folder of images."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras
from kerastl._base.scratch import temporary_folder
from kerastl._progress import Verbose
from kerastl.data._layouts.columns import TableOptions
from kerastl.data._scan import scanned_if_told
from kerastl.finetuning._batches import Batch, Feed
from kerastl.finetuning._lr_finder import RateCurve, lr_find
from kerastl.finetuning._recipe import Phase
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import open_dataset, split_dataset
from kerastl.finetuning._training_data import training_data
from kerastl.models import _registry as catalog
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._interrupt import Stop
from kerastl.training._progress import TrainingProgress, listening

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
    callback: RunCallback | None = None,
    verbose: Verbose = "auto",
    **columns: Unpack[TableOptions],
) -> RateCurve:
    """Run `lr_find` as a phase of fine-tuning would train.

    Args:
        data: A folder or table of labeled images.
        phase: What trains, and with what batches.
        settings: Backbone, seed, size and so on.
        lowest: Learning rate of the first step.
        highest: Of the last.
        steps: At least 10.
        callback: Hears what is done, instead of what `verbose` shows.
        verbose: See `kerastl._progress.Reporter`.
        **columns: How a table is to be read: see `kerastl.data.scan`.
    """
    with listening(callback, verbose, TrainingProgress) as told:
        return _find_rate(data, phase, settings, lowest, highest, steps, told, columns)


def _find_rate(
    data: Any,
    phase: Phase,
    settings: Settings,
    lowest: float,
    highest: float,
    steps: int,
    callback: RunCallback,
    columns: TableOptions,
) -> RateCurve:
    import_keras()  # first and quietly
    from kerastl.finetuning._building import build_backbone
    from kerastl.finetuning._freezing import freeze, stage_rates
    from kerastl.finetuning._loop import compile_for
    from kerastl.finetuning._network import attach_head
    from kerastl.finetuning._optimizer import LayerwiseAdamW
    from kerastl.finetuning._preparation import Preparation

    row = catalog.get(settings.backbone)
    with temporary_folder() as target:
        dataset = open_dataset(scanned_if_told(data, columns), callback)
        parts = split_dataset(dataset, settings, callback, Stop())
        backbone, stages = build_backbone(row, settings)
        network = attach_head(backbone, stages, len(dataset.classes), dropout=0.2, seed=settings.seed)
        freeze(network, phase.trained_stages(tuple(network.stages)), phase.batch_norm)
        images = training_data(parts, network.model.input_shape[1:3], settings)
        cache = FeatureCache(target / "features", settings.cache_limit)
        prepared = Preparation(network, images, cache, settings.seed, callback=callback).prepare(phase, 0)
        rates = stage_rates(network, phase.stage_decay)
        compile_for(prepared.upper, phase, LayerwiseAdamW(rates, lowest, phase.weight_decay))
        callback.begin("steps with a growing rate", steps)
        try:
            batches = _endless(prepared.feed, callback)
            return lr_find(prepared.upper, batches, lowest=lowest, highest=highest, steps=steps)
        finally:
            callback.end()


def _endless(feed: Feed, callback: RunCallback) -> Iterator[Batch]:
    for epoch in itertools.count():
        for batch in feed.batches(epoch):
            yield batch
            callback.advance()
