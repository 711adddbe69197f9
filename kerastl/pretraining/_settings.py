"""What a run of pre-training was asked for, in a form that is stored with it."""

from __future__ import annotations

from dataclasses import dataclass

from kerastl.images._input_size import InputSize, check_input_size
from kerastl.models._default import DEFAULT_MODEL
from kerastl.pretraining._methods import METHODS
from kerastl.training._settings import DEFAULT_CACHE_LIMIT, RunSettings


@dataclass(frozen=True)
class Settings(RunSettings):
    """The arguments of a run, all but the images and the folder.

    Args:
        model: A name of the catalog.
        method: A name of `kerastl.pretraining.METHODS`. In 1,300 steps of 128 images (ten classes of Tiny ImageNet,
            a small network, one seed) a linear probe rose from 33 % to 43 % with `barlow` and to 39 % with `byol`.
        weights: That the backbone starts from: None for random ones, `imagenet`, or a path.
        input_size: Height and width of the views in pixels, or one number for both; None is the backbone's own.
        epochs: Passes over the images.
        batch_size: Images in a step; each gives two views.
        learning_rate: The highest, of AdamW; a warm-up over the first tenth leads there, half a cosine back to 0.
        weight_decay: Of AdamW; biases and the weights of normalization do not decay.
        width: Of the projector's layers.
        seed: Of the first weights, the held-out images, orders and views.
        labels: Where classes for the nearest-neighbor accuracy come from: `auto`, `none`, or the path of a table.
        cache_limit: Bytes that decoded images may take on the disk; more are decoded in each epoch.

    Example:
        >>> from kerastl.pretraining import Settings
        >>> Settings(epochs=20).batch_size
        256
    """

    changeable = ("cache_limit",)

    model: str = DEFAULT_MODEL
    method: str = "barlow"
    weights: str | None = None
    input_size: InputSize | None = None
    epochs: int = 100
    batch_size: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    width: int = 1024
    seed: int = 0
    labels: str = "auto"
    cache_limit: int = DEFAULT_CACHE_LIMIT

    def __post_init__(self) -> None:
        METHODS[self.method]  # raises where there is none of that name
        object.__setattr__(self, "input_size", check_input_size(self.input_size))
        super().__post_init__()

    def rules(self) -> dict[str, bool]:
        """See `RunSettings`."""
        return {
            "epochs must be at least 1": self.epochs >= 1,
            "batch_size must be at least 2": self.batch_size >= 2,
            "learning_rate must be above 0": self.learning_rate > 0,
            "weight_decay must be zero or more": self.weight_decay >= 0,
            "width must be at least 2": self.width >= 2,
            "seed must be zero or more": self.seed >= 0,
            "cache_limit must be zero or more bytes": self.cache_limit >= 0,
        }
