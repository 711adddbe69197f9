"""What every long run needs: a folder, its state on disk, a way to stop it, schedules, optimizers, callbacks, features.

Two kinds of callbacks go in one list. Those of Keras (`keras.callbacks.Callback`) are called as `fit` calls them. Each
phase of a recipe is one `fit`: from `on_train_begin` to `on_train_end`, with epochs whose numbers go on from phase to
phase, and logs with `loss`, `accuracy`, `val_loss`, `val_accuracy` and `learning_rate`. A head that is solved directly
is one epoch without batches. Their `model` is the whole network; with `ema_momentum` it holds the averaged weights at
the end of an epoch. What a callback remembers is not stored: it starts anew when a run goes on. `CSVLogger` needs
`append=True`, or each phase writes over the one before; `ReduceLROnPlateau` and `LearningRateScheduler` need phases
with a constant rate.

`RunCallback` hears what Keras has no event for: what was decided, warnings, the names of phases, and how far the work
between epochs is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.training._callback import RunCallback as RunCallback
    from kerastl.training._checkpoint import Checkpoint as Checkpoint
    from kerastl.training._fast_network import faster as faster
    from kerastl.training._feature_cache import FeatureCache as FeatureCache
    from kerastl.training._optimizer import per_variable as per_variable
    from kerastl.training._samples import ImageSample as ImageSample
    from kerastl.training._schedules import ConstantWithWarmup as ConstantWithWarmup
    from kerastl.training._schedules import CosineWithWarmup as CosineWithWarmup
    from kerastl.training._schedules import OneCycle as OneCycle
    from kerastl.training._schedules import learning_rate_schedule as learning_rate_schedule

_MODULES = {
    "Checkpoint": "kerastl.training._checkpoint",
    "faster": "kerastl.training._fast_network",
    "FeatureCache": "kerastl.training._feature_cache",
    "ConstantWithWarmup": "kerastl.training._schedules",
    "CosineWithWarmup": "kerastl.training._schedules",
    "OneCycle": "kerastl.training._schedules",
    "ImageSample": "kerastl.training._samples",
    "RunCallback": "kerastl.training._callback",
    "learning_rate_schedule": "kerastl.training._schedules",
    "per_variable": "kerastl.training._optimizer",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
