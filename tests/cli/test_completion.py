import os
import shutil
import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "numpy", "PIL", "sklearn", "matplotlib", "rich")


def ask(instruction, words="", place=0):
    """Ask kerastl as a shell does; what it says, and what heavy it imported."""
    code = (
        "import sys\nfrom kerastl.cli import run\ncode = run([])\n"
        f"sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))\nsys.exit(code)\n"
    )
    variables = {"_KERASTL_COMPLETE": instruction, "COMP_WORDS": words, "COMP_CWORD": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **variables}
    )
    assert done.stderr == ""
    return done.stdout


def completed(words, place):
    return [line.partition(",")[2] for line in ask("bash_complete", words, place).splitlines()]


@pytest.mark.parametrize("words", ["kerastl nonsense ", "kerastl finetune 'unfinished", "kerastl --nonsense "])
def test_a_wrong_line_is_not_spoken_into(words):
    environment = {**os.environ, "_KERASTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-m", "kerastl"], capture_output=True, env=environment, check=False)
    assert done.stderr == b""


def test_commands_options_and_names_are_completed():
    assert completed("kerastl clas", 1) == ["classify"]
    assert completed("kerastl classify --mod", 2) == ["--model"]
    assert completed("kerastl classify --engine ", 3) == ["auto", "litert", "keras", "onnx", "openvino"]
    assert completed("kerastl classify --model mobilenet_v3", 3) == ["mobilenet_v3_small", "mobilenet_v3_large"]
    assert completed("kerastl finetune x --model kerastl_m", 4) == ["kerastl_mini"]
    assert completed("kerastl finetune x --recipe g", 4) == ["gradual"]
    assert completed("kerastl recipes p", 2) == ["probe"]
    assert completed("kerastl download vgg1", 2) == ["vgg16", "vgg19"]
    assert completed("kerastl export x --to litert,sav", 4) == ["litert,savedmodel"]


@pytest.mark.parametrize(
    ("words", "place"),
    [("kerastl classify pi", 2), ("kerastl check da", 2), ("kerastl classify --model runs/", 3),
     ("kerastl finetune x --recipe mine.j", 4), ("kerastl evaluate run d", 3), ("kerastl classify x -o o", 4)],
)  # fmt: skip
def test_the_shell_is_left_to_find_files(words, place):
    kind = ask("bash_complete", words, place).partition(",")[0]
    assert kind == "file"


def test_a_script_for_bash(tmp_path):
    script = tmp_path / "complete.bash"
    script.write_text(ask("bash_source"))
    kerastl = tmp_path / "kerastl"
    kerastl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kerastl "$@"\n')
    kerastl.chmod(0o755)
    code = (
        f'source "{script}"; COMP_WORDS=(kerastl fin); COMP_CWORD=1; '
        '_kerastl_completion kerastl; echo "${COMPREPLY[@]}"; complete -p kerastl'
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[0] == "finetune"
    assert "_kerastl_completion kerastl" in done.stdout


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_a_script_for_zsh(tmp_path):
    script = tmp_path / "complete.zsh"
    script.write_text(ask("zsh_source"))
    code = (
        f'autoload -U compinit; compinit -D; source "{script}"; whence -w _kerastl_completion; print $_comps[kerastl]'
    )
    done = subprocess.run(["zsh", "-f", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["_kerastl_completion: function", "_kerastl_completion"]
    assert ask("zsh_complete", "kerastl che", 1).splitlines() == [
        "plain",
        "check",
        "Look for what spoils training in a labeled folder.",
    ]


def test_a_script_for_fish():
    assert "complete --no-files --command kerastl" in ask("fish_source")


def test_help_says_how():
    done = subprocess.run([sys.executable, "-m", "kerastl", "--help"], capture_output=True, text=True, check=True)
    assert "_KERASTL_COMPLETE=bash_source" in done.stdout
