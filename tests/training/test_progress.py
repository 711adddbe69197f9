"""What training tells people."""

import pytest

from kerastl import _progress as progress
from kerastl._progress import Reporter
from kerastl.training._callback import RunCallback
from kerastl.training._progress import PreTrainingProgress, TrainingProgress, listening

ROW = {
    "epoch": 100,
    "learning_rate": 0.00123456,
    "loss": 12.3456,
    "accuracy": 1.0,
    "val_loss": 12.3456,
    "val_accuracy": 1.0,
    "val_top5": 1.0,
    "seconds": 12345.6,
}
PRE = {**ROW, "loss": 12345.678, "knn_accuracy": 1.0, "spread": 0.98, "rank": 1279.9}


@pytest.mark.parametrize(
    ("form", "row", "line"),
    [
        (
            TrainingProgress,
            ROW,
            "  epoch 100/100: loss 12.35, acc 100.0 %; val loss 12.35, acc 100.0 % (12346 s)",
        ),
        (PreTrainingProgress, PRE, "  epoch 100/100: loss 12346, neighbors right 100.0 %, rank 1279.9 (12346 s)"),
    ],
)
def test_the_longest_epoch_line_fits_80_columns(form, row, line, capsys):
    with form(Reporter(2)) as told:
        told.begin("epoch 100/100", 3)
        told.end()
        told.epoch(row)
    assert capsys.readouterr().err == line + "\n"
    assert len(line) <= 80


def test_a_phase_that_is_solved_has_no_epochs(capsys):
    told = TrainingProgress(Reporter(2, detail=True))
    told.phase("phase 1/1: head")
    told.epoch({**ROW, "loss": 0.1234, "seconds": 0.123})
    assert capsys.readouterr().err.splitlines() == [
        "phase 1/1: head",
        "  solved: loss 0.123, acc 100.0 %; val loss 12.35, acc 100.0 % (0.1 s)",
        "    learning rate 0.00123, val top-5 100.0 %",
    ]


def test_squared_errors_of_prices_are_short(capsys):
    told = TrainingProgress(Reporter(2))
    told.phase("phase 1/1: head")
    told.epoch({"learning_rate": 0.1, "loss": 2725628497.0, "mean_absolute_error": 41212.4, "seconds": 0.123})
    assert capsys.readouterr().err.splitlines()[1] == "  solved: loss 2.726e+09, MAE 41,212 (0.1 s)"


def test_figures_by_leave_one_out_are_called_so(capsys):
    row = {**ROW, "loss": 0.1, "loo_loss": 0.25, "loo_accuracy": 0.9, "loo_top5": 0.99, "seconds": 1.0}
    told = TrainingProgress(Reporter(2, detail=True))
    told.epoch({**row, "val_loss": None, "val_accuracy": None, "val_top5": None})
    told.epoch(row)
    assert capsys.readouterr().err.splitlines() == [
        "  solved: loss 0.100, acc 100.0 %; leave-one-out loss 0.250, acc 90.0 % (1.0 s)",
        "    learning rate 0.00123, leave-one-out top-5 99.0 %",
        "  solved: loss 0.100, acc 100.0 %; val loss 12.35, acc 100.0 % (1.0 s)",
        "    learning rate 0.00123, val top-5 100.0 %, leave-one-out loss 0.250, acc 90.0 %",
    ]


def test_only_the_first_epoch_of_a_phase_is_announced(monkeypatch):
    patience = []
    monkeypatch.setattr(Reporter, "begin", lambda self, stage: patience.append((stage.what, stage.patience)))
    told = TrainingProgress(Reporter(2))
    for _ in range(2):
        told.phase("a phase")
        told.begin("features", 5)
        told.begin("epoch 1/2", 5)
        told.begin("epoch 2/2", 5)
    assert patience == 2 * [("features", 1.0), ("epoch 1/2", 1.0), ("epoch 2/2", 10.0)]


def test_callbacks_hear_all_that_people_do(capsys):
    class Mine(RunCallback):
        def __init__(self):
            self.heard = []

        def __getattribute__(self, name):
            if name.startswith("_") or name == "heard":
                return super().__getattribute__(name)
            return lambda *arguments: self.heard.append((name, *arguments))

    events = [
        ("say", "a line"), ("warn", "careful"), ("phase", "1/1"), ("begin", "features", 2), ("advance", 2), ("end",),
        ("epoch", {"loss": 1.0, "accuracy": 0.5, "val_loss": 2.0, "val_accuracy": 0.25, "val_top5": 1.0,
                   "learning_rate": 0.1, "seconds": 1.0}),
    ]  # fmt: skip
    mine, other = Mine(), Mine()
    with listening([mine, other], 1, TrainingProgress) as told:
        for name, *arguments in events:
            getattr(told, name)(*arguments)
    assert mine.heard == other.heard == events
    assert capsys.readouterr().err.splitlines()[:3] == ["a line", "warning: careful", "1/1"]
    with listening([mine], 0, TrainingProgress) as told:
        told.say("to the callbacks alone")
    assert mine.heard[-1] == ("say", "to the callbacks alone")
    assert capsys.readouterr().err == ""


def test_auto_leaves_it_to_the_reporter_that_was_set(capsys):
    with progress.reporting(Reporter(0)):
        with listening((), "auto", TrainingProgress) as told:
            told.say("quiet")
        with listening((), 2, TrainingProgress) as told:
            told.say("asked for")
    with listening((), "auto", TrainingProgress) as told:
        told.say("by default")
        told.warn("careful")
    assert capsys.readouterr().err == "asked for\nby default\nwarning: careful\n"


def test_phases_reach_listeners_that_only_hear_lines():
    heard = []

    class Mine(RunCallback):
        def say(self, text):
            heard.append(text)

    Mine().phase("phase 1/2")
    assert heard == ["phase 1/2"]
