"""The head of any number of labels from ridge regression on their indicators.

Each label is solved for by itself; a slope and an offset a label, fitted to the scores of images that were left out,
make probabilities of its scores (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerastl._base.text import printable
from kerastl._metrics.multilabel import log_losses
from kerastl.calibration import _platt as platt
from kerastl.finetuning._ridge import RidgeHead
from kerastl.finetuning._ridge_solution import RidgeSolution

# Fewer images with a label say little of it.
FEW = 5
_TINY = 1e-12
_NAMED = 5


def label_head(solution: RidgeSolution, truth: NDArray[np.bool_], weights: NDArray[np.floating]) -> RidgeHead:
    """Make the head of labels of a solution.

    Args:
        solution: For `TargetMatrix` of the indicators.
        truth: `(n, labels)`, of the rows that it was fitted to.
        weights: `(n,)`, of the same.

    Returns:
        The head, for a sigmoid. Its temperature is 1, its losses are means over labels, and its `loo_probabilities`,
        float32 `(m, labels)`, are of each label by itself.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._label_heads import label_head
        >>> from kerastl.finetuning._ridge_solution import solve_targets
        >>> from kerastl.finetuning._solver_targets import TargetMatrix
        >>> random = np.random.default_rng(0)
        >>> truth = random.random((80, 2)) < 0.4
        >>> features = (random.normal(size=(80, 6)) + 4 * truth @ np.eye(2, 6)).astype("float32")
        >>> weights = np.ones(80, "float32")
        >>> head = label_head(solve_targets(features, TargetMatrix(truth), weights, np.arange(80)), truth, weights)
        >>> bool(((head.loo_probabilities > 0.5) == truth).mean() > 0.9)
        True
    """
    own, counting = truth[solution.rows], weights[solution.rows].astype(np.float64)
    scale = platt.fit(solution.answers, own)
    kernel, bias = scale.into(solution.kernel, solution.bias)
    losses = log_losses(scale.apply(solution.fitted), own).mean(axis=1)
    some = len(solution.left_out) > 0
    return RidgeHead(
        kernel,
        bias,
        solution.strength,
        1.0,
        solution.rows if some else solution.rows[:0],
        scale.apply(solution.left_out),
        float(np.average(losses, weights=counting)),
        _entropy(np.average(own, axis=0, weights=counting)),
        solution.projected,
    )


def _entropy(frequencies: np.ndarray) -> float:
    """Mean loss of an answer that knows no more than how frequent the labels are."""
    known = np.clip(frequencies, _TINY, 1 - _TINY)
    return float(-(known * np.log(known) + (1 - known) * np.log1p(-known)).mean())


def rare_labels(counts: np.ndarray, names: Sequence[str]) -> str:
    """The labels that few images have, such as `'cat' (2), 'dog' (4)`, the rarest first; empty without any.

    Args:
        counts: int64 `(labels,)`, images to train on with each label.
        names: Their names.
    """
    rare = [place for place in np.argsort(counts, kind="stable").tolist() if counts[place] < FEW]
    shown = [f"'{printable(names[place])}' ({int(counts[place])})" for place in rare[:_NAMED]]
    more = [f"{len(rare) - _NAMED:,} more"] if len(rare) > _NAMED else []
    return ", ".join(shown + more)
