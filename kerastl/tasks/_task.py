"""The tasks, by name, and what each of them says of targets, outputs and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias

from kerastl._base.registry import Registry
from kerastl._base.text import measured, percent
from kerastl.tasks._label_text import split_labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TargetKind: TypeAlias = Literal["index", "indicators", "number"]
"""How targets are kept: int64 `(n,)`, the places of classes; bool `(n, classes)`; float32 `(n,)`."""
Activation: TypeAlias = Literal["softmax", "sigmoid", "linear"]

CLASSIFICATION = "classification"
MULTILABEL = "multilabel"
REGRESSION = "regression"
ORDINAL = "ordinal"


@dataclass(frozen=True)
class Figure:
    """A number that says how good answers are.

    Args:
        name: In files, such as `val_accuracy` in `history.csv`.
        label: For people.
        short: Where there is little room.
        higher_is_better: Whether more is better; of an error less is.
        is_fraction: Whether it lies in [0, 1], and is shown in percent.

    Example:
        >>> from kerastl.tasks import TASKS
        >>> TASKS["classification"].figure.text(0.905)
        '90.5 %'
    """

    name: str
    label: str
    short: str
    higher_is_better: bool = True
    is_fraction: bool = True

    def text(self, value: float) -> str:
        """The number, for people."""
        return percent(value) if self.is_fraction else measured(value)


@dataclass(frozen=True)
class Task:
    """What a model is to say of an image.

    Args:
        name: What users type.
        description: What it is, in a line that follows the name.
        kind: How targets are kept.
        activation: Of the network's last layer.
        loss: Of phases that train by gradient steps, where the recipe names none: a name of `keras.losses`.
        figure: The one that models and epochs are compared by.
        training_figure: What is told of training batches.
        training_metric: The class of `keras.metrics` that computes it.
        judge: Name of a module with two functions of answers, float `(n, outputs)`, and targets: `figures` gives the
            figures by name, among them `loss` and `figure`; `losses` that of each image, float64 `(n,)`, whose mean is
            `loss`.
        other_figures: Names of further figures that `judge` gives and histories keep.
        unlabeled: Whether an image may have no label at all.
        smoothed: Whether the label smoothing of a recipe is of use: where every wrong answer is as wrong as another.

    Example:
        >>> from kerastl.tasks import TASKS
        >>> TASKS["multilabel"].activation
        'sigmoid'
    """

    name: str
    description: str
    kind: TargetKind
    activation: Activation
    loss: str
    figure: Figure
    training_figure: Figure
    training_metric: str
    judge: str
    other_figures: tuple[str, ...] = ()
    unlabeled: bool = False
    smoothed: bool = True

    @property
    def figure_names(self) -> tuple[str, ...]:
        """The figures that histories keep, the loss first."""
        return ("loss", self.figure.name, *self.other_figures)

    @property
    def fewest_classes(self) -> int:
        """Classes that there must be to learn anything."""
        return 2 if self.kind == "index" else 1

    @property
    def needs(self) -> str:
        """What data without them lacks, for messages."""
        return "a classifier needs two or more" if self.kind == "index" else f"{self.name} needs one at least"

    def class_names(self, label: str) -> tuple[str, ...]:
        """The classes that the text of a label names: one, several or, where it is a number, none.

        Args:
            label: As in `kerastl.data.Item`.

        Example:
            >>> from kerastl.tasks import TASKS
            >>> TASKS["multilabel"].class_names("cat|dog")
            ('cat', 'dog')
        """
        return _CLASS_NAMES[self.kind](label)

    def targets(self, labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.generic]:
        """Targets of images, as `kind` says.

        Args:
            labels: Their labels as texts.
            classes: The names of the classes, in the order of the outputs.

        Example:
            >>> from kerastl.tasks import TASKS
            >>> TASKS["multilabel"].targets(["cat|dog", "", "dog"], ("cat", "dog")).astype(int).tolist()
            [[1, 1], [0, 0], [0, 1]]
        """
        from kerastl.tasks import _targets

        return _targets.READ[self.kind](labels, classes, self.class_names)

    def output_targets(self, targets: np.ndarray, outputs: int) -> NDArray[np.float32]:
        """What the network is to give, float32 `(n, outputs)`: one-hot rows, zeros and ones, or the number itself.

        Args:
            targets: As `targets` gives them.
            outputs: Of the network.

        Example:
            >>> import numpy as np
            >>> from kerastl.tasks import TASKS
            >>> TASKS["classification"].output_targets(np.array([1, 0]), 2).tolist()
            [[0.0, 1.0], [1.0, 0.0]]
        """
        from kerastl.tasks import _targets

        return _targets.OF_OUTPUT[self.kind](targets, outputs)

    def figures(self, answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """How good answers are, by the names of figures.

        Args:
            answers: float `(n, outputs)`; n at least 1.
            targets: As `targets` gives them.

        Example:
            >>> import numpy as np
            >>> from kerastl.tasks import TASKS
            >>> answers = np.array([[0.9, 0.1], [0.6, 0.4]], "float32")
            >>> TASKS["classification"].figures(answers, np.array([0, 1]))["accuracy"]
            0.5
        """
        found: dict[str, float] = import_module(self.judge).figures(answers, targets)
        return found

    def losses(self, answers: np.ndarray, targets: np.ndarray) -> NDArray[np.float64]:
        """Loss of each image, float64 `(n,)`; arguments as for `figures`.

        Example:
            >>> import numpy as np
            >>> from kerastl.tasks import TASKS
            >>> TASKS["classification"].losses(np.array([[0.25, 0.75]]), np.array([1])).round(4).tolist()
            [0.2877]
        """
        found: NDArray[np.float64] = import_module(self.judge).losses(answers, targets)
        return found


_CLASS_NAMES: Mapping[TargetKind, Callable[[str], tuple[str, ...]]] = {
    "index": lambda label: (label,),
    "indicators": split_labels,
    "number": lambda label: (),
}
_ACCURACY = Figure("accuracy", "accuracy", "acc")
_LABEL_ACCURACY = Figure("label_accuracy", "accuracy of single labels", "label acc")
_PRECISION = Figure("mean_average_precision", "mean average precision", "mAP")
_RANKS = Figure("mean_absolute_error", "mean absolute error in ranks", "MAE", higher_is_better=False, is_fraction=False)
_KAPPA = Figure("quadratic_kappa", "quadratic kappa", "kappa", is_fraction=False)
_SQUARED = Figure("root_mean_squared_error", "RMSE", "RMSE", higher_is_better=False, is_fraction=False)
_EXPLAINED = Figure("r_squared", "R²", "R²", is_fraction=False)
_ERROR = Figure("mean_absolute_error", "mean absolute error", "MAE", higher_is_better=False, is_fraction=False)
_BUNDLED = (
    Task(
        CLASSIFICATION, "one class an image", "index", "softmax", "categorical_crossentropy",
        _ACCURACY, _ACCURACY, "CategoricalAccuracy", "kerastl.tasks._classification", ("top5",),
    ),
    Task(
        MULTILABEL, "any number of labels an image", "indicators", "sigmoid", "binary_crossentropy",
        _PRECISION, _LABEL_ACCURACY, "BinaryAccuracy", "kerastl.tasks._multilabel", unlabeled=True,
    ),
    Task(
        ORDINAL, "one class of an order an image", "index", "softmax", "categorical_crossentropy",
        _RANKS, _ACCURACY, "CategoricalAccuracy", "kerastl.tasks._ordinal",
        (_KAPPA.name, _ACCURACY.name), smoothed=False,
    ),
    Task(
        REGRESSION, "a number an image", "number", "linear", "mean_squared_error",
        _ERROR, _ERROR, "MeanAbsoluteError", "kerastl.tasks._regression",
        (_SQUARED.name, _EXPLAINED.name), smoothed=False,
    ),
)  # fmt: skip

TASKS: Registry[Task] = Registry("task", None, Task, {task.name: task for task in _BUNDLED})
"""The first is the default. Networks, losses, figures and answers of each stand in tables of their own."""
FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figures in ((_KAPPA, _SQUARED, _EXPLAINED), *((task.figure, task.training_figure) for task in _BUNDLED))
    for figure in figures
}
"""The figures of all tasks, by name."""
