import json
import os
import socket
import subprocess
import sys
import time

import pytest

from kerastl.errors import UsageError
from kerastl.training._callback import RunCallback
from kerastl.training._lock import LOCK, locked


class Notes(RunCallback):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)

    warn = say


@pytest.fixture
def mine(tmp_path):
    """The lock of this process, as it stands in the file."""
    with locked(tmp_path, RunCallback()):
        return json.loads((tmp_path / LOCK).read_text())


def test_a_second_run_is_refused_by_the_name_of_the_first(tmp_path):
    with locked(tmp_path, RunCallback()):
        said = f"is in use by process {os.getpid()} on {socket.gethostname()} since 20"
        with pytest.raises(UsageError, match=said), locked(tmp_path, RunCallback()):
            pass
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()


def test_it_is_given_back_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path, RunCallback()):
        _ = 1 / 0
    with locked(tmp_path, RunCallback()):
        pass


def test_another_process_holds_it_until_it_ends(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from kerastl.training._callback import RunCallback\n"
        "from kerastl.training._lock import locked\n"
        "with locked(Path(sys.argv[1]), RunCallback()):\n"
        "    print('locked', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"locked\n"
        with pytest.raises(UsageError, match=f"process {child.pid} on .*wait for it"), locked(tmp_path, RunCallback()):
            pass
        child.kill()
        # Nobody has asked yet how it ended: its number is still taken.
        notes, deadline = Notes(), time.monotonic() + 10
        while True:
            try:
                with locked(tmp_path, notes):
                    break
            except UsageError:
                assert time.monotonic() < deadline
    finally:
        child.kill()
        child.communicate()
    (said,) = notes.said
    assert said.startswith(f"the lock of process {child.pid} on {socket.gethostname()} since 20")
    assert said.endswith(" is taken over: that process has ended")


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ({}, False),
        ({"process": 2**22 + 7}, True),
        ({"process": -1}, True),
        ({"process": 2**80}, True),
        ({"start": "1"}, True),  # the number is in use again, by a process that began at another time
        ({"boot": "another"}, True),
        ({"host": "elsewhere"}, False),
        ({"host": "elsewhere", "process": 2**22 + 7}, False),
    ],
)
def test_locks_of_processes_that_are_gone_are_taken_over(tmp_path, mine, changed, stale):
    (tmp_path / LOCK).write_text(json.dumps({**mine, **changed}))
    if stale:
        with locked(tmp_path, Notes()):
            assert json.loads((tmp_path / LOCK).read_text())["process"] == os.getpid()
        return
    said = "if it has ended, remove " if "host" in changed else "wait for it"
    with pytest.raises(UsageError, match=said), locked(tmp_path, Notes()):
        pass
    assert (tmp_path / LOCK).exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"nonsense", b"{}", b'{"process": "x"}', b"[" * 5000])
def test_a_lock_that_says_nothing_counts_while_it_may_still_be_written(tmp_path, content):
    (tmp_path / LOCK).write_bytes(content)
    with pytest.raises(UsageError, match="in use by an unknown process"), locked(tmp_path, Notes()):
        pass
    os.utime(tmp_path / LOCK, (0, 0))
    notes = Notes()
    with locked(tmp_path, notes):
        pass
    assert "an unknown process" in notes.said[0]


def test_where_no_lock_can_be_made_nobody_is_kept_out(tmp_path, monkeypatch):
    def fails(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kerastl.training._lock.os.open", fails)
    with locked(tmp_path, RunCallback()), locked(tmp_path, RunCallback()):
        pass
    assert not (tmp_path / LOCK).exists()
