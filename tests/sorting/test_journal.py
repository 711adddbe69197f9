import os

import pytest

from kerastl.errors import KerastlError, UsageError
from kerastl.sorting import undo_sort
from kerastl.sorting._journal import Journal, Row, check_unfinished

HEAD = "number,action,from,to,label,score,sha256\n"


def written(folder, *rows, text=""):
    (folder / "sort.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows) + text)
    return folder


def test_rows_come_back_as_they_were_written(tmp_path):
    rows = [
        Row("start", label="a model"),
        Row("copy", 'in/"quoted", and\nmore\r\n', "cat/a", "=1+1", "0.5", "ab", "1"),
        Row("move", os.fsdecode(b"/caf\xe9"), "cat/b", "Übung", "1", "", "2"),
    ]
    journal = Journal(tmp_path)
    for row in rows:
        journal.append([row])
    assert Journal(tmp_path).rows == rows
    assert (tmp_path / "sort.csv").read_bytes().startswith(HEAD.encode())


@pytest.mark.parametrize("torn", ["2", "2,copy,/in/b,cat/b,c", '2,copy,"/in/b\n', '2,copy,"/in/b\n\n","x'])
def test_half_a_row_that_a_killed_process_left_is_cut_off(tmp_path, torn):
    written(tmp_path, "1,copy,/in/a,cat/a,cat,1,", text=torn)
    journal = Journal(tmp_path)
    assert [row.source for row in journal.rows] == ["/in/a"]
    journal.append([Row("end")])
    assert (tmp_path / "sort.csv").read_text() == f"{HEAD}1,copy,/in/a,cat/a,cat,1,\n,end,,,,,\n"


def test_what_was_undone_or_failed_is_over():
    journal = Journal.__new__(Journal)
    journal.rows = [
        Row("folder", target="cat"),
        Row("move", "/in/a", "cat/a", number="1"),
        Row("copy", "/in/b", "cat/b", number="2"),
        Row("link", "/in/c", "cat/c", number="3"),
        Row("failed", "/in/b", "cat/b"),
        Row("undo", "/in/a", "cat/a"),
        Row("move", "/in/d", "cat/a", number="4"),
        Row("move", "/in/d.xmp", "cat/d.xmp", number="4"),
    ]
    assert [(to, row.source) for to, row in journal.open_rows().items()] == [
        ("cat", ""),
        ("cat/c", "/in/c"),
        ("cat/a", "/in/d"),
        ("cat/d.xmp", "/in/d.xmp"),
    ]
    assert [row.source for row in journal.last_image()] == ["/in/d", "/in/d.xmp"]
    assert journal.images == 4


def test_a_run_that_was_interrupted_goes_on_with_the_same_model_only(tmp_path):
    written(tmp_path, ",start,,,colors,0,", "1,copy,/in/a,cat/a,cat,1,")
    journal = Journal(tmp_path)
    with pytest.raises(UsageError, match="was interrupted; --resume goes on with it, --undo takes it back"):
        check_unfinished(journal, resume=False, model="colors", action="copy")
    with pytest.raises(UsageError, match=r"was begun with the model 'colors'\. Received: 'other'"):
        check_unfinished(journal, resume=True, model="other", action="copy")
    check_unfinished(journal, resume=True, model="colors", action="copy")
    journal.append([Row("end")])
    check_unfinished(journal, resume=False, model="other", action="copy")


def test_a_run_goes_on_with_the_same_action_only(tmp_path):
    """`--resume` without `--move` would copy the rest. The second row is a sidecar that another image needs, too."""
    rows = [
        "1,copy,/in/a,cat/a,cat,1,",
        ",start,,,colors,0,",
        "2,move,/in/b,cat/b,cat,1,",
        "2,copy,/in/b.xmp,cat/b.xmp,,,",
    ]
    journal = Journal(written(tmp_path, *rows))
    with pytest.raises(UsageError, match=r"was begun with the action move\. Received: copy"):
        check_unfinished(journal, resume=True, model="colors", action="copy")
    check_unfinished(journal, resume=True, model="colors", action="move")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,label\na,b\n", "is no journal of kerastl sort; take another folder"),
        ("a list of mine", "is no journal of kerastl sort; take another folder"),
        ('he said: "hello\n', "is no journal of kerastl sort; take another folder"),
        (f"{HEAD}1,copy\n", "record 2 has 2 cells instead of 7"),
        (f"{HEAD}1,copy,/a\0b,c,,,\n", "record 2 holds a null byte"),
        (f"{HEAD}1,copy,/a\rb,c,,,\n", "record 2 has 3 cells instead of 7"),
        (f"{HEAD}1,copy,{'a' * 200_000},c,,,\n", "record 2 cannot be read"),
        (f"{HEAD},start,,,m,0,\n1,shrink,/a,c,,,\n", "record 3 has an action that is unknown here: 'shrink'"),
        (f"{HEAD},folder,,../home,,,\n", "record 2 leads out of the folder with '..'"),
    ],
)
def test_what_is_no_journal_is_said(tmp_path, content, message):
    (tmp_path / "sort.csv").write_text(content)
    for work in (Journal, undo_sort):
        with pytest.raises(KerastlError, match=message):
            work(tmp_path)
    assert (tmp_path / "sort.csv").read_bytes() == content.encode()


@pytest.mark.parametrize("begun", ["", HEAD[:20], HEAD[:-1]])
def test_a_first_row_that_a_killed_process_began_is_begun_again(tmp_path, begun):
    (tmp_path / "sort.csv").write_text(begun)
    Journal(tmp_path).append([Row("end")])
    assert (tmp_path / "sort.csv").read_text() == f"{HEAD},end,,,,,\n"


def test_links_and_pipes_are_no_journals(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "sort.csv").symlink_to(written(tmp_path) / "sort.csv")
    with pytest.raises(KerastlError, match="is a link"):
        Journal(tmp_path / "a")
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / "sort.csv")
    with pytest.raises(KerastlError, match="is no regular file"):
        Journal(tmp_path / "b")


def test_a_journal_from_elsewhere_puts_no_programs_into_other_folders(tmp_path):
    out, home = tmp_path / "out", tmp_path / "home"
    out.mkdir()
    home.mkdir()
    (out / "evil.sh").write_text("#!/bin/sh")
    (out / "evil.jpg").write_text("#!/bin/sh")
    rows = [f"1,move,{home}/.profile,evil.sh,a,1,", f"2,move,{home}/.bashrc,evil.jpg,a,1,"]
    written(out, *rows)
    assert ["neither an image nor a sidecar" in file.error for file in undo_sort(out)] == [True, True]
    assert list(home.iterdir()) == []
    (home / "id_rsa").write_text("secret")  # nor is what is no image brought out of one under the name of an image
    written(out, f"1,move,{out}/a.jpg,{home}/id_rsa,a,1,")
    assert "neither an image nor a sidecar" in undo_sort(out)[0].error
    (home / "id_rsa").unlink()
    (home / "lock").touch()
    written(out, f"1,undoing,{home}/lock,evil.sh,a,1,")
    undo_sort(out)
    assert [path.name for path in home.iterdir()] == ["lock"]
