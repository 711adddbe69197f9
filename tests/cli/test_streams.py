"""What comes out of the process `kerastl`: encodings, closed streams, full disks, readers that leave."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NEEDS_DEV_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@pytest.fixture
def odd(image, tmp_path):
    """Two classes with names that few encodings have."""
    for label, color in (("日本語", "red"), ("[bold]\n\x1b[31mé", "blue")):
        for number in range(3):
            image(f"odd/{label}/{number}.png", color, (20 + number, 20))
    return tmp_path / "odd"


def kerastl(*arguments, behind="", **variables):
    """Run the command line; `behind` is what follows it on a shell's line."""
    command = [sys.executable, "-m", "kerastl", *map(str, arguments)]
    if behind:
        command = ["sh", "-c", f'"$@" {behind}', "sh", *command]
    return subprocess.run(command, capture_output=True, env={**os.environ, **variables}, check=False)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
def test_redirected_output_is_utf8_on_any_machine(odd, encoding):
    done = kerastl("check", odd, PYTHONIOENCODING=encoding)
    assert done.stderr == b""
    out = done.stdout.decode("utf-8")
    assert "日本語" in out
    assert "[bold]\\n\\x1b[31mé" in out
    assert "\x1b" not in out


def test_a_locale_without_letters_changes_nothing(odd):
    plain = kerastl("check", odd, LC_ALL="C")
    assert plain.stdout == kerastl("check", odd).stdout


def test_the_report_is_written_on_any_machine(color_model, image, tmp_path):
    image("data/red/日本.png", "blue")
    image("data/blue/b.png", "blue")
    done = kerastl(
        "evaluate", color_model, tmp_path / "data", "--report", tmp_path / "r", "--mistakes", 0,
        PYTHONIOENCODING="cp1252",
    )  # fmt: skip
    assert done.returncode == 0
    assert "red/日本.png" in done.stdout.decode("utf-8")
    assert {path.name for path in (tmp_path / "r").iterdir()} == {"report.html", "evaluation.json", "predictions.csv"}


@NEEDS_DEV_FULL
def test_the_report_is_complete_even_if_nothing_can_be_printed(color_model, image, tmp_path):
    image("data/red/a.png", "red")
    image("data/blue/b.png", "blue")
    arguments = ["evaluate", color_model, tmp_path / "data", "--report", tmp_path / "r", "--mistakes", 0]
    done = kerastl(*arguments, behind="> /dev/full")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "kerastl: standard output: no space left on device"
    assert (tmp_path / "r" / "report.html").stat().st_size > 1000


@NEEDS_DEV_FULL
@pytest.mark.parametrize("arguments", [["--help"], ["models"], ["models", "--format", "json"], ["recipes", "full"]])
def test_output_that_is_lost_is_no_success(arguments):
    full, closed = kerastl(*arguments, behind="> /dev/full"), kerastl(*arguments, behind=">&-")
    assert (full.returncode, full.stderr) == (1, b"kerastl: standard output: no space left on device\n")
    assert (closed.returncode, closed.stderr) == (1, b"kerastl: standard output: it is closed\n")


@pytest.mark.parametrize("shell", ["2>&-", "2> /dev/full", "<&- 2>&-"])
def test_standard_error_is_not_needed(color_model, image, tmp_path, shell):
    path = image("a.png", "red")
    done = kerastl("classify", path, tmp_path / "none.png", "--model", color_model, behind=shell)
    assert (done.returncode, done.stdout) == (1, f"{path}: red 100.0 %, green 0.0 %, blue 0.0 %\n".encode())


def test_no_file_takes_the_place_of_a_closed_stream(color_model, image, tmp_path):
    """Else what libraries write to descriptor 2 would go into the file."""
    path, target = image("a.png", "red"), tmp_path / "out.json"
    arguments = ["classify", path, "--model", color_model, "--format", "json", "-o", target]
    assert kerastl(*arguments, behind=">&- 2>&- <&-").returncode == 0
    assert [result["path"] for result in json.loads(target.read_text())] == [str(path)]


@pytest.mark.parametrize(("arguments", "code"), [(["check", "{odd}"], 1), (["models"], 0), (["nothing"], 2)])
def test_exit_codes_are_true_when_the_reader_has_gone(odd, arguments, code):
    (odd / "日本語" / "broken.png").write_text("no image")
    given = [word.format(odd=odd) for word in arguments]
    command = ["bash", "-c", '"$@" 2>&1 | true; echo ${PIPESTATUS[0]}', "bash", sys.executable, "-m", "kerastl", *given]
    assert subprocess.run(command, capture_output=True, check=True).stdout == f"{code}\n".encode()


def test_output_goes_to_standard_output_by_its_names_too(color_model, image):
    path = image("a.png", "red")
    expected = kerastl("classify", path, "--model", color_model).stdout
    assert expected
    for name in ("-", "/dev/stdout") if Path("/dev/stdout").exists() else ("-",):
        assert kerastl("classify", path, "--model", color_model, "--output", name).stdout == expected


def test_warnings_of_other_packages_are_not_for_people(tmp_path):
    code = (
        "import sys, warnings, logging\n"
        "from kerastl.cli import _libraries as libraries\n"
        "libraries.prepare()\n"
        "warnings.warn('deprecated'); logging.getLogger('PIL').warning('odd'); logging.getLogger('x').warning('odd')\n"
    )
    run = [sys.executable, "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    assert subprocess.run(run, capture_output=True, env=environment, check=True).stderr == b""
    shown = subprocess.run(run, capture_output=True, env={**environment, "KERASTL_TRACEBACK": "1"}, check=True).stderr
    assert b"deprecated" in shown
    assert b"odd" in shown


@pytest.mark.parametrize("delay", [0.0, 0.3, 0.8])
def test_an_interruption_while_keras_is_imported_is_one_line(color_model, image, delay):
    path = image("a.png", "red")
    started = (
        "from kerastl import __main__ as program\n"
        "run = program._run\n"
        "program._run = lambda: (print('started', flush=True), run())[1]\n"
        "program.main()\n"
    )
    arguments = ["classify", path, "--model", color_model, "--engine", "keras", "--quiet", "-"]
    command = [sys.executable, "-c", started, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"started\n"  # however long the machine takes to that
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"kerastl: interrupted\n"
