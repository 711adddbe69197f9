"""The learning-rate finder on a folder of images."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.arguments import keywords
from kerastl._base.keras_import import import_keras
from kerastl._base.scratch import temporary_folder
from kerastl._progress import Verbose
from kerastl.data import Dataset
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.label_format import label_format
from kerastl.data._scan import scanned_if_told
from kerastl.errors import UsageError
from kerastl.finetuning._base_model import BaseModel, from_catalog
from kerastl.finetuning._batches import Batch, Batches, make_batches
from kerastl.finetuning._given_model import adopted, check_base, given_model, name_of
from kerastl.finetuning._lr_finder import RateCurve, check_range, lr_range_test
from kerastl.finetuning._phase import HEAD, Phase
from kerastl.finetuning._phase_fields import loss_fields, optimizer_fields
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import inspect_dataset, open_dataset, split_dataset
from kerastl.finetuning._training_data import training_data
from kerastl.images import ResizePolicy
from kerastl.images._input_size import InputSize
from kerastl.models._adapt_options import InputScaling, Pooling, check_input_scaling, check_pooling
from kerastl.models._default import default_model
from kerastl.tasks._task import TASKS
from kerastl.training._arguments import check_data_first, model_name
from kerastl.training._callback import RunCallback, sort_callbacks
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._interrupt import Stop
from kerastl.training._progress import TrainingProgress, listening

if TYPE_CHECKING:
    import keras


@keywords({"backbone": "model"})
def lr_find(
    data: Any,
    model: str | os.PathLike[str] | keras.Model | None = None,
    *,
    trains: str | int = HEAD,
    steps: int = 100,
    lowest: float = 1e-7,
    highest: float = 1.0,
    batch_size: int = 32,
    optimizer: str | keras.optimizers.Optimizer | None = None,
    loss: str | keras.losses.Loss | None = None,
    seed: int = 0,
    callbacks: Sequence[RunCallback] = (),
    verbose: Verbose = "auto",
    weights: str | os.PathLike[str] | None = "imagenet",
    input_size: InputSize | None = None,
    resize: ResizePolicy | None = None,
    input_scaling: InputScaling | None = None,
    stages: Mapping[str, str] | Sequence[str] | None = None,
    pooling: Pooling | None = None,
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    task: str | None = None,
    label_separator: str | None = None,
    order: Sequence[str] | None = None,
    target: str | None = None,
    trust: bool = False,
) -> RateCurve:
    """Find a learning rate for fine-tuning: run `lr_range_test` as a phase of it would train.

    Args:
        data: A folder or table of labeled images, or what else `kerastl.data.scan` takes.
        model: What to start from, as for `kerastl.finetune`.
        trains: What trains, as in `Phase`.
        steps: At least 10.
        lowest: Learning rate of the first step, above zero.
        highest: Of the last.
        batch_size: Images a step.
        optimizer: As for `kerastl.finetune`, and so is the next; None takes AdamW.
        loss: None takes that of the task, `categorical_crossentropy` of classes.
        seed: Of the split, the classifier's first weights and orders.
        callbacks: Hear what is done. Those of Keras have no place here, since nothing is learnt.
        verbose: What is told while it works, as for `kerastl.finetune`.
        weights: As for `kerastl.finetune`, and so are the next five.
        input_size: Height and width in pixels, one number for a square or a pair; None is the network's own.
        resize: How images become the network's input.
        input_scaling: What a model that is not of the catalog was trained on.
        stages: Of such a model.
        pooling: Of its output.
        images: The folder that a table's paths start at, or whose images it names. This and the next three as for
            `kerastl.data.scan`.
        path_column: The table's column of paths, names or ids of images.
        label_column: Its column of labels.
        split_column: Its column of train, val and test.
        classes: Of nested folders, which are the classes, as for `kerastl.data.scan`.
        task: What the labels are: `classification`, `multilabel`, `ordinal` or `regression`; None finds it in the data,
            see `kerastl.data.scan`.
        label_separator: What stands between the labels in a cell of a table; None finds it.
        order: Of classes that have one, as for `kerastl.data.scan`; so is the next.
        target: The table's column with the number to tell.
        trust: As for `kerastl.finetune`.

    Returns:
        The loss at each rate, and the rate that is suggested.

    Raises:
        UsageError: An argument is wrong.
        DataError: The images cannot be used.
        TrainingError: The loss is not a number from the start.

    Example:
        >>> import kerastl
        >>> curve = kerastl.lr_find("data/shapes", "kerastl_mini", steps=20, verbose=0)
        >>> len(curve.rates) == len(curve.losses)
        True
    """
    check_range(lowest, highest, steps)
    named = {**(optimizer_fields(optimizer) or {}), **(loss_fields(loss) or {})}
    phase = Phase(**{**named, "trains": trains, "batch_size": batch_size})
    ours, of_keras = sort_callbacks(callbacks)
    if of_keras:
        raise UsageError(f"lr_find calls no callbacks of Keras, since nothing is learnt. Received: {of_keras[0]!r}")
    check_data_first(data, model)
    base = given_model(model)
    name = name_of(base) if base is not None else model_name(model, data)
    if model is None and weights == "imagenet":
        name = default_model(False, input_size)
    settings = Settings(
        model=name,
        weights=None if weights is None else os.fspath(weights),
        input_size=input_size,
        resize=resize,
        input_scaling=None if input_scaling is None else check_input_scaling(input_scaling),
        stages=stages,
        pooling=check_pooling(pooling),
        seed=seed,
    )
    check_base(settings, base is not None)
    labels = label_format(task, label_separator, order, target)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    with listening(ours, verbose, TrainingProgress) as told:
        sweep = partial(lr_range_test, lowest=lowest, highest=highest, steps=steps)
        with temporary_folder() as folder:
            starts_from = from_catalog(settings) if base is None else adopted(base, settings, folder, trust)
            return _find(scanned_if_told(data, columns), phase, settings, starts_from, sweep, steps, told, folder)


def _find(
    data: str | os.PathLike[str] | Dataset,
    phase: Phase,
    settings: Settings,
    base: BaseModel,
    sweep: Callable[[keras.Model, Iterator[Batch]], RateCurve],
    steps: int,
    callback: RunCallback,
    folder: Path,
) -> RateCurve:
    import_keras()  # first and quietly
    from kerastl.finetuning._compiling import compile_for
    from kerastl.finetuning._features import FeatureComputer
    from kerastl.finetuning._freezing import freeze_for
    from kerastl.finetuning._network import attach_head, split_network
    from kerastl.training._fast_network import faster

    dataset = open_dataset(data, callback)
    parts = split_dataset(dataset, inspect_dataset(dataset, settings, callback, Stop()), settings, callback)
    built = base.build(settings)
    attached = partial(attach_head, dropout=0.2, seed=settings.seed, task=TASKS[dataset.task])
    network = attached(built.backbone, built.stages, len(dataset.classes))
    freeze_for(network, phase)
    images = training_data(parts, base.resize, settings)
    computer = FeatureComputer(images, FeatureCache(folder / "features", settings.cache_limit), callback=callback)
    seed = (settings.seed, 0)
    lower, upper = split_network(network, phase.trained_stages(tuple(network.stages)))
    upper = faster(upper)
    features = computer.compute(lower, phase, seed)
    batches = make_batches(features, images, phase, seed, computer.skipped)
    compile_for(upper, network, phase, batches.steps)
    callback.begin("steps with a growing rate", steps)
    try:
        return sweep(upper, _endless(batches, callback))
    finally:
        callback.end()


def _endless(batches: Batches, callback: RunCallback) -> Iterator[Batch]:
    for epoch in itertools.count():
        for batch in batches.epoch(epoch):
            yield batch
            callback.advance()
