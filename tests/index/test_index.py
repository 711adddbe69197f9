import json
import os
from pathlib import Path

import numpy as np
import pytest

from kerastl.errors import KerastlError, MissingDataError, UsageError

pytest.importorskip("lancedb")

from kerastl.index import Index, IndexFacts, build
from kerastl.index import _approximate as approximate
from kerastl.index import _index as module
from kerastl.index._nearest import unit_rows

FACTS = {"format": 1, "model": "kerastl_mini", "identity": "none", "dimension": 2, "root": str(Path(os.sep).absolute())}
FACTS |= {"features": "last", "dtype": "float32", "resize": None, "approximate": None}


def test_the_nearest_come_first_with_their_cosines(vector_index):
    index = vector_index([[1, 0], [0, 1], [-1, 0], [0.6, 0.8]])
    places, similarities = index.search([[3, 0], [0, -1]], top=3)
    assert places.tolist() == [[0, 3, 1], [0, 2, 3]]
    np.testing.assert_allclose(similarities, [[1, 0.6, 0], [0, 0, -0.8]], atol=1e-6)
    assert (places.dtype, similarities.dtype) == (np.int64, np.float32)


def test_of_equal_ones_the_first_path_comes_first(vector_index):
    index = vector_index([[1, 0]] * 5, paths=list("ecadb"))
    places, _ = index.search([[1, 0]], top=3)
    assert [index.paths()[place] for place in places[0]] == ["a", "b", "c"]


def test_there_are_no_more_neighbors_than_images(vector_index):
    assert vector_index([[1, 0], [0, 1]]).search([[1, 0]], top=10)[0].shape == (1, 2)


def test_an_image_without_features_is_near_nothing(vector_index):
    _, similarities = vector_index([[0, 0], [1, 0]]).search([[1, 0], [0, 0]], top=2)
    assert similarities.tolist() == [[1, 0], [0, 0]]


def test_an_index_without_images(vector_index):
    index = vector_index(np.zeros((0, 2)))
    assert (len(index), index.paths(), index.vectors().shape) == (0, [], (0, 2))
    assert index.search([[1, 0]])[0].shape == (1, 0)


def test_all_is_in_the_order_of_the_paths(vector_index):
    index = vector_index([[1, 0], [0, 1], [0.6, 0.8]], paths=["b", "a/1", "ä"], label=["x", None, "z"])
    assert index.paths() == ["a/1", "b", "ä"]
    np.testing.assert_array_equal(index.vectors(), np.float32([[0, 1], [1, 0], [0.6, 0.8]]))
    rows = index.rows(["label", "path"])
    assert rows.column_names == ["label", "path"]
    assert rows.to_pydict() == {"label": [None, "x", "z"], "path": ["a/1", "b", "ä"]}
    assert [row["vector"].tolist() for row in index.table.at([2, 0])] == [np.float32([0.6, 0.8]).tolist(), [0, 1]]


def test_blocks_of_vectors_give_what_all_at_once_do(vector_index, monkeypatch):
    vectors = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = vector_index(vectors)
    truth = np.argsort(-(vectors[:5] @ vectors.T), axis=1)[:, :7]
    np.testing.assert_array_equal(index.search(vectors[:5], 7)[0], truth)
    monkeypatch.setattr(module, "_KEPT_BYTES", 0)
    monkeypatch.setattr("kerastl.index._table._ROWS_TOGETHER", 30)
    np.testing.assert_array_equal(Index(index.folder).search(vectors[:5], 7)[0], truth)


@pytest.mark.parametrize("dimension", [16, 6])  # codes of one bit need whole bytes
def test_an_approximate_search_finds_most_and_says_how_many(vector_index, dimension):
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(10, dimension)), 60, axis=0) + 0.1 * rng.normal(size=(600, dimension))
    vectors = unit_rows(vectors)
    index = vector_index(vectors)
    built = approximate.build(index.table, dimension)
    assert (built.rows, built.partitions) == (600, 24)
    assert built.kind == ("IVF_RQ" if dimension == 16 else "IVF_FLAT")
    assert 0.97 <= built.recall <= 1
    places, similarities = approximate.search_approximately(index.table, built, unit_rows(vectors[:20]), 3)
    exact_places, exact = index.search(vectors[:20], 3)
    assert (places == exact_places).mean() > 0.9
    np.testing.assert_array_equal(similarities[places == exact_places], exact[places == exact_places])
    assert approximate.search_approximately(index.table, built, vectors[:1], 300) is None


def test_an_approximate_search_is_built_again_when_there_are_twice_as_many(vector_index):
    built = approximate.ApproximateSearch("IVF_RQ", 60_000, 245, 16, 10, 0.98)
    assert not approximate.is_due(approximate.EXACT_ROWS - 1, None)
    assert approximate.is_due(approximate.EXACT_ROWS, None)
    assert not approximate.is_due(119_999, built)
    assert approximate.is_due(120_000, built)


@pytest.mark.parametrize(
    ("vectors", "top", "message"),
    [
        ([[1, 0, 0]], 1, r"vectors must have the shape \(q, 2\)\. Received: shape=\(1, 3\)"),
        ([1, 0], 1, "must have the shape"),
        ([[np.nan, 0]], 1, "must be finite"),
        ([[1, 0]], 0, "top must be at least 1"),
    ],
)
def test_wrong_questions(vector_index, vectors, top, message):
    with pytest.raises(UsageError, match=message):
        vector_index([[1, 0]]).search(vectors, top)


def test_unknown_columns(vector_index):
    with pytest.raises(UsageError, match=r"columns must be some of path, content, .* Received: color"):
        vector_index([[1, 0]]).rows(["path", "color"])


def test_no_index(tmp_path):
    with pytest.raises(MissingDataError, match=r"photos: there is no index here; kerastl index SOURCE --db .* makes"):
        Index(tmp_path / "photos")


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "[" * 100_000, "{}", json.dumps({**FACTS, "dimension": 1 << 40}), json.dumps({**FACTS, "root": "a"}),
        json.dumps({**FACTS, "model": 3}), json.dumps({**FACTS, "dtype": []}), json.dumps({**FACTS, "features": {}}),
        json.dumps({**FACTS, "approximate": {"recall": 2}}), json.dumps({**FACTS, "root": "/\0"}), "x" * 100_000,
    ],
)  # fmt: skip
def test_facts_from_anyone_are_checked(tmp_path, content):
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(KerastlError, match=r"index\.json: is damaged, or no file of kerastl index") as caught:
        Index(tmp_path)
    assert caught.value.exit_code == 1


def test_a_later_format_is_said(tmp_path):
    (tmp_path / "index.json").write_text(json.dumps({**FACTS, "format": 2}))
    with pytest.raises(KerastlError, match="written by a later version of kerastl; update"):
        Index(tmp_path)


def test_another_table_than_the_facts_say(vector_index):
    folder = vector_index([[1, 0]]).folder
    (folder / "index.json").write_text(json.dumps({**FACTS, "dimension": 3}))
    with pytest.raises(KerastlError, match=r"the table images is not the one that index\.json describes"):
        Index(folder)


@pytest.mark.parametrize("path", ["../secret.jpg", "a/../../b.jpg", "", "a\0b"])
def test_paths_that_lead_out_of_the_root_are_refused(vector_index, path):
    index = vector_index([[1, 0]], paths=[path])
    with pytest.raises(KerastlError, match="is damaged: it has paths that lead nowhere"):
        index.paths()


def test_a_damaged_table_is_told_in_a_line(vector_index):
    index = vector_index([[1, 0], [0, 1]])
    for file in (index.folder / "images.lance" / "data").iterdir():
        file.write_bytes(b"broken")
    with pytest.raises(KerastlError, match="the table of the index cannot be read or written") as caught:
        Index(index.folder).vectors()
    assert "\n" not in str(caught.value)


def test_a_table_that_is_gone(vector_index):
    folder = vector_index([[1, 0]]).folder
    (folder / "images.lance").rename(folder / "elsewhere")
    with pytest.raises(KerastlError, match="the table of the index is gone"):
        Index(folder)


def test_an_index_is_made_in_a_folder_of_its_own(tmp_path):
    (tmp_path / "notes.txt").touch()
    facts = IndexFacts("kerastl_mini", "none", 2, str(tmp_path))
    with pytest.raises(UsageError, match="is no index, and there are other files in it"):
        Index.of_facts(tmp_path, facts)
    Index.of_facts(tmp_path / "db", facts)
    with pytest.raises(UsageError, match="there is an index here already"):
        Index.of_facts(tmp_path / "db", facts)


def test_what_a_process_left_that_was_killed_while_it_made_an_index_is_in_nobodys_way(vector_index, tmp_path):
    folder = vector_index(np.zeros((0, 2))).folder
    (folder / "index.json").unlink()
    index = Index.of_facts(folder, IndexFacts("kerastl_mini", "none", 3, str(tmp_path)))
    assert index.vectors().shape == (0, 3)


def test_what_another_process_needs_for_a_moment_is_no_other_file(tmp_path):
    (tmp_path / "db" / "kerastl-4000000-0123456789abcdef").mkdir(parents=True)
    assert len(Index.of_facts(tmp_path / "db", IndexFacts("kerastl_mini", "none", 3, str(tmp_path)))) == 0


def test_a_table_with_rows_is_never_thrown_away(vector_index, tmp_path):
    folder = vector_index([[1, 0]]).folder
    (folder / "index.json").unlink()
    with pytest.raises(KerastlError, match=r"is a table with rows, and index\.json, which says what they are, is gone"):
        Index.of_facts(folder, IndexFacts("kerastl_mini", "none", 2, str(tmp_path)))


def test_an_index_that_is_open_stays_as_it_is(vector_index):
    before = vector_index([[1, 0], [0, 1]])
    Index(before.folder).table.remove(["000000.jpg"])
    assert len(before.paths()) == len(before.vectors()) == 2
    assert Index(before.folder).paths() == ["000001.jpg"]


def test_nothing_to_make_an_index_of(tmp_path):
    with pytest.raises(UsageError, match="there is no index here yet; name the images"):
        build([], tmp_path / "db")
    assert not (tmp_path / "db").exists()
