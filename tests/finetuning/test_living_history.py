"""`kerastl history`: what a model has learnt and forgotten, from a journal that anybody may have written."""

import json

import pytest

from kerastl.cli import run as kerastl_command
from kerastl.errors import ModelError, UsageError
from kerastl.finetuning import PastChange, past_changes
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata
from kerastl.models import _metadata as metadata_file

HEADER = "time,change,label,before,image\n"
ROWS = [
    "2026-11-26T18:00:00Z,forgotten,,red,0f3a9b21",
    "2026-11-26T18:00:00Z,forgotten,,red,1f3a9b21",
    "2026-11-26T18:05:00Z,relabeled,blue,red,2f3a9b21",
    "2026-11-26T18:06:00Z,learnt,teal,,3f3a9b21",
]


@pytest.fixture
def run(tmp_path):
    """What a run folder must hold for this: a model, and a journal."""
    import keras

    layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    keras.Sequential(layers).save(tmp_path / "model.keras")
    metadata_file.embed_metadata(tmp_path / "model.keras", Metadata("m", LabelSet(("blue", "red")), Resize(8, 8)))
    (tmp_path / "changes.csv").write_text(HEADER + "\n".join(ROWS) + "\n")
    return tmp_path


def test_images_with_the_same_fate_are_one_line(run, capsys):
    assert kerastl_command(["history", str(run)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-11-26 18:00:00  forgotten      2 images  red",
        "2026-11-26 18:05:00  relabeled      1 image   red -> blue",
        "2026-11-26 18:06:00  learnt         1 image   teal",
    ]


def test_json_has_each_image(run, capsys):
    assert kerastl_command(["history", str(run), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(run)
    assert [one["image"] for one in found["changes"]] == ["0f3a9b21", "1f3a9b21", "2f3a9b21", "3f3a9b21"]
    assert past_changes(run)[2] == PastChange("2026-11-26T18:05:00Z", "relabeled", "blue", "red", "2f3a9b21")


def test_nothing_has_changed_where_there_is_no_journal(run, capsys):
    (run / "changes.csv").unlink()
    assert past_changes(run) == ()
    assert kerastl_command(["history", str(run)]) == 0
    assert "nothing has changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("yesterday,forgotten,,red,0f3a9b21", "line 6 has no time"),
        ("2026-11-26T18:07:00Z,eaten,,red,0f3a9b21", "line 6 has an unknown change 'eaten'"),
        ("2026-11-26T18:07:00Z,forgotten,blue,red,0f3a9b21", "line 6 names other classes"),
        ("2026-11-26T18:07:00Z,learnt,,,0f3a9b21", "line 6 names other classes"),
        ("2026-11-26T18:07:00Z,learnt,red,,../../etc", "line 6 has no image"),
        ("2026-11-26T18:07:00Z,learnt,red", "no journal"),
    ],
)
def test_a_journal_that_is_none_is_refused_in_a_line(run, row, reason, capsys):
    with (run / "changes.csv").open("a") as stream:
        stream.write(f"{row}\n")
    with pytest.raises(ModelError, match=reason):
        past_changes(run)
    assert kerastl_command(["history", str(run)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_names_of_classes_cannot_write_on_the_terminal(run, capsys):
    with (run / "changes.csv").open("a") as stream:
        stream.write("2026-11-26T18:07:00Z,learnt,\x1b[31mred,,0f3a9b21\n")
    assert kerastl_command(["history", str(run)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_journal_is_no_link_and_no_other_bytes(run, tmp_path):
    (run / "changes.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="cannot be read"):
        past_changes(run)
    (run / "changes.csv").unlink()
    (run / "changes.csv").symlink_to(run / "elsewhere.csv")
    (run / "elsewhere.csv").write_text(HEADER)
    with pytest.raises(ModelError, match="cannot be read"):
        past_changes(run)


def test_it_is_of_a_run(run, tmp_path, capsys):
    with pytest.raises(UsageError, match="must be the folder of a run"):
        past_changes(run / "model.keras")
    (run / "model.keras").unlink()
    assert kerastl_command(["history", str(run)]) == 1
    assert "holds no model.keras" in capsys.readouterr().err
