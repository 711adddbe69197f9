import json

import pytest

from kerastl.cli import run


@pytest.fixture
def sort(color_model, capfd):
    """Run `kerastl sort` with the color model; exit code, standard output, standard error."""

    def call(*arguments, model=("--model", color_model)):
        code = run(["sort", *map(str, (*model, *arguments))])
        return code, *capfd.readouterr()

    return call


def test_a_line_an_image_and_what_was_done_in_the_end(sort, image, tmp_path):
    red, black = image("in/a.png", "red"), image("in/b.png", "black")
    (tmp_path / "in" / "a.xmp").write_text("sidecar")
    (tmp_path / "in" / "notes.txt").write_text("no sidecar")
    out = tmp_path / "out"
    code, printed, said = sort(tmp_path / "in", "--to", out, "--move", "--min-score", 0.5)
    assert (code, printed.splitlines()) == (
        0,
        [
            f"{red}: red 100.0 %, moved to {out}/red/a.png with 1 sidecar",
            f"{black}: red 33.3 %, left where it is",
        ],
    )
    assert said.splitlines() == [
        "kerastl: 1 image moved into 1 folder, 1 image left where it is, as unsure",
        "kerastl: 1 other file left out (.txt)",
    ]
    _, _, said = sort("--undo", out, "--dry-run", model=())
    assert said == "kerastl: 2 files would be put back or removed\n"
    code, printed, said = sort("--undo", out, model=())
    assert (code, sorted(printed.splitlines()), said) == (
        0,
        [f"{out}/red/a.png: moved back to {red}", f"{out}/red/a.xmp: moved back to {tmp_path}/in/a.xmp"],
        "kerastl: 2 files put back or removed\n",
    )
    assert not out.exists()


def test_a_dry_run_says_what_would_be_done(sort, image, tmp_path):
    path = image("a.png", "red")
    code, printed, said = sort(path, "--to", tmp_path / "out", "--dry-run", "--link")
    assert (code, printed) == (0, f"{path}: red 100.0 %, would be linked to {tmp_path}/out/red/a.png\n")
    assert said == "kerastl: 1 image would be linked into 1 folder\n"
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_read_stays_and_is_named(sort, image, tmp_path):
    path, broken = image("a.png", "red"), tmp_path / "b.jpg"
    broken.write_text("no image")
    code, printed, said = sort(path, broken, "--to", tmp_path / "out", "--move")
    assert (code, len(printed.splitlines()), broken.exists()) == (1, 1, True)
    first, *more = said.splitlines()
    assert first.startswith(f"kerastl: {broken}: ")
    assert more == ["kerastl: 1 image moved into 1 folder", "kerastl: 1 of 2 images could not be sorted"]


def test_a_mistyped_source_leaves_no_folder(sort, tmp_path):
    code, printed, said = sort(tmp_path / "photso", "--to", tmp_path / "out")
    assert (code, printed) == (1, "")
    assert said.splitlines() == [
        f"kerastl: {tmp_path}/photso: no such file",
        "kerastl: 1 of 1 images could not be sorted",
    ]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    sort(tmp_path / "photso", "--to", tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


def test_jsonl_has_an_object_an_image(sort, image, tmp_path, lines):
    path, missing = image("a.png", "red"), tmp_path / "none.png"
    code, printed, _ = sort(path, missing, "--to", tmp_path / "out", "--format", "jsonl")
    first, second = lines(printed)
    assert code == 1
    assert first == {
        "path": str(path),
        "label": "red",
        "score": pytest.approx(0.99990921, abs=1e-6),
        "unsure": False,
        "action": "copy",
        "to": f"{tmp_path}/out/red/a.png",
        "sidecars": [],
    }
    assert list(second) == ["path", "error"]
    code, printed, _ = sort("--undo", tmp_path / "out", "--format", "json", model=())
    assert json.loads(printed) == [{"path": f"{tmp_path}/out/red/a.png", "back": str(path), "action": "copy"}]


def test_what_cannot_be_undone_is_said(sort, image, tmp_path):
    path = image("a.png", "red")
    sort(path, "--to", tmp_path / "out", "--move")
    image("a.png", "blue")
    code, printed, said = sort("--undo", tmp_path / "out", model=())
    assert (code, printed) == (1, "")
    assert said.splitlines() == [
        f"kerastl: {tmp_path}/out/red/a.png: left there: there is another {path} by now",
        "kerastl: 1 of 1 files could not be put back or removed",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x"], "--to DIR is missing"),
        (["--to", "out"], "SOURCE is missing"),
        (["--undo", "out", "--min-score", "0.5"], "--undo takes back what was done, and excludes --min-score"),
        (["--undo", "out", "x"], "excludes SOURCE"),
        (["--undo", "nowhere"], "nowhere: holds no sort.csv, so that nothing was sorted there that could be undone"),
        (["x", "--to", "out", "--min-score", "2"], "--min-score"),
        (["x", "--to", "out", "--reject", "--precision", "fast"], "full precision only"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what(sort, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, said = sort(*arguments, model=())
    assert (code, printed) == (2, "")
    assert message in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
