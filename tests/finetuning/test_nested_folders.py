"""From nested folders to an answer along their tree."""

import pytest

import kerastl
from kerastl.cli import run


@pytest.fixture(scope="module")
def nested_run(tmp_path_factory):
    from PIL import Image

    root = tmp_path_factory.mktemp("trees")
    colors = {"warm/red": (220, 30, 30), "warm/orange": (230, 140, 30), "cold/blue": (30, 30, 220)}
    for name, color in colors.items():
        for number in range(4):
            path = root / "data" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 40), tuple(value + 5 * number for value in color)).save(path)
    asked = ["--model", "kerastl_mini", "--recipe", "probe", "--input-size", "32", "--classes", "path"]
    assert run(["finetune", str(root / "data"), "--output", str(root / "run"), *asked, "--quiet"]) == 0
    return root


def test_the_model_knows_the_tree(nested_run):
    metadata = kerastl.load(nested_run / "run").metadata
    assert metadata.labels.names == ("cold/blue", "warm/orange", "warm/red")
    assert metadata.extra["class_folders"] == "path"
    assert metadata.hierarchy.names[3:] == ("cold", "warm")
    assert metadata.hierarchy.parents == (3, 4, 4, None, None)


def test_answers_go_down_the_tree(nested_run):
    answer = kerastl.load(nested_run / "run").classify(nested_run / "data/cold/blue/0.png", sure=0.6)
    assert answer.sure.path == ("cold", "cold/blue")


def test_evaluating_what_it_was_trained_on_needs_no_flag(nested_run, capfd):
    assert run(["evaluate", str(nested_run / "run"), str(nested_run / "data"), "--resamples", "2"]) == 0
    out = capfd.readouterr().out
    assert "along the tree of classes\n  depth  1, 2 groups and classes:" in out
    assert "--sure 0.9: answers " in out
