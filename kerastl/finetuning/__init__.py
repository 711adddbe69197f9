"""Fine-tuning, in pieces that also work one by one on plain Keras models.

`finetune` does it all. `Recipe` and `Phase` say what trains when; `freeze` makes it so; `FeatureCache` keeps what
frozen layers give; `LayerwiseAdamW` has a learning rate for each stage; `LearningRateCourse` is a callback for
`fit`; `lr_find` looks for a rate. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastl.finetuning.builtin import built_in as built_in
    from kerastl.finetuning.engine import boundary_engine as boundary_engine
    from kerastl.finetuning.freezing import freeze as freeze
    from kerastl.finetuning.freezing import stage_rates as stage_rates
    from kerastl.finetuning.network import Network as Network
    from kerastl.finetuning.network import attach_head as attach_head
    from kerastl.finetuning.network import halves as halves
    from kerastl.finetuning.optimizer import LayerwiseAdamW as LayerwiseAdamW
    from kerastl.finetuning.rate_finder import lr_find as lr_find
    from kerastl.finetuning.recipe import Phase as Phase
    from kerastl.finetuning.recipe import Recipe as Recipe
    from kerastl.finetuning.result import FineTuned as FineTuned
    from kerastl.finetuning.run import finetune as finetune
    from kerastl.finetuning.schedule import LearningRateCourse as LearningRateCourse
    from kerastl.finetuning.settings import Settings as Settings
    from kerastl.finetuning.solver import solve_head as solve_head
    from kerastl.runs.features import FeatureCache as FeatureCache
    from kerastl.runs.listener import Listener as Listener

_MODULES = {
    "FeatureCache": "kerastl.runs.features",
    "FineTuned": "kerastl.finetuning.result",
    "LayerwiseAdamW": "kerastl.finetuning.optimizer",
    "LearningRateCourse": "kerastl.finetuning.schedule",
    "Listener": "kerastl.runs.listener",
    "Network": "kerastl.finetuning.network",
    "Phase": "kerastl.finetuning.recipe",
    "Recipe": "kerastl.finetuning.recipe",
    "Settings": "kerastl.finetuning.settings",
    "attach_head": "kerastl.finetuning.network",
    "boundary_engine": "kerastl.finetuning.engine",
    "built_in": "kerastl.finetuning.builtin",
    "finetune": "kerastl.finetuning.run",
    "freeze": "kerastl.finetuning.freezing",
    "halves": "kerastl.finetuning.network",
    "lr_find": "kerastl.finetuning.rate_finder",
    "solve_head": "kerastl.finetuning.solver",
    "stage_rates": "kerastl.finetuning.freezing",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
