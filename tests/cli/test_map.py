import pytest

from kerastl.cli import run


@pytest.fixture
def folder(image, tmp_path):
    for name, color in (("red", (250, 9, 9)), ("blue", (9, 9, 250))):
        for number in range(2):
            image(f"data/{name}/{number}.png", color)
    return tmp_path / "data"


def test_a_map_is_written(folder, color_model, tmp_path, capfd):
    output = tmp_path / "map.html"
    assert run(["map", str(folder), "--model", str(color_model), "--output", str(output), "--layout", "pca"]) == 0
    assert capfd.readouterr().out == f"{output}: 4 images, 0 of them mistakes\n"
    assert output.read_text().startswith("<!DOCTYPE html>")


def test_what_cannot_be_read_is_named(folder, color_model, tmp_path, capfd):
    broken = folder / "red" / "broken\n.png"
    broken.write_text("no image")
    output = tmp_path / "map.html"
    assert run(["map", str(folder), "-m", str(color_model), "-o", str(output), "--layout", "pca", "--limit", "9"]) == 1
    found = capfd.readouterr()
    assert found.out == f"{output}: 4 images, 0 of them mistakes\n"
    assert f"kerastl: {folder}/red/broken\\n.png: a text file, not an image" in found.err.splitlines()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "a map is of data or of an index (--db DIR): give one of them"),
        (["data", "--db", "images.db"], "a map is of data or of an index (--db DIR): give one of them"),
        (
            ["--db", "images.db", "--features", "deep"],
            "have vectors of their own model already: leave features out",
        ),
        (["data", "--layout", "mds"], "Invalid value for '--layout'"),
        (["data", "--limit", "20001"], "Invalid value for '--limit'"),
        (["data", "-o", "map.jpg"], "the file of a map must end in one of"),
    ],
)
def test_wrong_usage_is_one_line(arguments, reason, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["map", *arguments]) == 2
    error = capfd.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("content", [None, "[]", '{"format": 99}'])
def test_what_is_no_index_is_one_line(content, capfd, tmp_path):
    pytest.importorskip("lancedb")
    (tmp_path / "db").mkdir()
    if content is not None:
        (tmp_path / "db" / "index.json").write_text(content)
    assert run(["map", "--db", str(tmp_path / "db"), "-o", str(tmp_path / "map.html")]) in (1, 2)
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert str(tmp_path / "db") in error
    assert not (tmp_path / "map.html").exists()
