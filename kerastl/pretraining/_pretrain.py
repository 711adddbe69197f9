"""Pre-train: what is asked for, checked and handed to a run in its folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base.arguments import keywords
from kerastl._progress import Verbose, stage
from kerastl.errors import UsageError
from kerastl.images._input_size import InputSize
from kerastl.models._registry import BACKBONES
from kerastl.pretraining import _outputs as outputs
from kerastl.pretraining._collection import collect
from kerastl.pretraining._run import PreTrained, Run
from kerastl.pretraining._settings import Settings
from kerastl.training._arguments import model_name, wished
from kerastl.training._callback import RunCallback, setting_the_rate, sort_callbacks
from kerastl.training._interrupt import Interrupted, Stopped, stop_on_interrupt
from kerastl.training._progress import PreTrainingProgress, listening
from kerastl.training._run_folder import RunFolder
from kerastl.training._settings import DEFAULT_CACHE_LIMIT

if TYPE_CHECKING:
    import keras


@keywords({"images": "data", "backbone": "model", "size": "input_size", "listener": "callbacks"})
def pretrain(
    data: str | os.PathLike[str],
    model: str | None = None,
    method: str = "barlow",
    *,
    output: str | os.PathLike[str],
    resume: bool = False,
    overwrite: bool = False,
    epochs: int = 100,
    batch_size: int = 256,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback | RunCallback] = (),
    verbose: Verbose = "auto",
    weights: str | os.PathLike[str] | None = None,
    input_size: InputSize | None = None,
    width: int = 1024,
    labels: str = "auto",
    cache_limit: int = DEFAULT_CACHE_LIMIT,
) -> PreTrained:
    """Train a backbone on images without labels.

    Args:
        data: A folder with images at any depth.
        model: A name of the catalog; None takes MobileNetV2.
        method: A name of `kerastl.pretraining.METHODS`.
        output: The run folder, new or empty.
        resume: Go on with the run in `output`.
        overwrite: Replace the run in `output`.
        epochs: Passes over the images.
        batch_size: Images a step, at least 2; each gives two views.
        learning_rate: The highest, of AdamW; a warm-up over the first tenth leads there, half a cosine back to 0.
        weight_decay: Of AdamW; biases and the weights of normalization do not decay.
        seed: Of the first weights, the held-out images, orders and views.
        callbacks: Of Keras, called as `fit` calls them with the learner as their model, and
            `kerastl.training.RunCallback`s.
        verbose: What is told while it works, as for `kerastl.finetune`.
        weights: That the backbone starts from: None for random ones, `imagenet`, or a weights file.
        input_size: Height and width of the views in pixels, one number for a square or a pair; None is the backbone's
            own.
        width: Of the projector's layers.
        labels: Where classes come from to watch progress by: `auto`, `none`, or the path of a table.
        cache_limit: Bytes that decoded images may take on the disk; more are decoded in each epoch.

    Returns:
        The trained backbone and where its weights lie.

    Raises:
        UsageError: An argument is wrong, or the run folder is not free.
        DataError: The images cannot be used.
        TrainingError: Training broke off, was stopped, or the features collapsed; what was reached is in `output`.

    Example:
        >>> import kerastl
        >>> run = kerastl.pretrain(
        ...     "data/shapes", "kerastl_mini", output="runs/own", epochs=1, batch_size=32, width=16, verbose=0
        ... )
        >>> run.weights.name, len(run.history)
        ('backbone.weights.h5', 1)
    """
    wanted = Settings(
        model=model_name(model, data),
        method=method,
        weights=None if weights is None else os.fspath(weights),
        input_size=input_size,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        width=width,
        seed=seed,
        labels=labels,
        cache_limit=cache_limit,
    )
    said = wished(model)
    _check(wanted)  # before anything is written
    ours, of_keras = sort_callbacks(callbacks)
    if setter := setting_the_rate(of_keras):
        raise UsageError(f"keras.callbacks.{setter} does not fit here: the learning rate has a schedule")
    with listening(ours, verbose, PreTrainingProgress) as told, ExitStack() as stack:
        folder = RunFolder(Path(output), outputs.KIND, told)
        with stage("looking for images"):
            collection = collect(Path(data), wanted.labels, folder.path)
        going_on = stack.enter_context(folder.opened(resume=resume, overwrite=overwrite))
        run = Run(folder, collection, wanted, told, of_keras)
        with stop_on_interrupt(run.stop):
            try:
                return run.go(folder.checkpoint.load() if going_on else None, said)
            except Stopped:
                raise Interrupted(f"stopped early; --resume goes on in {folder.path}") from None


def _check(settings: Settings) -> None:
    """Refuse a network or a size that there is not."""
    from kerastl.models._build import check_size

    check_size(BACKBONES[settings.model], settings.input_size)
