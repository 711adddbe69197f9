"""`kerastl classify --sure`: a model whose red and green are warm."""

import csv
import io
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

import kerastl
from kerastl.cli import run
from kerastl.errors import ModelError, UsageError
from kerastl.models import _metadata as metadata

HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "matplotlib", "rich", "jinja2", "h5py", "ai_edge_litert")
YELLOW = (255, 255, 0)  # red and green score 0.49999 each


@pytest.fixture(scope="module")
def warm_model(color_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("warm") / "run"
    shutil.copytree(color_model, folder)
    file = folder / metadata.MODEL_FILE
    own = metadata.read_metadata(file)
    metadata.update(file, replace(own, extra={"hierarchy": {"groups": ["warm"], "parents": [3, 3, None, None]}}))
    return folder


@pytest.fixture
def classify(warm_model, capfd):
    def call(*arguments):
        code = run(["classify", "--model", str(warm_model), *map(str, arguments)])
        return code, *capfd.readouterr()

    return call


def test_text_begins_with_what_is_sure(classify, image):
    path = image("a.png", YELLOW)
    assert classify(path, "--sure", 0.9) == (
        0, f"{path}: warm 100.0 % (red 50.0 %, green 50.0 %, blue 0.0 %)\n", ""
    )  # fmt: skip
    assert classify(image("b.png", "blue"), "--sure", 0.9, "--top", 1)[1].endswith("b.png: blue 100.0 %\n")
    black = image("c.png", "black")
    assert classify(black, "--sure", 0.9, "--min-score", 0.5)[1] == f"{black}: nothing is sure at 90 %\n"


def test_json_has_all_of_it_and_errors_have_none(classify, image, lines, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no image")
    code, out, _ = classify(image("a.png", YELLOW), broken, "--sure", 0.9, "--format", "jsonl", "--tta", "mirror")
    first, second = lines(out)
    assert code == 1
    assert first["sure"]["label"] == "warm"
    assert first["sure"]["score"] == pytest.approx(1, abs=1e-4)
    assert (first["sure"]["index"], first["sure"]["depth"], first["sure"]["path"]) == (None, 1, ["warm"])
    assert list(second) == ["path", "error"]


def test_csv_has_three_columns_more(classify, image):
    paths = [image("a.png", YELLOW), image("b.png", "black"), image("c.png", "red")]
    _, out, _ = classify(*paths, "--sure", 0.9, "--format", "csv", "--top", 1, "--min-score", 0.6)
    rows = list(csv.DictReader(io.StringIO(out)))
    found = [(row["rank"], row["label"], row["sure_label"], row["sure_depth"]) for row in rows]
    assert found == [("", "", "warm", "1"), ("", "", "", "0"), ("1", "red", "red", "2")]
    assert rows[1]["sure_score"] == ""
    assert float(rows[2]["sure_score"]) == pytest.approx(float(rows[2]["score"]))


def test_python_takes_the_same(warm_model, image):
    classifier = kerastl.load(warm_model)
    answer = classifier.classify(image("a.png", YELLOW), sure=0.9)
    assert (answer.sure.label, answer.label) == ("warm", "red")
    for wrong in (0, 1, 1.5, "much", True):
        with pytest.raises(UsageError, match="sure must be a number between 0 and 1"):
            classifier.classify(image("a.png", YELLOW), sure=wrong)


def test_a_model_without_a_tree_says_so(color_model, image, capfd):
    assert run(["classify", "--model", str(color_model), str(image("a.png", "red")), "--sure", "0.9"]) == 2
    assert "colors has no tree of classes, which sure needs" in capfd.readouterr().err


def test_the_bundled_model_has_that_of_wordnet():
    tree = kerastl.load("kerastl_mini").metadata.hierarchy
    assert "dog" in tree.names


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        (3, "'extra.hierarchy' must be"),
        ("trees", "'extra.hierarchy' must be"),
        ({"groups": []}, "'extra.hierarchy' must be"),
        ({"groups": [""], "parents": [3, 3, None, None]}, "'extra.hierarchy.groups' must be"),
        ({"groups": [], "parents": "none"}, "'extra.hierarchy.parents' must be"),
        ({"groups": ["warm"], "parents": [3, 3, None, 3]}, "goes round in circles"),
        ({"groups": [], "parents": [None, None]}, "3 nodes, and parents of 2"),
    ],
)
def test_hostile_trees_are_refused_when_the_model_is_loaded(color_model, stored, problem):
    own = metadata.read_metadata(color_model / metadata.MODEL_FILE).as_dict()
    with pytest.raises(ModelError, match=problem):
        metadata.Metadata.from_dict({**own, "extra": {"hierarchy": stored}})


def test_a_warm_answer_along_the_tree_imports_the_fast_engine_only(warm_model, image):
    kerastl.load(warm_model)  # compiles
    code = (
        "import sys\n"
        "from kerastl.cli import run\n"
        "code = run(sys.argv[1:])\n"
        f"print(code, *(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, "classify", image("a.png", YELLOW), "-m", warm_model, "--sure", "0.9"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    assert done.stderr == "0 ai_edge_litert\n"
