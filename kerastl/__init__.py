"""kerastl: transfer learning on Keras.

    import kerastl

    classifier = kerastl.load("mobilenet_v2")
    print(classifier.classify("photo.jpg", top=3))

Public are the names in `__all__` here, in the packages below and in `kerastl.errors`; modules and packages whose names
begin with `_` are private and may change in any version. `kerastl.cli` is the command line. All names are imported when
they are first used, so that `import kerastl` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names
from kerastl._version import __version__

if TYPE_CHECKING:
    from kerastl._base.keras_import import import_keras as import_keras
    from kerastl._classifier import Classifier as Classifier
    from kerastl._load import load as load
    from kerastl.data._check import check as check
    from kerastl.embedding._embed import embed as embed
    from kerastl.embedding_map._write import write_map as write_map
    from kerastl.errors import KerastlError as KerastlError
    from kerastl.evaluation._calibrating import calibrate as calibrate
    from kerastl.evaluation._evaluating import evaluate as evaluate
    from kerastl.evaluation._learning_curve import learning_curve as learning_curve
    from kerastl.evaluation._result import Evaluation as Evaluation
    from kerastl.explaining._explanation import Explanation as Explanation
    from kerastl.exporting._exporting import export as export
    from kerastl.finetuning._finetune import finetune as finetune
    from kerastl.finetuning._lr_find import lr_find as lr_find
    from kerastl.finetuning._phase import Phase as Phase
    from kerastl.finetuning._recipe import Recipe as Recipe
    from kerastl.images._loading import load_pixels as load_pixels
    from kerastl.models._labels import Classification as Classification
    from kerastl.models._labels import Classifications as Classifications
    from kerastl.models._labels import Prediction as Prediction
    from kerastl.models._table import list_models as list_models
    from kerastl.pretraining._pretrain import pretrain as pretrain
    from kerastl.reporting._page import write_report as write_report
    from kerastl.reviewing._review import review as review
    from kerastl.sorting._sort import sort as sort

_MODULES = {
    "Classification": "kerastl.models._labels",
    "Classifications": "kerastl.models._labels",
    "Classifier": "kerastl._classifier",
    "Evaluation": "kerastl.evaluation._result",
    "Explanation": "kerastl.explaining._explanation",
    "KerastlError": "kerastl.errors",
    "Phase": "kerastl.finetuning._phase",
    "Prediction": "kerastl.models._labels",
    "Recipe": "kerastl.finetuning._recipe",
    "calibrate": "kerastl.evaluation._calibrating",
    "check": "kerastl.data._check",
    "embed": "kerastl.embedding._embed",
    "evaluate": "kerastl.evaluation._evaluating",
    "export": "kerastl.exporting._exporting",
    "import_keras": "kerastl._base.keras_import",
    "finetune": "kerastl.finetuning._finetune",
    "learning_curve": "kerastl.evaluation._learning_curve",
    "list_models": "kerastl.models._table",
    "load": "kerastl._load",
    "load_pixels": "kerastl.images._loading",
    "lr_find": "kerastl.finetuning._lr_find",
    "pretrain": "kerastl.pretraining._pretrain",
    "review": "kerastl.reviewing._review",
    "sort": "kerastl.sorting._sort",
    "write_map": "kerastl.embedding_map._write",
    "write_report": "kerastl.reporting._page",
}

_PACKAGES = (
    *("calibration", "clustering", "data", "duplicates", "embedding", "embedding_map", "errors", "evaluation"),
    *("explaining", "exporting", "finetuning", "images", "index", "inference", "keywords", "models", "plots"),
    *("pretraining", "ray", "recommending", "reporting", "results", "reviewing", "serving", "sklearn", "sorting"),
    *("sources", "tasks", "testing", "training"),
)

__getattr__, __dir__, _public = lazy_names(__name__, _MODULES, _PACKAGES)
__all__ = ["__version__", *_public]
