"""The methods of pre-training, by name. Nothing here imports Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerastl._base.registry import Registry, resolve_reference

if TYPE_CHECKING:
    from kerastl.pretraining._learners import Learner


@dataclass(frozen=True)
class PretrainingMethod:
    """A way of learning from images without labels.

    Args:
        name: What users type.
        idea: What it does, in a line.
        paper: Where it is published.
        learner: The subclass of `kerastl.pretraining.Learner`, or `"module:Class"`, imported when training begins.

    Example:
        >>> from kerastl.pretraining import METHODS
        >>> METHODS["byol"].name, METHODS["byol"].learner_class().__name__
        ('byol', 'BYOL')
    """

    name: str
    idea: str
    paper: str
    learner: type[Learner] | str

    def learner_class(self) -> type[Learner]:
        """The class of `learner`, which imports Keras."""
        return resolve_reference(self.learner) if isinstance(self.learner, str) else self.learner


METHODS: Registry[PretrainingMethod] = Registry(
    "pre-training method",
    "kerastl.pretraining_methods",
    PretrainingMethod,
    {
        "barlow": PretrainingMethod(
            "barlow",
            "each feature the same in both views, no two features the same",
            "Zbontar et al. 2021, Barlow Twins: Self-Supervised Learning via Redundancy Reduction, arXiv:2103.03230",
            "kerastl.pretraining._learners:BarlowTwins",
        ),
        "byol": PretrainingMethod(
            "byol",
            "predict what a slowly following copy of the network sees in the other view",
            "Grill et al. 2020, Bootstrap Your Own Latent, arXiv:2006.07733",
            "kerastl.pretraining._learners:BYOL",
        ),
    },
)
"""The first is the default. Other packages add to it by entry points of the group `kerastl.pretraining_methods`."""


def register_method(method: PretrainingMethod, *, replace: bool = False) -> PretrainingMethod:
    """Add a method for as long as this process runs.

    Args:
        method: Its name is what users type: letters, digits, `_` and `-`.
        replace: Whether it may take the place of one of that name.

    Returns:
        `method`.

    Raises:
        UsageError: It is no `PretrainingMethod`, or there is one of that name.

    Example:
        >>> from kerastl.pretraining import METHODS, BarlowTwins, PretrainingMethod, register_method
        >>> class Slow(BarlowTwins):
        ...     pass
        ...
        >>> method = register_method(PretrainingMethod("slow", "as barlow", "unpublished", Slow))
        >>> METHODS["slow"].learner_class().__name__
        'Slow'
    """
    return METHODS.register(method, replace=replace)
