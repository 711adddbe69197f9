"""What is settled before a run trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastl.finetuning._base_model import BaseModel, Built
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._splits import SplitData
from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    from kerastl.finetuning._network import Network


@dataclass(frozen=True)
class Prepared:
    """What is settled before a run trains.

    Args:
        base: What it starts from.
        built: The same as a network.
        parts: The images.
        recipe: What trains when.
        extra: Stored with the state.
        state: What the run goes on from; None at its beginning.
        refits: Whether images were held back unasked, so that a solved head that is kept is solved on them too.
        kept: Features of the run whose classes are kept; None where none is.
    """

    base: BaseModel
    built: Built
    parts: SplitData
    recipe: Recipe
    extra: dict[str, Any]
    state: dict[str, Any] | None = None
    refits: bool = False
    kept: KeptFeatures | None = None

    def network(self, built: Built, seed: int) -> Network:
        """A network with the head that the recipe has for the task."""
        dataset = self.parts.dataset
        labels = dataset.labels(dataset.subset("train"))
        return built.with_head(len(dataset.classes), self.recipe, seed, TASKS[dataset.task], labels)
