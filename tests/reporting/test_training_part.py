import json
import shutil
from dataclasses import asdict, replace

import pytest

import kerastl
from kerastl.finetuning._search_results import Tried
from kerastl.models._metadata import MODEL_FILE, read_metadata, update
from kerastl.reporting import render
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


def test_the_networks_that_were_tried_are_a_table(run_folder):
    (run_folder / "history.csv").write_text(HEADER + "1,1,0.0,0.2,0.95,0.3,0.88,1.0,0.2\n")
    rows = [
        asdict(Tried("good <b>", None, 32, 800, 0.9, (0.88, 0.92), 0.1, 50.0, 10, 9.0, 75.0)),
        asdict(Tried("broken", 64, error="there are no weights")),
    ]
    search = {
        "candidates": [{}, {}], "rounds": [{"images": 800, "found": dict(enumerate(rows))}], "by": "loo_accuracy",
        "tried": rows, "used": 1.0, "chosen": {"model": "good <b>"},
    }  # fmt: skip
    (run_folder / "search.json").write_text(json.dumps(search))
    found = training(kerastl.load(run_folder))
    assert found.tried[1][:2] == ("good <b> at 32 px", "90.0 %")
    assert found.tried[2] == ("broken at 64 px", "left out")
    (run_folder / "search.json").write_text(json.dumps({**search, "tried": [{"model": 3}]}))
    assert training(kerastl.load(run_folder)).tried == []


def test_how_the_classes_of_an_earlier_run_fared_is_a_table(run_folder, page, evaluation):
    (run_folder / "history.csv").write_text(HEADER + "1,1,0.0,0.2,0.95,0.3,0.88,1.0,0.2\n")
    rows = [
        {"class": "fine", "images": 1, "before": 1.0, "after": 1.0},
        {"class": "<b>", "images": 3, "before": 1.0, "after": 1 / 3},
        {"class": "unknown", "images": 0, "before": None, "after": None},
    ]
    file = run_folder / MODEL_FILE

    def shown(kept):
        update(file, replace(read_metadata(file), extra={"metrics": {"kept_classes": kept}}))
        return training(kerastl.load(run_folder))

    found = shown({"model": "runs/first", "classes": rows})
    assert found.kept_rows == [("<b>", "3 images", "100.0 %", "33.3 %"), ("fine", "1 image", "100.0 %", "100.0 %")]
    assert found.kept.startswith("the classes of runs/first: 50.0 % of their 4 images right by leave-one-out, 100.0 %")
    evaluated = evaluation([[0.9, 0.1, 0.0]], [0], classifier=kerastl.load(run_folder))
    assert "Images were added to an earlier run." in page(render(evaluated, mistakes=0, check=False)).text
    for broken in ({}, 3, {"model": 1, "classes": [{"images": "x"}]}, {"model": "m", "classes": {"a": 1}}, None):
        assert (shown(broken).kept, shown(broken).kept_rows) == ("", [])


def test_several_epochs_are_curves(run_folder):
    (run_folder / "history.csv").write_text(
        HEADER + "1,1,0.0,0.2,0.9,0.3,0.8,1.0,0.2\n2,1,0.0,0.1,1.0,0.2,0.9,1.0,0.2\n"
    )
    found = training(kerastl.load(run_folder))
    assert [chart.title for chart in found.charts] == ["loss", "accuracy"]
    assert found.only is None


@pytest.mark.parametrize(("metrics", "marked"), [({"chosen_by_validation": True}, True), ({}, False), (None, False)])
def test_that_validation_images_chose_is_said(run_folder, page, evaluation, metrics, marked):
    rows = "1,1,0.0,0.2,0.9,0.3,0.8,1.0,0.2\n2,1,0.0,0.1,1.0,0.2,0.9,1.0,0.2\n"
    (run_folder / "history.csv").write_text(HEADER + rows)
    file = run_folder / MODEL_FILE
    update(file, replace(read_metadata(file), extra={"metrics": metrics}))
    found = evaluation([[0.9, 0.1, 0.0]], [0], classifier=kerastl.load(run_folder))
    text = page(render(found, mistakes=0, check=False)).text
    assert ("validation images chose the best of these epochs" in text) == marked


def test_one_epoch_of_labels_is_a_row_of_its_own_figures(run_folder):
    header = "phase,epoch,loss,label_accuracy,val_loss,val_mean_average_precision,loo_loss,loo_mean_average_precision\n"
    (run_folder / "history.csv").write_text(header + "1,1,0.2,0.95,0.3,0.88,,\n")
    found = training(kerastl.load(run_folder))
    assert found.measure.label == "mean average precision"
    assert found.only_rows == [("Training", "0.200", ""), ("Validation", "0.300", "88.0 %")]


def test_curves_of_numbers_have_their_own_unit(run_folder):
    header = "phase,epoch,loss,mean_absolute_error,val_loss,val_mean_absolute_error\n"
    (run_folder / "history.csv").write_text(header + "1,1,9,3,8,2.5\n1,2,4,2,16,3.5\n")
    charts = training(kerastl.load(run_folder)).charts
    assert [chart.title for chart in charts] == ["loss", "mean absolute error"]
    assert [chart.best[2] for chart in charts] == ["kept: 8.000 in epoch 1", "kept: 2.5 in epoch 1"]
