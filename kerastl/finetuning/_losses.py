"""Losses that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerastl")
class AsymmetricLoss(keras.losses.Loss):
    """Binary cross entropy that looks away from labels that are easily told to be absent.

    Ridnik et al. 2021, "Asymmetric Loss For Multi-Label Classification", equation 7: where a label is there, the loss
    is -(1 - p)^positive log(p); where it is not, -q^negative log(1 - q) with q = max(p - margin, 0). Of an image most
    labels are absent, so that without it they have nearly all the say.

    Args:
        gamma_negative: How much less easy absent labels count; 0 counts all the same.
        gamma_positive: The same of labels that are there.
        margin: Absent labels with a probability below count nothing; in [0, 1).
        reduction: As of any loss of Keras.
        name: Likewise.
        dtype: Likewise.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning import AsymmetricLoss
        >>> loss = AsymmetricLoss(gamma_negative=1, margin=0)
        >>> round(float(loss(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]))), 4)  # (log 2 + log 2 / 2) / 2
        0.5199
    """

    def __init__(
        self,
        gamma_negative: float = 4.0,
        gamma_positive: float = 0.0,
        margin: float = 0.05,
        reduction: str = "sum_over_batch_size",
        name: str = "asymmetric_loss",
        dtype: Any = None,
    ) -> None:
        if gamma_negative < 0 or gamma_positive < 0 or not 0 <= margin < 1:
            raise ValueError(
                "gamma_negative and gamma_positive must be zero or more, and margin in [0, 1). "
                f"Received: {gamma_negative}, {gamma_positive}, {margin}"
            )
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma_negative = gamma_negative
        self.gamma_positive = gamma_positive
        self.margin = margin

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Loss of each example, the mean over its labels (called by Keras)."""
        tiny = keras.config.epsilon()
        there = ops.clip(y_pred, tiny, 1 - tiny)
        absent = ops.clip(ops.maximum(y_pred - self.margin, 0.0), 0.0, 1 - tiny)
        positive = (1 - there) ** self.gamma_positive * ops.log(there)
        # A power of nothing has no gradient where its exponent is below 1.
        negative = ops.maximum(absent, tiny) ** self.gamma_negative * ops.log(1 - absent)
        return -ops.mean(y_true * positive + (1 - y_true) * negative, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Its arguments (called by Keras)."""
        own = {name: getattr(self, name) for name in ("gamma_negative", "gamma_positive", "margin")}
        return {**super().get_config(), **own}
