import shutil

import pytest

import kerastl
from kerastl.reporting._training import training

HEADER = "phase,epoch,learning_rate,loss,accuracy,val_loss,val_accuracy,val_top5,seconds\n"


@pytest.fixture
def run_folder(color_model, tmp_path):
    return shutil.copytree(color_model, tmp_path / "run")


def test_no_history(run_folder):
    assert training(kerastl.load(run_folder)) is None


@pytest.mark.parametrize("text", ["a,b\n1,2\n", HEADER, HEADER + "1,1,0,x,y,z,,,\n1,2,0,x,y,z,,,\n"])
def test_a_history_that_is_none_costs_nothing(run_folder, text):
    (run_folder / "history.csv").write_text(text)
    assert training(kerastl.load(run_folder)) is None


def test_one_epoch_is_a_row(run_folder):
    (run_folder / "history.csv").write_text(HEADER + "1,1,0.0,0.2,0.95,0.3,0.88,1.0,0.2\n")
    found = training(kerastl.load(run_folder))
    assert found.charts == ()
    assert (found.only["loss"], found.only["val_accuracy"]) == (0.2, 0.88)


def test_several_epochs_are_curves(run_folder):
    (run_folder / "history.csv").write_text(
        HEADER + "1,1,0.0,0.2,0.9,0.3,0.8,1.0,0.2\n2,1,0.0,0.1,1.0,0.2,0.9,1.0,0.2\n"
    )
    found = training(kerastl.load(run_folder))
    assert [chart.title for chart in found.charts] == ["loss", "accuracy"]
    assert found.only is None
