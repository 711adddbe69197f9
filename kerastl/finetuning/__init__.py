"""Fine-tuning, in pieces that also work one by one on plain Keras models.

`finetune` does it all. `Recipe` and `Phase` say what trains when; `freeze` makes it so; `FeatureCache` keeps what
frozen layers give; `compile_for` gives a model the optimizer, the learning rate schedule and the loss of a phase;
`lr_find` looks for a rate, `lr_range_test` on any model. Names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.finetuning._batches import CachedBatches as CachedBatches
    from kerastl.finetuning._batches import Examples as Examples
    from kerastl.finetuning._boundary_engine import boundary_engine as boundary_engine
    from kerastl.finetuning._compiling import compile_for as compile_for
    from kerastl.finetuning._compiling import optimizer_for as optimizer_for
    from kerastl.finetuning._finetune import finetune as finetune
    from kerastl.finetuning._freezing import freeze as freeze
    from kerastl.finetuning._freezing import freeze_for as freeze_for
    from kerastl.finetuning._living.changes import add_class as add_class
    from kerastl.finetuning._living.changes import forget as forget
    from kerastl.finetuning._living.changes import relabel as relabel
    from kerastl.finetuning._living.history import PastChange as PastChange
    from kerastl.finetuning._living.history import past_changes as past_changes
    from kerastl.finetuning._living.result import HeadChange as HeadChange
    from kerastl.finetuning._losses import AsymmetricLoss as AsymmetricLoss
    from kerastl.finetuning._lr_find import lr_find as lr_find
    from kerastl.finetuning._lr_finder import lr_range_test as lr_range_test
    from kerastl.finetuning._network import Network as Network
    from kerastl.finetuning._network import attach_head as attach_head
    from kerastl.finetuning._network import split_network as split_network
    from kerastl.finetuning._phase import Phase as Phase
    from kerastl.finetuning._recipe import Recipe as Recipe
    from kerastl.finetuning._recipe_registry import RECIPES as RECIPES
    from kerastl.finetuning._recipe_registry import RecipeBuilder as RecipeBuilder
    from kerastl.finetuning._recipe_registry import register_recipe as register_recipe
    from kerastl.finetuning._result import FineTuned as FineTuned
    from kerastl.finetuning._ridge import solve_ridge as solve_ridge
    from kerastl.finetuning._rules import Rule as Rule
    from kerastl.finetuning._settings import Settings as Settings
    from kerastl.finetuning._solver import solve_head as solve_head
    from kerastl.training._callback import RunCallback as RunCallback
    from kerastl.training._feature_cache import FeatureCache as FeatureCache

_MODULES = {
    "AsymmetricLoss": "kerastl.finetuning._losses",
    "CachedBatches": "kerastl.finetuning._batches",
    "Examples": "kerastl.finetuning._batches",
    "FeatureCache": "kerastl.training._feature_cache",
    "HeadChange": "kerastl.finetuning._living.result",
    "FineTuned": "kerastl.finetuning._result",
    "RunCallback": "kerastl.training._callback",
    "Network": "kerastl.finetuning._network",
    "PastChange": "kerastl.finetuning._living.history",
    "Phase": "kerastl.finetuning._phase",
    "RECIPES": "kerastl.finetuning._recipe_registry",
    "Recipe": "kerastl.finetuning._recipe",
    "RecipeBuilder": "kerastl.finetuning._recipe_registry",
    "Rule": "kerastl.finetuning._rules",
    "Settings": "kerastl.finetuning._settings",
    "add_class": "kerastl.finetuning._living.changes",
    "attach_head": "kerastl.finetuning._network",
    "boundary_engine": "kerastl.finetuning._boundary_engine",
    "compile_for": "kerastl.finetuning._compiling",
    "finetune": "kerastl.finetuning._finetune",
    "forget": "kerastl.finetuning._living.changes",
    "freeze": "kerastl.finetuning._freezing",
    "freeze_for": "kerastl.finetuning._freezing",
    "lr_find": "kerastl.finetuning._lr_find",
    "lr_range_test": "kerastl.finetuning._lr_finder",
    "optimizer_for": "kerastl.finetuning._compiling",
    "past_changes": "kerastl.finetuning._living.history",
    "register_recipe": "kerastl.finetuning._recipe_registry",
    "relabel": "kerastl.finetuning._living.changes",
    "solve_head": "kerastl.finetuning._solver",
    "solve_ridge": "kerastl.finetuning._ridge",
    "split_network": "kerastl.finetuning._network",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
