"""From the texts of labels to arrays, for each kind of targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kerastl.tasks._task import TargetKind

ClassNames = Callable[[str], tuple[str, ...]]


def _indices(labels: Sequence[str], classes: Sequence[str], _: ClassNames) -> NDArray[np.int64]:
    index = {name: number for number, name in enumerate(classes)}
    return np.array([index[label] for label in labels], np.int64)


def _indicators(labels: Sequence[str], classes: Sequence[str], class_names: ClassNames) -> NDArray[np.bool_]:
    index = {name: number for number, name in enumerate(classes)}
    found = np.zeros((len(labels), len(classes)), np.bool_)
    for row, label in enumerate(labels):
        found[row, [index[name] for name in class_names(label)]] = True
    return found


def _numbers(labels: Sequence[str], _: Sequence[str], __: ClassNames) -> NDArray[np.float32]:
    return np.array([float(label) for label in labels], np.float32)


def _one_hot(targets: np.ndarray, outputs: int) -> NDArray[np.float32]:
    return np.eye(outputs, dtype=np.float32)[targets]


READ: dict[TargetKind, Callable[[Sequence[str], Sequence[str], ClassNames], NDArray[np.generic]]] = {
    "index": _indices,
    "indicators": _indicators,
    "number": _numbers,
}
OF_OUTPUT: dict[TargetKind, Callable[[np.ndarray, int], NDArray[np.float32]]] = {
    "index": _one_hot,
    "indicators": lambda targets, _: targets.astype(np.float32),
    "number": lambda targets, _: targets.astype(np.float32)[:, None],
}
