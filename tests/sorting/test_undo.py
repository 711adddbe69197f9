import pytest

import kerastl
from kerastl.errors import UsageError
from kerastl.sorting import undo_sort


@pytest.fixture
def done(colors, photos, tmp_path):
    """Sort the photos; the folder, and the red image's old and new path."""

    def sort(action):
        kerastl.sort(photos, colors, to=tmp_path / "out", action=action)
        return tmp_path / "out", photos / "a.png", tmp_path / "out" / "red" / "a.png"

    return sort


def errors(folder):
    return {file.path: file.error for file in undo_sort(folder) if file.error is not None}


def test_what_has_come_to_a_moved_file_s_place_is_not_overwritten(done):
    out, before, after = done("move")
    before.write_text("new")
    content = after.read_bytes()
    assert errors(out) == {str(after): f"left there: there is another {before} by now"}
    assert (before.read_text(), after.read_bytes()) == ("new", content)
    # What could not be undone can be later.
    before.unlink()
    assert errors(out) == {}
    assert before.read_bytes() == content
    assert not out.exists()


def test_a_moved_file_that_was_edited_goes_back_as_it_is(done):
    out, before, after = done("move")
    content = after.read_bytes() + b"edited"
    after.write_bytes(content)
    assert errors(out) == {}
    assert before.read_bytes() == content


def test_a_moved_file_that_is_gone_is_said(done):
    out, _, after = done("move")
    after.unlink()
    assert errors(out) == {str(after): "is no longer there"}


def test_its_old_folder_is_made_again(done, photos):
    out, _, _ = done("move")
    (photos / "deep").rmdir()
    assert errors(out) == {}
    assert (photos / "deep" / "a.png").exists()


def test_a_copy_that_was_changed_or_is_the_last_one_stays(done, photos):
    out, before, after = done("copy")
    after.write_bytes(after.read_bytes() + b"edited")
    (photos / "sea.jpg").unlink()
    assert errors(out) == {
        f"{out}/blue/sea.jpg": f"left there: {photos}/sea.jpg, which it was copied from, is gone",
        str(after): "left there: it was changed since",
    }
    assert before.exists()
    assert sorted(path.name for path in out.rglob("*.*")) == ["a.png", "sea.jpg", "sort.csv"]


def test_a_link_that_was_replaced_stays(done):
    out, _, after = done("link")
    after.unlink()
    after.write_text("mine")
    assert errors(out) == {str(after): "left there: it is no longer the link that was made"}
    assert after.read_text() == "mine"


def test_copies_that_the_user_has_removed_are_no_problem(done):
    out, _, after = done("copy")
    after.unlink()
    assert errors(out) == {}
    assert not out.exists()


def test_folders_that_were_there_before_stay(colors, image, tmp_path):
    (tmp_path / "out" / "red").mkdir(parents=True)
    kerastl.sort(image("a.png", "red"), colors, to=tmp_path / "out")
    undo_sort(tmp_path / "out")
    assert [path.name for path in tmp_path.glob("out/**/*")] == ["red"]


def test_what_others_put_there_stays(done):
    out, _, _ = done("copy")
    (out / "red" / "mine.txt").write_text("mine")
    assert errors(out) == {}
    assert [path.name for path in out.rglob("*")] == ["red", "mine.txt"]


def test_nothing_to_undo_is_said(tmp_path):
    with pytest.raises(UsageError, match=r"holds no sort\.csv"):
        undo_sort(tmp_path)
