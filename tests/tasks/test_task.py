import numpy as np
import pytest

from kerastl.errors import UnknownNameError, UsageError
from kerastl.tasks import TASKS

CLASSES = ("bird", "cat", "dog")


def test_classification_is_the_default():
    assert next(iter(TASKS)) == "classification"


def test_an_unknown_task_is_told_with_those_there_are():
    with pytest.raises(UnknownNameError, match="unknown task 'multi-label', did you mean multilabel"):
        TASKS["multi-label"]


@pytest.mark.parametrize("name", ["classification", "ordinal"])
def test_a_class_each_is_kept_as_its_place(name):
    task = TASKS[name]
    targets = task.targets(["dog", "bird"], CLASSES)
    assert targets.dtype == np.int64
    assert targets.tolist() == [2, 0]
    assert task.output_targets(targets, 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert task.class_names("dog|cat") == ("dog|cat",)


def test_several_labels_are_kept_as_indicators():
    task = TASKS["multilabel"]
    targets = task.targets(["dog|bird", "", "cat"], CLASSES)
    assert targets.dtype == np.bool_
    assert targets.tolist() == [[True, False, True], [False, False, False], [False, True, False]]
    outputs = task.output_targets(targets, 3)
    assert outputs.dtype == np.float32
    assert outputs.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_numbers_are_kept_as_they_are():
    task = TASKS["regression"]
    targets = task.targets(["1.5", "-2"], ("age",))
    assert targets.dtype == np.float32
    assert targets.tolist() == [1.5, -2]
    assert task.output_targets(targets, 1).tolist() == [[1.5], [-2]]
    assert task.class_names("1.5") == ()


@pytest.mark.parametrize("name", TASKS)
def test_the_mean_of_the_losses_is_the_loss_and_the_figure_is_there(name):
    task = TASKS[name]
    targets = task.targets({"regression": ["1", "3"]}.get(name, ["cat", "dog"]), CLASSES)
    answers = np.full((2, 1 if name == "regression" else 3), 0.3, "float32")
    figures = task.figures(answers, targets)
    assert figures["loss"] == pytest.approx(task.losses(answers, targets).mean())
    assert task.figure.name in figures


def test_figures_are_worded():
    assert TASKS["classification"].figure.text(0.905) == "90.5 %"
    assert TASKS["regression"].figure.text(2.34567) == "2.346"


def test_tasks_cannot_be_added():
    with pytest.raises(UsageError, match="there is no other task than classification, multilabel, ordinal, regression"):
        TASKS.register(TASKS["multilabel"], replace=True)
