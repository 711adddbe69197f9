import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

import kerastl
from kerastl.errors import UsageError
from kerastl.ray import Classify


@pytest.fixture(scope="module")
def classify():
    return Classify("kerastl_mini", top=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three images and a text file."""
    folder = tmp_path_factory.mktemp("ray")
    paths = []
    for name, color in (("a", "red"), ("b", "white"), ("c", "blue")):
        Image.new("RGB", (40, 32), color).save(folder / f"{name}.png")
        paths.append(str(folder / f"{name}.png"))
    (folder / "d.png").write_text("no image")
    return [*paths, str(folder / "d.png")]


@pytest.fixture(scope="module")
def expected(files):
    return kerastl.load("kerastl_mini").classify(files, top=2, errors="return")


def labels(expected):
    return [None if answer.error else answer.label for answer in expected]


def test_a_mapping_of_arrays(classify, files, expected):
    answers = classify({"path": np.array(files), "number": np.arange(4)})
    assert list(answers) == ["path", "number", "label", "score", "labels", "scores", "error"]
    assert list(answers["label"]) == labels(expected)
    assert answers["score"][:3].tolist() == pytest.approx([each.score for each in expected[:3]])
    assert np.isnan(answers["score"][3])
    assert [list(each) for each in answers["labels"]] == [list(each.labels) for each in expected]
    assert list(answers["error"]) == [None, None, None, expected[3].error]
    assert list(answers["number"]) == [0, 1, 2, 3]


def test_a_data_frame_keeps_its_index(classify, files, expected):
    frame = pd.DataFrame({"path": files}, index=[7, 5, 3, 1])
    answers = classify(frame)
    assert list(answers.index) == [7, 5, 3, 1]
    assert list(answers["label"]) == labels(expected)
    assert answers["score"].dtype == "float32"


def test_columns_of_a_table_have_a_type_where_all_is_null(classify, files):
    answers = classify(pa.table({"path": files[:2]}))
    assert answers.schema == classify(pa.table({"path": files[3:]})).schema
    assert answers.schema.field("error").type == pa.string()
    assert answers.schema.field("scores").type == pa.list_(pa.float32())
    assert answers.column("error").null_count == 2


def test_bytes_arrays_and_the_mappings_of_hugging_face(classify, files, expected):
    content = [Path(file).read_bytes() for file in files[:3]]
    arrays = [np.asarray(Image.open(file)) for file in files[:3]]
    pairs = [{"bytes": content[0], "path": None}, {"bytes": None, "path": files[1]}, {"bytes": content[2], "path": "x"}]
    wanted = labels(expected[:3])
    assert list(classify({"bytes": content, "path": ["x", "y", "z"]})["label"]) == wanted
    assert list(classify({"image": np.stack(arrays)})["label"]) == wanted
    answers = classify(pa.table({"image": pairs, "path": ["x", "y", "z"]}))
    assert answers.column("label").to_pylist() == wanted
    assert answers.column_names[0] == "path"  # and no images


def test_rows_stay_in_their_places_whatever_they_name(classify, files, tmp_path):
    """A folder, a pattern, nothing and an address: one row each, where a list would have more or fewer."""
    named = [str(tmp_path), str(tmp_path / "*.png"), None, "http://127.0.0.1:9/a.png", files[0]]
    answers = classify({"path": named, "number": list(range(5))})
    assert [bool(each) for each in answers["error"]] == [True, True, True, True, False]
    assert answers["error"][3] == "an address in a list, which is fetched only if asked for: urls=True"


def test_what_is_kept(files):
    answers = Classify("kerastl_mini", column="file", keep=["number"])(
        {"file": files, "number": [1, 2, 3, 4], "x": [0] * 4}
    )
    assert list(answers) == ["number", "label", "score", "labels", "scores", "error"]


def test_an_open_network_is_not_sent(classify, files):
    classify({"path": files[:1]})
    assert len(pickle.dumps(classify)) < 2_000
    assert "_classifier" not in vars(pickle.loads(pickle.dumps(classify)))  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("settings", "batch", "said"),
    [
        ({}, [1, 2], "a batch must be a mapping, a pandas DataFrame or a pyarrow Table. Received: list"),
        ({}, {"file": []}, "column: there is no image or bytes or path in this batch, but file"),
        ({"column": "photo"}, {"path": []}, "column: there is no photo in this batch, but path"),
        ({"keep": ["id"]}, {"path": []}, "keep: there is no id in this batch, but path"),
    ],
)
def test_wrong_batches(settings, batch, said):
    with pytest.raises(UsageError) as error:
        Classify("kerastl_mini", **settings)(batch)
    assert str(error.value) == said


def test_top_must_be_positive():
    with pytest.raises(UsageError, match="top must be at least 1"):
        Classify("kerastl_mini", top=0)


def test_an_actor_takes_the_processors_that_it_was_given(monkeypatch):
    from kerastl.inference._engines import cores
    from kerastl.ray._processors import limit_processors

    monkeypatch.setenv("PYTHON_CPU_COUNT", "")
    limit_processors(3)
    assert cores() == 3
