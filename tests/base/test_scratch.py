import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from kerastl._base import processes, scratch
from kerastl._base.files import write_text

HERE, ELSEWHERE = processes.host(), "0" * 8
AGES = 8 * 24 * 3600


@pytest.fixture
def gone():
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(path):
    os.utime(path, (time.time() - AGES,) * 2)


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path, gone):
    left = [f".{gone}-{HERE}01234567.model.keras", f".{gone}-{HERE}0123abcd.a", f".{gone}-{ELSEWHERE}01234567.old"]
    users = [
        f".{gone}-01234567.model.keras",  # no machine
        f".{gone}-{ELSEWHERE}01234567.new",  # a machine that nothing is known of
        f".{os.getppid()}-{HERE}01234567.x",  # of a process at work
        f".{os.getpid()}-{HERE}01234567.x",  # of this one
        f"{gone}-{HERE}01234567.x",
        f".{gone}-{HERE}01234567.",
        f".{gone}-{HERE}01234567x.y",
    ]
    for name in left + users:
        (tmp_path / name).touch()
    aged(tmp_path / left[-1])
    (tmp_path / f".{gone}-{HERE}76543210.folder").mkdir()
    write_text(tmp_path / "model.keras", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*users, "model.keras", f".{gone}-{HERE}76543210.folder"]
    )


def test_a_link_with_such_a_name_goes_and_what_it_leads_to_stays(tmp_path, temporary, gone):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "image.jpg").touch()
    for name in (f".{gone}-{HERE}01234567.x", f"kerastl-{gone}-{HERE}01234567"):
        (tmp_path / name).symlink_to("mine")
    with scratch.temporary_folder():
        write_text(tmp_path / "y", "y")
    assert (tmp_path / "mine" / "image.jpg").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "y"]


def test_temporary_folders_of_killed_processes_go_and_no_others(temporary, gone):
    for name in (f"kerastl-{gone}-{HERE}01234567", "kerastl-abc_d12x", f"kerastl-{os.getppid()}-{HERE}01234567"):
        (temporary / name).mkdir()
        (temporary / name / "weights").touch()
    with scratch.temporary_folder() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700 or sys.platform == "win32"
        (folder / "deep").mkdir()
    assert sorted(path.name for path in temporary.iterdir()) == [
        f"kerastl-{os.getppid()}-{HERE}01234567",
        "kerastl-abc_d12x",
    ]


def test_a_number_that_is_used_again_is_no_sign_of_life(tmp_path, monkeypatch):
    left = tmp_path / f".{os.getpid()}-{HERE}01234567.x"
    left.touch()
    aged(left)
    write_text(tmp_path / "x", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner here")
def test_what_others_left_stays(tmp_path, monkeypatch, gone):
    (tmp_path / f".{gone}-{HERE}01234567.x").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    write_text(tmp_path / "x", "x")
    assert (tmp_path / f".{gone}-{HERE}01234567.x").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of another kind there")
@pytest.mark.parametrize(("number", "left"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, 1)])
def test_a_folder_goes_with_its_process(tmp_path, number, left):
    code = (
        "import time; from kerastl._base.scratch import temporary_folder\n"
        "with temporary_folder() as folder:\n"
        "    (folder / 'x').touch(); print('there', flush=True); time.sleep(60)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout.readline() == b"there\n"
    child.send_signal(number)
    child.wait(10)
    child.stdout.close()
    assert len(list(tmp_path.iterdir())) == left
    subprocess.run([sys.executable, "-c", code.replace("time.sleep(60)", "")], env=environment, check=True)
    assert not list(tmp_path.iterdir())
