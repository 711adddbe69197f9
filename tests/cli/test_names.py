"""Names that want to be something else than names, in every output of the command line."""

import csv
import io
import json
import shutil

import pytest

from kerastl.cli import run
from kerastl.images import Resize
from kerastl.models import _metadata as metadata
from kerastl.models._labels import Classification, LabelSet, Prediction

# Each tries one thing: markup, a line of its own, an escape sequence, a formula, HTML, the other direction, a byte.
NAMES = ("[bold]red[/]", "a\vkerastl: all well\x1b]0;title\x07", "=cmd|' /C calc'!A0")
SHOWN = ("[bold]red[/]", "a\\x0bkerastl: all well\\x1b]0;title\\x07", "=cmd|' /C calc'!A0")
OTHERS = ("<script>alert(1)</script>", "gpj.\u202eevil", "caf\udce9")
OTHERS_SHOWN = ("<script>alert(1)</script>", "gpj.\\u202eevil", "caf\\xe9")


@pytest.fixture(params=[(NAMES, SHOWN), (OTHERS, OTHERS_SHOWN)], ids=["signs", "letters"])
def model(request, color_model, tmp_path):
    """The color model with such names as classes; the folder, the names, and how they are shown."""
    names, shown = request.param
    folder = tmp_path / "run [red]"
    shutil.copytree(color_model, folder)
    described = metadata.Metadata("col[ours]\r\x1b[2J", LabelSet(names), Resize(32, 32, "crop", 1.0))
    metadata.update(folder / metadata.MODEL_FILE, described)
    return folder, names, shown


@pytest.fixture
def table(image, tmp_path):
    """Labeled images in a table, since folders cannot have every name; as many wrong answers as right ones."""

    def make(names):
        rows = ["path,label"]
        for number, (name, color) in enumerate(zip(names, ("red", (0, 255, 0), "blue"), strict=True)):
            for copy in range(2):
                file = f"data/{number}{copy} [b]\u202e.png"
                image(file, color if copy else "red", (30 + copy, 30 + number))
                rows.append(f'"{file.removeprefix("data/")}","{name}"')
        (tmp_path / "data" / "table.csv").write_text("\n".join(rows), encoding="utf-8")
        return tmp_path / "data"

    return make


def test_classify_shows_them_and_hands_them_on(model, image, capfd):
    folder, names, shown = model
    path = image("a.png", "red")
    assert run(["classify", str(path), "--model", str(folder), "-k", "3"]) == 0
    out, err = capfd.readouterr()
    assert out == f"{path}: {shown[0]} 100.0 %, {shown[1]} 0.0 %, {shown[2]} 0.0 %\n"
    assert "\x1b" not in err

    assert run(["classify", str(path), "--model", str(folder), "-k", "3", "--format", "json"]) == 0
    out = capfd.readouterr().out
    assert out.isascii()
    assert [one["label"] for one in json.loads(out)[0]["predictions"]] == list(names)


def test_csv_has_the_names_and_a_safe_form_for_spreadsheets(model, image, tmp_path):
    folder, names, _ = model
    path, target = image("a.png", "red"), tmp_path / "out.csv"
    arguments = ["classify", str(path), "--model", str(folder), "--format", "csv", "-o", str(target)]

    def labels(*more):
        assert run([*arguments, *more]) == 0
        text = target.read_bytes().decode("utf-8", "surrogateescape")
        return [row["label"] for row in csv.DictReader(io.StringIO(text, newline=""))]

    assert labels() == list(names)
    assert labels("--csv-safe") == [f"'{name}" if name.startswith("=") else name for name in names]


def test_evaluate_and_its_report(model, table, tmp_path, capfd):
    folder, names, shown = model
    if "\udce9" in names[2]:
        names = (*names[:2], "unknown")  # tables are UTF-8
    data, report = table(names), tmp_path / "report"
    arguments = ["evaluate", str(folder), str(data), "--report", str(report), "--mistakes", "2"]
    assert run(arguments) == 0
    out, err = capfd.readouterr()
    assert f"{shown[1]} taken for {shown[0]}: 1, 50.0 % of {shown[1]}" in out
    assert not {"\x1b", "\u202e", "\r"} & set(out + err)
    page = (report / "report.html").read_bytes().decode("utf-8")
    assert "<script" not in page
    assert not {"\x1b", "\u202e", "\r"} & set(page)
    with (report / "predictions.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["label"] for row in rows} <= set(names)
    assert json.loads((report / "evaluation.json").read_bytes())["images"] == len(rows)


def test_explain_writes_files_with_harmless_names(model, image, tmp_path, capfd):
    folder, _, _ = model
    assert run(["explain", str(image("a [b].png", "red")), "--model", str(folder), "-o", str(tmp_path / "x")]) == 0
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 1
    assert "\x1b" not in out + err


def test_a_name_of_a_megabyte_fills_no_screen(image, tmp_path, capfd):
    long = "r" * 1_000_000
    answer = str(Classification("a.png", "m", (Prediction(long, 0.5, 0),)))
    assert answer.startswith("a.png: rrr")
    assert answer.endswith("rrr 50.0 %")
    assert "… (1,000,000 letters) …" in answer
    assert len(answer) < 300
    assert run(["classify", str(image("a.png", "red")), "--model", f"/{long}"]) != 0
    assert run(["check", str(tmp_path / long)]) != 0
    err = capfd.readouterr().err
    assert len(err.splitlines()) == 2
    assert len(err) < 10_000


def test_errors_cannot_write_lines_of_their_own(capfd):
    name = "no\nkerastl: all well\x1b[2J\u202e\udce9"
    assert run(["check", name]) != 0
    assert run(["classify", name, "--model", name]) != 0
    err = capfd.readouterr().err
    assert err.isprintable() or err.replace("\n", "").isprintable()
    assert len(err.splitlines()) == 2


def test_a_class_whose_name_is_no_text_survives_a_run_folder(color_model, tmp_path):
    from kerastl.data import Dataset, Item, read_split, write_split
    from kerastl.finetuning._outputs import write_metrics

    folder = tmp_path / "run"
    shutil.copytree(color_model, folder)
    names = ("caf\udce9", "\ud83d", "日本")
    metadata.update(
        folder / metadata.MODEL_FILE, metadata.Metadata("m\udce9", LabelSet(names), Resize(32, 32, "crop", 1.0))
    )
    assert metadata.read_metadata(folder / metadata.MODEL_FILE).labels.names == names
    write_metrics(folder, {"names": names, "val_loss": float("nan")})
    assert json.loads((folder / "metrics.json").read_bytes())["val_loss"] is None

    items = tuple(Item(f"{name}/a.png", name, "train") for name in ("caf\udce9", "cr\rname", "日本"))
    for item in items:
        (tmp_path / item.path).parent.mkdir()
        (tmp_path / item.path).write_text("")
    write_split(Dataset(tmp_path, tuple(sorted(item.label for item in items)), items, "as given"), folder / "split.csv")
    assert {item.label for item in read_split(folder / "split.csv", tmp_path).items} == {item.label for item in items}


def test_a_progress_bar_takes_any_name(monkeypatch):
    import sys

    from kerastl._progress import Reporter
    from kerastl._progress import bars as bars

    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(bars, "PATIENCE", 0)
    reporter = Reporter()
    with reporter.stage("[red]\n[/oops] \x1b]0;t\x07", 2) as stage:
        stage.update(1)
        reporter._show.ready()
        reporter._show.tick([stage])
        assert reporter._show.visible
        reporter.say("a\nb [/]")
        reporter._show._bars.refresh()
    assert "[red]\\n[/oops]" in stream.getvalue()
    assert "a\\nb [/]" in stream.getvalue()
    assert "\x1b]0" not in stream.getvalue()


def test_rows_of_csv_are_harmless_on_a_terminal():
    from kerastl.cli._output import for_terminal

    assert for_terminal('a.png,1,"x\x1b[2J\r"\nb\u202e.png,"two\nlines"\n').splitlines() == [
        'a.png,1,"x\\x1b[2J\\r"',
        'b\\u202e.png,"two',
        'lines"',
    ]
