"""What a run was asked for, in a form that is stored with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kerastl.data._split import VALIDATION_SPLIT
from kerastl.errors import UsageError
from kerastl.images import RESIZE_POLICIES, ResizePolicy
from kerastl.images._input_size import InputSize, check_input_size
from kerastl.models._adapt_options import InputScaling, Pooling
from kerastl.models._default import DEFAULT_MODEL
from kerastl.tasks._task import Task
from kerastl.training._settings import DEFAULT_CACHE_LIMIT, RunSettings

ClassWeights = Literal["balanced"]
SPLIT_STRATEGY = "stratified"
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Settings(RunSettings):
    """The arguments of a run, all but the data, the recipe and the folder.

    Args:
        model: A name of the catalog, or what people call the model that was given.
        weights: Of the backbone: `imagenet`, a path, or None for random ones.
        input_size: Height and width in pixels, or one number for both; None is the backbone's own.
        resize: Policy that makes images fit; None is `crop` with the backbone's fraction.
        input_scaling: What a given model was trained on; None finds it. So do the next two.
        stages: From the top down, names of stages to the layers they start with, or those layers alone.
        pooling: Of its output; None takes the mean of a feature map.
        epochs: Instead of the recipe's, in phases that train by gradient steps. So are the next four.
        batch_size: Images a step.
        learning_rate: Of the head, at its highest.
        optimizer: The fields of a phase that it stands for.
        loss: Likewise.
        seed: Of the split, the classifier's first weights, orders and augmentations.
        validation_split: Fraction of the images to validate on, where the data does not come with its parts; None is
            what the recipe needs.
        group_by: Regular expression; images for which it finds the same text stay together in the split.
        split_strategy: A name of `kerastl.data.SPLIT_STRATEGIES`.
        strict: Refuse data with unreadable images, or with files that look like images and are left out.
        class_weights: `balanced` weighs classes against their frequency; None does not.
        precision: Keras dtype policy that trains. The saved model is float32 always.
        cache_limit: Bytes that cached features may take on the disk.
        keep_features: Leave them in the run folder.
        budget: Seconds that the run may take; None is as long as it likes.
        keep_classes: Whether the classes of the run to start from stay, with its images.
        threshold_aim: Of several labels, what thresholds are chosen for; None is the best F1.

    Example:
        >>> from kerastl.finetuning import Settings
        >>> Settings(validation_split=0.1).precision
        'float32'
    """

    changeable = ("cache_limit", "keep_features", "budget")

    model: str = DEFAULT_MODEL
    weights: str | None = "imagenet"
    input_size: InputSize | None = None
    resize: ResizePolicy | None = None
    input_scaling: InputScaling | None = None
    stages: Mapping[str, str] | Sequence[str] | None = None
    pooling: Pooling | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: Mapping[str, Any] | None = None
    loss: Mapping[str, Any] | None = None
    seed: int = 0
    validation_split: float | None = None
    group_by: str | None = None
    split_strategy: str = SPLIT_STRATEGY
    strict: bool = False
    class_weights: ClassWeights | None = None
    precision: Precision = "float32"
    cache_limit: int = DEFAULT_CACHE_LIMIT
    keep_features: bool = False
    budget: float | None = None
    keep_classes: bool = False
    threshold_aim: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_size", check_input_size(self.input_size))
        super().__post_init__()

    def rules(self) -> dict[str, bool]:
        """See `RunSettings`."""
        return {
            "seed must be zero or more": self.seed >= 0,
            "class_weights must be 'balanced' or None": self.class_weights in ("balanced", None),
            f"precision must be one of {', '.join(PRECISIONS)}": self.precision in PRECISIONS,
            f"resize must be one of {', '.join(RESIZE_POLICIES)}": self.resize in (*RESIZE_POLICIES, None),
            "epochs must be at least 1": self.epochs is None or self.epochs >= 1,
            "batch_size must be at least 1": self.batch_size is None or self.batch_size >= 1,
            "learning_rate must be above 0": self.learning_rate is None or self.learning_rate > 0,
            "validation_split must be above 0 and below 1": (
                self.validation_split is None or 0 < self.validation_split < 1
            ),
            "budget must be above 0 seconds": self.budget is None or self.budget > 0,
            "cache_limit must be zero or more bytes": self.cache_limit >= 0,
        }

    def check_task(self, task: Task) -> None:
        """Refuse what is not for a task.

        Raises:
            UsageError: Class weights are asked for, and an image has no single class.
        """
        if self.class_weights is not None and task.kind != "index":
            raise UsageError(f"class_weights are for one class an image. Received: task {task.name!r}")

    def held_back(self, needed: bool) -> float | None:
        """The fraction of the images to validate on; None where every image trains.

        Args:
            needed: Whether the recipe takes images to validate on.
        """
        if self.validation_split is None and not needed and self.split_strategy == SPLIT_STRATEGY:
            return None
        return self.validation_split or VALIDATION_SPLIT

    @property
    def overrides(self) -> dict[str, Any]:
        """What stands in place of the recipe's fields, by their names."""
        values = {name: getattr(self, name) for name in ("epochs", "batch_size", "learning_rate")}
        said = {name: value for name, value in values.items() if value is not None}
        return {**(self.optimizer or {}), **(self.loss or {}), **said}
