"""Options by their earlier names, and in groups."""

import json
import logging

import click
import pytest
from click.testing import CliRunner

from kerastl.cli import COMMANDS, group, run
from kerastl.cli._command import command, option


@command()
@click.argument("words", nargs=-1)
@option("--model", "-m", old=("--backbone", "-b"))
@option("--label")
@option("--force", old=("--overwrite",), is_flag=True, group="Files", help="Replace them.")
def example(**values):
    """An example."""
    click.echo(json.dumps(values))


@pytest.fixture
def notes(monkeypatch):
    """What is logged, whatever earlier tests have made of the log."""
    found = []

    class Noted(logging.Handler):
        def emit(self, record):
            found.append(record.getMessage())

    monkeypatch.setattr(logging.getLogger("kerastl"), "handlers", [Noted()])
    return found


def said(*arguments):
    done = CliRunner().invoke(example, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("old", [("--backbone", "x"), ("--backbone=x",), ("-b", "x"), ("-bx",)])
def test_an_earlier_name_is_taken_with_a_note(old, notes):
    new = ("--model", "x") if old[0].startswith("--") else ("-m", "x")
    assert said(*old, "a", "--overwrite") == said(*new, "a", "--force")
    short = old[0][:2] == "-b"
    assert notes == [
        "-b is called -m now; the old name goes in 0.3"
        if short
        else "--backbone is called --model now; the old name goes in 0.3",
        "--overwrite is called --force now; the old name goes in 0.3",
    ]


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (("--label", "--backbone", "a"), {"words": ["a"], "label": "--backbone", "model": None}),
        (("--", "--backbone", "a"), {"words": ["--backbone", "a"], "label": None, "model": None}),
        (("--model", "-b"), {"words": [], "label": None, "model": "-b"}),
    ],
)  # fmt: skip
def test_a_value_that_looks_like_an_earlier_name_stays_what_it_is(arguments, values, notes):
    assert json.loads(said(*arguments)) == {**values, "force": False}
    assert not notes


def test_help_shows_groups_and_no_earlier_names():
    text = said("--help")
    assert "Options:\n  -m, --model TEXT" in text
    assert "Files:\n  --force  Replace them.\n" in text
    assert "backbone" not in text


def test_the_note_is_one_line_on_standard_error(capfd):
    assert run(["recipes", "probe", "--backbone", "kerastl_mini"]) == 0
    out, err = capfd.readouterr()
    assert err == "kerastl: --backbone is called --model now; the old name goes in 0.3\n"
    assert run(["recipes", "probe", "--model", "kerastl_mini"]) == 0
    assert capfd.readouterr() == (out, "")


@pytest.mark.parametrize(
    ("name", "renamed"),
    [
        ("finetune", {"--backbone": "--model", "-b": "-m", "--val-fraction": "--validation-split"}),
        ("lr-find", {"--backbone": "--model", "-b": "-m"}),
        ("recipes", {"--backbone": "--model", "-b": "-m"}),
        ("check", {"--val-fraction": "--validation-split"}),
        ("evaluate", {"--reject": "--ood-data"}),
        ("pretrain", {"--backbone": "--model", "-b": "-m", "--size": "--input-size", "--initial-weights": "--weights"}),
    ],
)
def test_the_options_of_version_0_1_are_taken(name, renamed):
    (found,) = (command for known, command in group.commands_with_names() if known == name)
    assert found.old_names() == renamed


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_on_the_terminal(name, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run([*filter(None, [name]), "--help"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > columns] == []
