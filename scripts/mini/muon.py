"""Muon for convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class ConvolutionMuon(keras.optimizers.Muon):
    """Keras's Muon, which leaves convolutions to AdamW, with their kernels taken as matrices.

    A kernel of shape (rows, columns, in, out) is the matrix (rows * columns * in, out). Jordan (2024,
    https://kellerjordan.github.io/posts/muon/) computes its update in bfloat16. Dense layers and everything with one
    dimension go by AdamW.

    Args:
        update_dtype: What updates are computed in; bfloat16 is slow where a processor does not compute in it.
        settings: Those of Keras's Muon.
    """

    def __init__(self, *args: Any, update_dtype: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.update_dtype = update_dtype

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        moved = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = ops.cast(ops.reshape(moved, (-1, variable.shape[-1])), self.update_dtype)
        turned = ops.cast(self.zeropower_via_newtonschulz5(matrix, self.ns_steps), variable.dtype)
        self.assign_sub(variable, ops.reshape(self.lr_adjust(lr * turned), variable.shape))
