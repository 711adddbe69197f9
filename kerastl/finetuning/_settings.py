"""What a run was asked for, in a form that is stored with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kerastl.images import RESIZE_POLICIES, ResizePolicy
from kerastl.models._default import DEFAULT_MODEL
from kerastl.training._settings import DEFAULT_CACHE_LIMIT, RunSettings

ClassWeights = Literal["balanced"]
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Settings(RunSettings):
    """The arguments of a run, all but the data, the recipe and the folder.

    Args:
        backbone: A name of the catalog.
        weights: Of the backbone: `imagenet`, a path, or None for random ones.
        seed: Of the split, the classifier's first weights, orders and augmentations.
        val_fraction: Fraction of the images to validate on, where the data does not come with its parts.
        group_by: Regular expression; images for which it finds the same text stay together in the split.
        strict: Refuse data with unreadable images, or with files that look like images and are left out.
        class_weights: `balanced` weighs classes against their frequency; None does not.
        precision: Keras dtype policy that trains. The saved model is float32 always.
        resize: Policy that makes images fit; None is `crop` with the backbone's fraction.
        input_size: Height and width in pixels; None is the backbone's own.
        epochs: Instead of the recipe's, in phases that train by gradient steps.
        cache_limit: Bytes that cached features may take on the disk.
        keep_features: Leave them in the run folder.
    """

    changeable = ("cache_limit", "keep_features")

    backbone: str = DEFAULT_MODEL
    weights: str | None = "imagenet"
    seed: int = 0
    val_fraction: float = 0.2
    group_by: str | None = None
    strict: bool = False
    class_weights: ClassWeights | None = None
    precision: str = "float32"
    resize: ResizePolicy | None = None
    input_size: int | None = None
    epochs: int | None = None
    cache_limit: int = DEFAULT_CACHE_LIMIT
    keep_features: bool = False

    def rules(self) -> dict[str, bool]:
        """See `RunSettings`."""
        return {
            "seed must be zero or more": self.seed >= 0,
            "class_weights must be 'balanced' or None": self.class_weights in ("balanced", None),
            f"precision must be one of {', '.join(PRECISIONS)}": self.precision in PRECISIONS,
            f"resize must be one of {', '.join(RESIZE_POLICIES)}": self.resize in (*RESIZE_POLICIES, None),
            "epochs must be at least 1": self.epochs is None or self.epochs >= 1,
            "cache_limit must be zero or more bytes": self.cache_limit >= 0,
        }
