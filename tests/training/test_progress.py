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


def test_a_listener_hears_alone(capsys):
    class Mine(RunCallback):
        pass

    mine = Mine()
    with listening(mine, 1, TrainingProgress) as told:
        assert told is mine
        progress.current().say("not heard")
    assert capsys.readouterr().err == ""


def test_auto_leaves_it_to_the_reporter_that_was_set(capsys):
    with progress.reporting(Reporter(0)):
        with listening(None, "auto", TrainingProgress) as told:
            told.say("quiet")
        with listening(None, 2, TrainingProgress) as told:
            told.say("asked for")
    with listening(None, "auto", TrainingProgress) as told:
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
