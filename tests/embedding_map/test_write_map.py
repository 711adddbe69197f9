import json
import re

import numpy as np
import pytest

from kerastl.data._file_inspection import content_hashes
from kerastl.data._training_record import content_number
from kerastl.embedding_map import MapImages, write_map
from kerastl.errors import KerastlError, UsageError
from kerastl.finetuning._leave_one_out import KeptAnswers

COLORS = {"red": (250, 20, 20), "green": (20, 250, 20), "blue": (20, 20, 250)}


@pytest.fixture
def folder(image, tmp_path):
    """Three class folders of three images each; one green image lies among the red ones."""
    for name, color in COLORS.items():
        for number in range(3):
            image(f"data/{name}/{number}.png", tuple(value - number for value in color))
    image("data/red/0.png", COLORS["green"])
    return tmp_path / "data"


def data_of(file):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', file.read_text(), re.DOTALL)[1])


def names(column):
    return [column["names"][code] if code >= 0 else "" for code in column["codes"]]


def test_a_labeled_folder(folder, color_model, tmp_path):
    (folder / "blue" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    written = write_map(folder, tmp_path / "map.html", model=color_model, layout="pca")
    assert (written.count, written.layout, written.mistakes, written.notes) == (9, "pca", 1, ())
    assert list(written.failed) == [str(folder / "blue" / "broken.png")]
    found = data_of(tmp_path / "map.html")
    assert found["paths"] == [f"{name}/{number}.png" for name in sorted(COLORS) for number in range(3)]
    assert names(found["columnsOf"]["label"]) == [name for name in sorted(COLORS) for _ in range(3)]
    assert names(found["columnsOf"]["answer"]) == ["blue"] * 3 + ["green"] * 4 + ["red"] * 2
    assert [found["paths"][place] for place in found["mistakes"]] == ["red/0.png"]
    # logits are ten times the means as fractions of 255
    logits = 10 / 255 * np.array([20, 20, 250])
    expected = np.exp(logits[2]) / np.exp(logits).sum()
    assert found["scores"][0] == pytest.approx(expected, abs=1e-4)
    page = (tmp_path / "map.html").read_text()
    assert "not shown, since it cannot be read: 1 image<" in page
    assert "9 images, laid out by two principal components" in page


def test_the_same_map_is_the_same_file(folder, color_model, tmp_path):
    files = [tmp_path / f"{number}.html" for number in range(2)]
    for file in files:
        write_map(folder, file, model=color_model, layout="tsne", seed=5)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_images_without_labels(folder, color_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = write_map("data/red/*.png", tmp_path / "map.html", model=color_model, layout="pca")
    assert (written.count, written.mistakes) == (3, None)
    found = data_of(tmp_path / "map.html")
    assert found["paths"] == [f"data/red/{number}.png" for number in range(3)]
    assert list(found["columnsOf"]) == ["answer"]
    assert found["mistakes"] is None
    assert found["addresses"] == {"root": f"{tmp_path.as_uri()}/", "odd": {}}


def test_a_sample_is_said(folder, color_model, tmp_path):
    written = write_map(folder, tmp_path / "map.html", model=color_model, layout="pca", limit=6)
    assert written.count == 6
    assert written.notes == ("a sample: 6 of 9 images are shown (--limit takes more)",)
    found = data_of(tmp_path / "map.html")
    assert sorted(names(found["columnsOf"]["label"])) == sorted([*COLORS] * 2)


def test_an_index(folder, color_model, tmp_path):
    pytest.importorskip("lancedb")
    from kerastl.index import Index

    index = Index.create(tmp_path / "images.db", color_model, root=folder)
    index.add(folder)
    (folder / "green" / "1.png").unlink()
    written = write_map(output=tmp_path / "map.html", db=tmp_path / "images.db", layout="pca")
    assert written.count == 9
    assert list(written.failed.items()) == [(str(folder / "green" / "1.png"), "no such file")]
    found = data_of(tmp_path / "map.html")
    assert found["paths"] == index.paths()
    assert names(found["columnsOf"]["answer"]) == ["blue"] * 3 + ["green"] * 4 + ["red"] * 2
    assert "green/1.png</bdi>: no such file" in (tmp_path / "map.html").read_text()


def test_an_index_without_images(color_model, tmp_path):
    pytest.importorskip("lancedb")
    from kerastl.index import Index

    Index.create(tmp_path / "images.db", color_model)
    with pytest.raises(KerastlError, match="the index has no images"):
        write_map(output=tmp_path / "map.html", db=tmp_path / "images.db")


def test_a_run_answers_its_own_images_by_leave_one_out(folder, colored_model, tmp_path):
    labels = ("red", "green", "blue")
    run = colored_model("classification", labels, 10 * np.eye(3), [0, 0, 0], "softmax", data_fingerprint="these")
    trained = ["red/1.png", "blue/2.png"]
    hashes = content_hashes([folder / path for path in trained])
    kept = np.array([[0.1, 0.7, 0.2], [0.25, 0.25, 0.5]], np.float32)
    hashed = np.array([content_number(text) for text in hashes], np.uint64)
    KeptAnswers(hashed, np.arange(2), kept, "these").write(run)
    written = write_map(folder, tmp_path / "map.html", model=run, layout="pca")
    assert written.notes == ("2 images trained the model: answers on these are leave-one-out",)
    found = data_of(tmp_path / "map.html")
    pairs = zip(names(found["columnsOf"]["answer"]), found["scores"], strict=True)
    answers = dict(zip(found["paths"], pairs, strict=True))
    assert answers["red/1.png"] == ("green", 0.7)
    assert answers["blue/2.png"] == ("blue", 0.5)
    assert [found["paths"][place] for place in found["mistakes"]] == ["red/0.png", "red/1.png"]


def test_several_labels_an_image(folder, several_colors_model, tmp_path):
    (tmp_path / "labels.csv").write_text(
        "path,label\ndata/red/1.png,red|blue\ndata/green/1.png,blue|red\ndata/blue/1.png,blue\ndata/blue/2.png,\n"
    )
    written = write_map(tmp_path / "labels.csv", tmp_path / "map.html", model=several_colors_model, layout="pca")
    found = data_of(tmp_path / "map.html")
    assert [found["paths"][place] for place in found["mistakes"]] == ["data/green/1.png"]
    assert written.mistakes == 1


def test_numbers_have_no_colors(folder, number_model, tmp_path):
    rows = [f"data/red/{number}.png,{number}.25" for number in range(3)]
    (tmp_path / "ages.csv").write_text("\n".join(["path,age", *rows]) + "\n")
    written = write_map(tmp_path / "ages.csv", tmp_path / "map.html", model=number_model, layout="pca")
    assert written.mistakes is None
    assert data_of(tmp_path / "map.html")["columnsOf"] == {}
    assert written.notes == ("labels are numbers, which have no colors",)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_figures(two_groups, tmp_path, suffix):
    images = MapImages([f"{number}.png" for number in range(40)], two_groups, ["a", "b"] * 20)
    written = write_map(images, tmp_path / f"map{suffix}", layout="pca")
    assert written.count == 40
    beginning = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert (tmp_path / f"map{suffix}").read_bytes().startswith(beginning)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "give one of them"),
        ({"data": "d", "db": "i"}, "give one of them"),
        ({"db": "i", "model": "kerastl_mini"}, "leave model out"),
        ({"data": "d", "limit": 0}, "limit must be 1 to 20,000"),
        ({"data": "d", "seed": -1}, "seed 0 or more"),
        ({"data": "d", "layout": "mds"}, "layout must be one of"),
        ({"data": "d", "output": "map.gif"}, "must end in one of '.html', '.png', '.svg', '.pdf'"),
        ({"data": "d", "output": "no/map.html"}, "there is no folder"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_loaded(arguments, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kerastl.embedding.load_embedder", None)
    with pytest.raises(UsageError, match=reason):
        write_map(**arguments)


def test_where_no_image_can_be_read_nothing_is_written(color_model, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_text("no image")
    with pytest.raises(KerastlError, match=r"none of 1 image can be read; .*a\.jpg: a text file"):
        write_map(tmp_path / "data", tmp_path / "map.html", model=color_model)
    assert not (tmp_path / "map.html").exists()


def test_scores_that_are_none_are_shown_as_zero(two_groups, tmp_path):
    images = MapImages(["a", "b", "c"], two_groups[:3], None, ["x"] * 3, np.array([np.nan, np.inf, 1.0]), root=tmp_path)
    written = write_map(images, tmp_path / "map.html")
    assert data_of(tmp_path / "map.html")["scores"] == [0, 0, 1]
    assert list(written.failed.values()) == ["no such file"] * 3


def test_an_index_from_elsewhere(tmp_path, monkeypatch):
    """Paths that lead anywhere, names of any kind, and vectors that are none."""
    pa = pytest.importorskip("pyarrow")
    from kerastl.embedding_map import _of_index

    class Index:
        folder, root, values = tmp_path / "db", tmp_path, np.eye(5, 9, dtype=np.float32)

        def __init__(self, folder):
            pass

        def __len__(self):
            return 5

        def rows(self, columns):
            paths = ["/dev/zero", "../" * 40 + "etc/passwd", "http://127.0.0.1:9/a.png", "a\0b.png", "x" * 5000]
            more = {"label": ["</script><b>"] * 4 + [None], "predicted": ["\u2028"] * 5, "score": [None, 1, 2, 3, 4]}
            return pa.table({"path": paths, **more}).select(columns)

        def vectors(self):
            return self.values

    monkeypatch.setattr(_of_index, "Index", Index)
    written = write_map(output=tmp_path / "map.html", db="db")
    assert written.count == len(written.failed) == 5
    found = data_of(tmp_path / "map.html")
    assert names(found["columnsOf"]["label"]) == ["</script><b>"] * 4 + [""]
    assert found["addresses"]["odd"]["2"] == ""
    page = (tmp_path / "map.html").read_text()
    assert "<b>" not in page
    assert "\u2028" not in page
    monkeypatch.setattr(Index, "values", np.full((5, 9), np.nan, np.float32))
    with pytest.raises(KerastlError, match="db: the index has vectors that are not finite"):
        write_map(output=tmp_path / "map.html", db="db")
