"""Fine-tune: what is asked for, checked and handed to a run in its folder."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.arguments import keywords, written
from kerastl._base.text import printable
from kerastl._progress import Verbose
from kerastl.calibration._thresholds import check_aim
from kerastl.data import Dataset
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.label_format import label_format
from kerastl.data._scan import scanned_if_told
from kerastl.finetuning._budget import Budget, seconds_of
from kerastl.finetuning._candidates import Candidate, candidates, models_of, sizes_of
from kerastl.finetuning._earlier_run import added_images
from kerastl.finetuning._folder import FineTuningFolder
from kerastl.finetuning._given_model import check_base, check_output, given_model, name_of
from kerastl.finetuning._phase_fields import loss_fields, optimizer_fields
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._recipes import read_recipe
from kerastl.finetuning._result import FineTuned
from kerastl.finetuning._run import Run
from kerastl.finetuning._search_results import chosen_before
from kerastl.finetuning._settings import ClassWeights, Precision, Settings
from kerastl.finetuning._several_processes import Processes, finetune_together
from kerastl.images import ResizePolicy
from kerastl.images._input_size import InputSize
from kerastl.models._adapt_options import InputScaling, Pooling, check_input_scaling, check_pooling
from kerastl.models._default import default_model
from kerastl.training._arguments import check_data_first, model_name, wished
from kerastl.training._callback import RunCallback, sort_callbacks
from kerastl.training._interrupt import Interrupted, Stop, Stopped, stop_on_interrupt
from kerastl.training._progress import TrainingProgress, listening
from kerastl.training._settings import DEFAULT_CACHE_LIMIT

if TYPE_CHECKING:
    import keras


@keywords({"backbone": "model", "val_fraction": "validation_split", "listener": "callbacks"})
def finetune(
    data: Any,
    model: str | os.PathLike[str] | keras.Model | Sequence[str | os.PathLike[str] | keras.Model] | None = None,
    recipe: str | os.PathLike[str] | Recipe = "auto",
    *,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    optimizer: str | keras.optimizers.Optimizer | None = None,
    loss: str | keras.losses.Loss | Callable[..., Any] | None = None,
    seed: int = 0,
    budget: str | float | None = None,
    callbacks: Sequence[keras.callbacks.Callback | RunCallback] = (),
    verbose: Verbose = "auto",
    weights: str | os.PathLike[str] | None = "imagenet",
    input_size: InputSize | list[InputSize] | None = None,
    resize: ResizePolicy | None = None,
    input_scaling: InputScaling | None = None,
    stages: Mapping[str, str] | Sequence[str] | None = None,
    pooling: Pooling | None = None,
    validation_split: float | None = None,
    group_by: str | None = None,
    split_strategy: str = "stratified",
    strict: bool = False,
    class_weights: ClassWeights | None = None,
    threshold_aim: str | None = None,
    precision: Precision = "float32",
    cache_limit: int = DEFAULT_CACHE_LIMIT,
    keep_features: bool = False,
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    task: str | None = None,
    label_separator: str | None = None,
    order: Sequence[str] | None = None,
    target: str | None = None,
    keep_classes: bool = False,
    trust: bool = False,
    processes: int = 1,
    coordinator: str | None = None,
    process_id: int | None = None,
) -> FineTuned:
    """Fine-tune a pretrained network on labeled images.

    Args:
        data: A folder or table of labeled images, or what else `kerastl.data.scan` takes.
        model: What to start from: a name of the catalog; the run folder of an earlier run or a `.keras` file, whose
            classes keep their rows in the head; or any Keras model that makes one tensor of one image, which itself
            stays what it is. None takes MobileNetV2; where its weights are not on this machine and cannot be
            downloaded, `kerastl_mini`, which comes with kerastl, and a warning is logged. Of several, in a list or a
            text with commas, the one goes on whose features serve best: a head is solved on those of some images, and
            the better half is tried on more of them; `search.json` in the run folder holds what was found.
        recipe: `auto`, `probe`, `gradual`, `full`, a JSON file, or a `Recipe`.
        output: The run folder, new or empty; None makes a temporary one.
        resume: Go on with the run in `output`.
        overwrite: Replace the run in `output`.
        epochs: Passes over the training images, instead of the recipe's. This and the next four hold for the phases
            that train by gradient steps, not for those that are solved.
        batch_size: Images a step, instead of the recipe's.
        learning_rate: Of the head, at its highest, instead of the recipe's.
        optimizer: A name of `keras.optimizers`, or one of those, instead of the recipe's.
        loss: A name of `keras.losses`, or one of those, for what the network gives and is to give, one-hot targets of
            classes, instead of the task's: `categorical_crossentropy` of classes, `binary_crossentropy` of labels.
        seed: Of the split, the classifier's first weights, orders and augmentations.
        budget: Time that the whole run may take, such as `"10m"`, `"1h30m"`, or seconds. Before a phase trains, a few
            of its steps are timed, and it gets as many epochs as fit, with a schedule of that length; phases that have
            no time are left out. What a run that goes on has taken before counts. None is as long as it likes.
        callbacks: Keras callbacks, which are called as `fit` calls them, and `kerastl.training.RunCallback`s, which
            hear what Keras has no event for.
        verbose: What is told while it works: 0 warnings only; 1 a line an epoch, and bars on a terminal; 2 lines only;
            `auto` is 1. In a notebook below the cell, elsewhere on standard error.
        weights: Of the backbone: `imagenet`, a weights file that fits, or None for random ones.
        input_size: Height and width in pixels: one number for a square, or a pair `(height, width)`, such as
            `(128, 512)` for panoramas or lines of text; None is the backbone's own. Of several in a list the best is
            chosen likewise.
        resize: How images become the network's input: `crop`, `squash`, `pad` or `keras`, see `kerastl.load`; None is
            `crop`.
        input_scaling: What a model that is not of the catalog was trained on: `inside` (it takes 0-255), `tf`
            ([-1, 1]), `torch` or `caffe` (both as `keras.applications` has them), `unit` ([0, 1]), or a scale and an
            offset. None finds it in the model, and refuses where it cannot be known.
        stages: Of such a model, from the top down: names of stages to the layers they start with, or those layers
            alone. None finds them in its graph.
        pooling: Of what such a model gives without its head: `mean`, `max`, `token` (the first) or `flatten`. None
            takes the mean of a feature map, and refuses tokens.
        validation_split: Fraction of the images to validate on, in (0, 1), where the data does not come with its parts.
            None takes 0.2; where the recipe is solved in closed form, as `probe` is, it takes none: every image trains,
            and leave-one-out tells how good the model is. Where other recipes keep the solved head in the end, it is
            solved again on all images.
        group_by: Regular expression; images in whose path it finds the same text stay on one side of the split.
        split_strategy: How images are chosen to validate on, a name of `kerastl.data.SPLIT_STRATEGIES`: `stratified`
            takes the same fraction of each class at random.
        strict: Refuse data with unreadable images, or with files that look like images and are left out, which are
            skipped otherwise.
        class_weights: `balanced` weighs classes against their frequency.
        threshold_aim: Where images have several labels, what the thresholds are chosen for from which scores on they
            are given: `f1`, `precision=0.9` for a precision of at least that, or `recall=0.95`; None is `f1`.
            `kerastl.calibrate` changes it afterwards.
        precision: Keras dtype policy that trains. The saved model is float32 always.
        cache_limit: Bytes that cached features may take on the disk; 0 computes them in each epoch.
        keep_features: Leave them in the run folder.
        images: The folder that a table's paths start at, or whose images it names. This and the next three as for
            `kerastl.data.scan`.
        path_column: The table's column of paths, names or ids of images.
        label_column: Its column of labels.
        split_column: Its column of train, val and test.
        classes: Of nested folders, which are the classes, as for `kerastl.data.scan`.
        task: What the labels are: `classification`, `multilabel`, `ordinal` or `regression`; None finds it in the data,
            see `kerastl.data.scan`.
        label_separator: What stands between the labels in a cell of a table; None finds it.
        order: Of classes that have one, from the lowest to the highest, for task `ordinal`; None takes that of the
            numbers with which the names of all classes begin.
        target: The table's column with the number to tell, for task `regression`; None finds it.
        keep_classes: Add images to those of the run that is given as `model`, and classes to its classes, which stay
            in their order without their images: the run keeps the features that its head was solved on. The head is
            solved on all of them, as if every image were there (`probe`, which `auto` is then); `metrics` say in
            `kept_classes` how the earlier classes fared. One class of new images is enough.
        trust: Whether a `.keras` file given as `model` may hold what runs code when it is loaded, as for
            `kerastl.load`.
        processes: How many train together, on JAX: each computes its part of the features and of each batch, and what
            comes of it is what one process comes to. They are on this machine unless the next two are given.
        coordinator: Address and port of the first process's host, such as `10.0.0.1:4321`, for processes on several.
        process_id: Which of them this call runs, from 0.

    Returns:
        The classifier with the best weights on validation images, or by leave-one-out where there are none, and how it
        came about.

    Raises:
        UsageError: An argument is wrong, or the run folder is not free.
        DataError: The images cannot be used.
        TrainingError: Training broke off, and what was reached is in the run folder; or nothing was learnt, and no
            model is there.

    Example:
        >>> import kerastl
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", "probe", output="runs/shapes", verbose=0)
        >>> run.metrics["loo_accuracy"] > 0.7
        True
        >>> kerastl.load("runs/shapes").classify("data/shapes/star/star_01.jpg").label
        'star'
    """
    asked = dict(locals())
    check_data_first(data, model)
    if (together := Processes.of(processes, coordinator, process_id)) is not None:
        # What a run that goes on was not asked for stays as it was.
        return finetune_together(together, {name: value for name, value in asked.items() if name in written()})
    models, sizes = models_of(model), sizes_of(input_size)
    among = candidates(models, sizes, data, gone=resume) if len(models) * len(sizes) != 1 else ()
    if among:
        model, input_size = among[0].given or among[0].name, among[0].input_size
    base = given_model(model, gone=resume)
    wanted = Settings(
        model=name_of(base) if base is not None else model_name(model, data),
        weights=None if weights is None else os.fspath(weights),
        input_size=sizes_of(input_size)[0],
        resize=resize,
        input_scaling=None if input_scaling is None else check_input_scaling(input_scaling),
        stages=stages,
        pooling=check_pooling(pooling),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer_fields(optimizer),
        loss=loss_fields(loss),
        seed=seed,
        validation_split=validation_split,
        group_by=group_by,
        split_strategy=split_strategy,
        strict=strict,
        class_weights=class_weights,
        threshold_aim=check_aim(threshold_aim),
        precision=precision,
        cache_limit=cache_limit,
        keep_features=keep_features,
        budget=seconds_of(budget),
        keep_classes=keep_classes,
    )
    ours, of_keras = sort_callbacks(callbacks)
    labels = label_format(task, label_separator, order, target)
    columns, begun = TableColumns(images, path_column, label_column, split_column, classes, labels), read_recipe(recipe)
    if keep_classes:
        data, begun = added_images(data, columns, begun, None if among else base, wanted, resume)
    given = Given(
        data if keep_classes else scanned_if_told(data, columns),
        begun,
        wished(model),
        base,
        trust,
        among,
    )
    if not among:
        check_base(wanted, base is not None)  # before anything is written, or any image read
    if overwrite and output is not None:
        for start in (base, *(one.given for one in among)):
            check_output(start, Path(output))
    with listening(ours, verbose, TrainingProgress) as told, ExitStack() as stack:
        place = Path(output) if output is not None else stack.enter_context(_temporary_folder())
        folder, watching = FineTuningFolder(place, told), (told, of_keras)
        return _in_folder(folder, wanted, given, watching, resume=resume, overwrite=overwrite)


@dataclass(frozen=True)
class Given:
    """What a run is given beside its settings.

    Args:
        data: To be scanned, or scanned already.
        recipe: Read, or the name of a built-in one.
        said: Names of the settings that were asked for.
        model: What to start from, where that is no network of the catalog.
        trust: Whether a file with it may hold what runs code when it is loaded.
        among: What to choose among first, where there are several.
    """

    data: str | os.PathLike[str] | Dataset
    recipe: str | Recipe
    said: Collection[str]
    model: keras.Model | Path | None = None
    trust: bool = False
    among: Sequence[Candidate] = ()


def _in_folder(
    folder: FineTuningFolder,
    wanted: Settings,
    given: Given,
    watching: tuple[RunCallback, Sequence[keras.callbacks.Callback]],
    *,
    resume: bool,
    overwrite: bool,
) -> FineTuned:
    started = time.monotonic()
    with folder.opened(resume=resume, overwrite=overwrite) as going_on:
        if given.among:
            budget = Budget(wanted.budget, started)
            if going_on:
                chosen = chosen_before(folder.path, given.among)
            else:
                chosen = _choose(folder, wanted, given, watching[0], budget)
            wanted, given = chosen.settings(wanted), dataclasses.replace(given, model=chosen.given)
            started -= budget.earlier
        if "model" not in given.said and not going_on and wanted.weights == "imagenet":
            wanted = dataclasses.replace(wanted, model=default_model(False, wanted.input_size))
        run = Run(folder, wanted, *watching, given.model, trust=given.trust, started=started)
        with stop_on_interrupt(run.stop):
            try:
                if going_on:
                    return run.go_on(given.data, given.recipe, given.said)
                return run.begin(given.data, given.recipe)
            except Stopped:
                on = f"; --resume goes on in {printable(str(folder.path))}" if folder.checkpoint.exists else ""
                raise Interrupted(f"stopped before anything was trained{on}") from None
            finally:
                run.close()


def _choose(
    folder: FineTuningFolder, wanted: Settings, given: Given, callback: RunCallback, budget: Budget
) -> Candidate:
    """Choose among several networks."""
    from kerastl.finetuning._search import Search, images_of

    stop = Stop()
    with stop_on_interrupt(stop):
        try:
            parts = images_of(given.data, given.recipe, wanted, stop)
        except Stopped:
            raise Interrupted("stopped before any network was tried") from None
        return Search(folder.path, given.among, wanted, callback, stop, budget, trust=given.trust).run(parts)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A run folder for who names none; it stays, unless the run leaves it empty."""
    folder = Path(tempfile.mkdtemp(prefix="kerastl-"))
    try:
        yield folder
    finally:
        with suppress(OSError):  # it is not empty
            folder.rmdir()
