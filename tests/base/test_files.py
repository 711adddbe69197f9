import os
import stat
from pathlib import Path

import pytest

from kerastl._base.files import check_folder, check_target, replacing, write_text
from kerastl.errors import KerastlError, UsageError


def test_a_file_is_replaced_whole(tmp_path):
    target = tmp_path / "a.json"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.suffix == ".json"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail():
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    write_text(tmp_path / "t", "ä\n")
    assert (tmp_path / "t").read_bytes() == b"\xc3\xa4\n"


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "deep").mkdir()
    target, link = tmp_path / "deep" / "model.keras", tmp_path / "link.keras"
    target.write_text("old")
    link.symlink_to("deep/model.keras")
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    (tmp_path / "dangling").symlink_to("deep/later")
    write_text(tmp_path / "dangling", "made")
    assert (tmp_path / "deep" / "later").read_text() == "made"
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["later", "model.keras"]


def test_a_link_in_a_circle_is_an_error_and_stays(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        write_text(tmp_path / "loop", "x")
    assert (tmp_path / "loop").is_symlink()
    with pytest.raises(KerastlError, match=r"--output .*loop: cannot be written"):
        check_target(tmp_path / "loop", "--output")


def test_devices_are_written_into():
    before = Path(os.devnull).stat().st_mode
    write_text(os.devnull, "x")
    assert Path(os.devnull).stat().st_mode == before
    check_target(os.devnull, "--output")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_written_into(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / "pipe", "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there is no /dev/fd here")
def test_an_open_file_is_written_into_and_keeps_what_is_in_it(tmp_path):
    with (tmp_path / "log").open("ab") as stream:
        stream.write(b"before ")
        stream.flush()
        write_text(f"/dev/fd/{stream.fileno()}", "and after")
    assert (tmp_path / "log").read_text() == "before and after"


def test_permissions_stay(tmp_path):
    (tmp_path / "private").write_text("old")
    (tmp_path / "private").chmod(0o600)
    write_text(tmp_path / "private", "new")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_a_read_only_file_is_not_replaced(tmp_path, monkeypatch):
    target = tmp_path / "model.keras"
    target.write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError, match=r"read-only.*model\.keras"):
        write_text(target, "new")
    with pytest.raises(KerastlError, match=r"^--output .*model\.keras: cannot be written \(it is read-only\)$"):
        check_target(target, "--output")
    assert target.read_text() == "old"


def test_errors_name_the_target_and_not_the_temporary_file(tmp_path):
    with pytest.raises(FileNotFoundError) as found:
        write_text(tmp_path / "no" / "a.txt", "x")
    assert found.value.filename == str(tmp_path / "no" / "a.txt")
    with pytest.raises(OSError, match="No space") as found, replacing(tmp_path / "b.txt"):
        raise OSError(28, "No space left on device")
    assert found.value.filename == str(tmp_path / "b.txt")
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path, "x")
    with pytest.raises(FileNotFoundError) as found, replacing(tmp_path / "b.txt"):
        (tmp_path / "other.txt").read_text()
    assert found.value.filename == str(tmp_path / "other.txt")


def test_the_longest_name_can_be_written(tmp_path):
    for name in ("n" * 251 + ".csv", "猫" * 83 + ".csv"):
        write_text(tmp_path / name, "x")
        check_target(tmp_path / name, "--output")
    with pytest.raises(KerastlError, match="cannot be written"):
        check_target(tmp_path / ("n" * 300), "--output")
    with pytest.raises(KerastlError, match="cannot be written"):
        check_folder(tmp_path / ("n" * 300), "--output")


def test_targets_that_cannot_be_written_are_told_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for target in (tmp_path, tmp_path / "no" / "x", tmp_path / "file" / "x", f"{tmp_path}/x/"):
        with pytest.raises(UsageError, match="--output"):
            check_target(target, "--output")
    for folder in (tmp_path / "file", tmp_path / "file" / "deep" / "er"):
        with pytest.raises(UsageError, match="--report"):
            check_folder(folder, "--report")
    check_target(tmp_path / "new", "--output")
    check_folder(tmp_path / "new" / "and" / "deep", "--report")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    for check in (check_target, check_folder):
        with pytest.raises(KerastlError, match=r"cannot be written \(Read-only file system\)") as found:
            check(tmp_path / "new", "--output")
        assert found.value.exit_code == 1


def test_any_name_can_stand_in_a_text_file(tmp_path):
    write_text(tmp_path / "t", "caf\udce9 \ud83d")
    assert (tmp_path / "t").read_bytes() == b"caf\xe9 \\ud83d"
