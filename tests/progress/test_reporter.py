"""Who is told of stages, and where."""

import io
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from kerastl import _progress as progress
from kerastl._base import stderr
from kerastl._progress import Reporter
from kerastl._progress.bars import Bars
from kerastl.errors import UsageError


def wait_for(holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_stage_is_told_while_it_is_under_way(monkeypatch):
    written = []
    monkeypatch.setattr(stderr, "write", written.append)
    reporter = Reporter(2)
    with reporter.stage("counting", 7, patience=0) as stage:
        stage.advance(3)
        wait_for(lambda: written)
    assert written[0] == "counting ...\n"
    assert written[-1].startswith("counting: 3 in ")
    wait_for(lambda: not any(thread.name == "kerastl-progress" for thread in threading.enumerate()))


def test_quiet_people_hear_warnings_only(capsys):
    reporter = Reporter(0, detail=True)
    reporter.say("said")
    reporter.detail("more")
    with reporter.stage("counting", patience=0):
        pass
    reporter.warn("careful")
    assert capsys.readouterr() == ("", "warning: careful\n")


def test_details_are_for_those_who_ask(capsys):
    for detail in (False, True):
        reporter = Reporter(1, detail=detail)
        reporter.say("said")
        reporter.detail("more")
    assert capsys.readouterr().err == "said\nsaid\nmore\n"


@pytest.mark.parametrize("verbose", [3, -1, "yes", None])
def test_verbose_is_as_in_keras(verbose):
    with pytest.raises(UsageError, match="verbose must be 'auto', 0, 1 or 2"):
        Reporter(verbose)


def test_stages_go_to_the_reporter_that_was_set_and_back():
    assert progress.chosen() is None
    outer, inner = Reporter(0), Reporter(0)
    with progress.reporting(outer):
        with progress.reporting(inner):
            assert progress.current() is inner
        assert progress.current() is outer
    assert progress.chosen() is None


def test_nobody_reads_is_no_error(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        Reporter(2).say("said")
        assert not stderr.is_terminal()


def test_a_notebook_gets_lines_below_its_cell(monkeypatch, capsys):
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(stderr, "is_terminal", lambda: True)
    reporter = Reporter()
    reporter.say("said")
    assert not reporter.has_bars
    assert capsys.readouterr() == ("said\n", "")


def test_what_native_libraries_say_goes_nowhere_and_what_we_say_does_not():
    code = (
        "import os\n"
        "from kerastl._base import stderr\n"
        "with stderr.native_stderr_silenced():\n"
        "    os.write(2, b'native\\n')\n"
        "    stderr.write('ours\\n')\n"
        "os.write(2, b'after\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "ours\nafter\n"


def test_bars_show_what_is_done_and_vanish(monkeypatch):
    written = []
    monkeypatch.setattr(stderr, "write", written.append)
    bars = Bars(written.append)
    stage = SimpleNamespace(what="counting [bold]", total=7, done=3, seconds=0.5)
    bars.tick([stage])
    assert not bars.visible
    stage.seconds = 1.5
    bars.tick([stage])
    bars.line("a line :cat:")
    bars.ended(stage, [], True)
    text = "".join(written)
    assert not bars.visible
    assert "counting [bold]" in text
    assert "3/7" in text
    assert "a line :cat:\n" in text


def test_results_that_go_to_a_file_are_not_mixed_with_bars():
    stream = io.StringIO()
    reporter = Reporter(1)
    reporter.write(stream, "one\ntwo\n")
    reporter.write(stream, "")
    assert stream.getvalue() == "one\ntwo\n"


def test_a_caller_says_what_is_shown_or_leaves_it_as_it_is(capsys):
    outer = Reporter(2)
    with progress.reporting(outer):
        with progress.shown("auto"):
            assert progress.current() is outer
        with progress.shown(0):
            progress.current().say("not told")
            progress.current().warn("careful")
        assert progress.current() is outer
    assert capsys.readouterr().err == "warning: careful\n"
    with pytest.raises(UsageError, match="verbose must be 'auto', 0, 1 or 2"), progress.shown("loud"):
        pass
