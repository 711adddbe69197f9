"""kerastl: transfer learning on Keras.

    import kerastl

    classifier = kerastl.load("mobilenet_v2")
    print(classifier.classify("photo.jpg", top=3))

The names below are imported when they are first used, so that `import kerastl` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastl._version import __version__

if TYPE_CHECKING:
    from kerastl.catalog.table import models as models
    from kerastl.classifier import Classifier as Classifier
    from kerastl.classifier import load as load
    from kerastl.data.checking import check as check
    from kerastl.errors import KerastlError as KerastlError
    from kerastl.evaluation.calibrating import calibrate as calibrate
    from kerastl.evaluation.evaluating import evaluate as evaluate
    from kerastl.evaluation.result import Evaluation as Evaluation
    from kerastl.explaining import Explanation as Explanation
    from kerastl.finetuning.recipe import Phase as Phase
    from kerastl.finetuning.recipe import Recipe as Recipe
    from kerastl.finetuning.run import finetune as finetune
    from kerastl.images import load_pixels as load_pixels
    from kerastl.labels import Classification as Classification
    from kerastl.labels import Prediction as Prediction
    from kerastl.pretraining.run import pretrain as pretrain
    from kerastl.reporting import write_report as write_report

_HOMES = {
    "Phase": "kerastl.finetuning.recipe",
    "Recipe": "kerastl.finetuning.recipe",
    "finetune": "kerastl.finetuning.run",
    "Classification": "kerastl.labels",
    "Classifier": "kerastl.classifier",
    "Explanation": "kerastl.explaining",
    "Evaluation": "kerastl.evaluation.result",
    "KerastlError": "kerastl.errors",
    "Prediction": "kerastl.labels",
    "calibrate": "kerastl.evaluation.calibrating",
    "check": "kerastl.data.checking",
    "evaluate": "kerastl.evaluation.evaluating",
    "load": "kerastl.classifier",
    "load_pixels": "kerastl.images",
    "models": "kerastl.catalog.table",
    "write_report": "kerastl.reporting",
    "pretrain": "kerastl.pretraining.run",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'kerastl' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
