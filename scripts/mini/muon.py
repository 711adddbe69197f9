"""Muon for convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class ConvolutionMuon(keras.optimizers.Muon):
    """Keras's Muon, which leaves convolutions to AdamW, with their kernels taken as matrices.

    A kernel of shape (rows, columns, in, out) is the matrix (rows * columns * in, out), and its update is computed in
    bfloat16, as Jordan (2024, https://kellerjordan.github.io/posts/muon/) does. Dense layers and everything with one
    dimension go by AdamW.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        moved = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = ops.cast(ops.reshape(moved, (-1, variable.shape[-1])), "bfloat16")
        turned = ops.cast(self.zeropower_via_newtonschulz5(matrix, self.ns_steps), variable.dtype)
        self.assign_sub(variable, ops.reshape(self.lr_adjust(lr * turned), variable.shape))
