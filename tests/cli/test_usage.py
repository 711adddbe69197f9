import pytest

from kerastl.cli import run


@pytest.fixture
def said(capfd):
    """Run the command line with wrong arguments; the one line that is said."""

    def call(*arguments):
        assert run([str(word) for word in arguments]) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
        return err

    return call


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["evaluate", "x", "y", "--model", "z"], "kerastl evaluate MODEL DATA"),
        (["classify", "x", "--backbone", "y"], "The network is --model"),
        (["finetune", "x", "--lr", "0.1"], "Did you mean --learning-rate?"),
        (["finetune", "x", "--weight-decay", "0.1"], "Weight decay stands in the recipe"),
        (["finetune", "x", "--imgsz", "64"], "Did you mean --input-size?"),
        (["pretrain", "x", "--imgsz", "64"], "Did you mean --input-size?"),
        (["finetune", "x", "--coverage", "0.9"], "It is an option of kerastl classify"),
        (["classify", "x", "--cov", "0.9"], "Did you mean --coverage?"),
        (["classify", "x", "--outptu", "y"], "Did you mean --output?"),
        (["models", "--json"], "Did you mean --format json?"),
        (["clasify"], "Did you mean classify?"),
        (["Classify", "x"], "Did you mean classify?"),
        (["classify"], "an image, a folder, a pattern in quotes"),
        (["finetune", "."], "Missing option --output RUN_DIR: a new or empty folder for the run"),
        (["evaluate", "run"], "Missing argument 'DATA': a folder or table of labeled images"),
        (["classify", "x", "--top", "many"], "'many' is no whole number"),
        (["classify", "x", "--min-score", "high"], "'high' is no number"),
        (["classify", "x", "--model", "no-such-model"], "unknown model 'no-such-model'"),
        (["classify", ""], "an argument is empty"),
        (["classify", "x", "--model="], "an argument is empty"),
        (["classify", "x", "--model", "runs\\x"], "runs\\\\x: there is no such model file or run folder"),
        (["classify", "x", "--model", "runs/x"], "runs/x: there is no such model file or run folder"),
    ],
)
def test_wrong_arguments_lead_to_the_right_ones(said, arguments, hint):
    assert hint.replace("\\\\", "\\") in said(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["finetune", "--model", "kerastl_mini", "-o", "run"],
        ["pretrain", "--model", "kerastl_mini", "-o", "run"],
        ["lr-find", "--model", "kerastl_mini", "-o", "rates.csv"],
        ["evaluate", "kerastl_mini"],
        ["calibrate", "model.keras"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_data_that_is_not_there_is_wrong_usage_in_every_command(arguments, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    command, *rest = arguments
    words = [command, *rest, "nowhere"] if command in ("evaluate", "calibrate") else [command, "nowhere", *rest]
    assert run(words) == 2
    assert capfd.readouterr().err.splitlines()[-1] == "kerastl: nowhere: no such folder"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["check", "x", "--nonsense"], ["finetune", "x", "--model", "y"], ["--nonsense"]])
def test_help_is_never_a_guess(said, arguments):
    assert "mean --help" not in said(*arguments)


def test_what_was_typed_cannot_write_lines_of_its_own(said):
    assert "\\nkerastl: all well\\x1b[2J" in said("classify", "x", "--engine", "a\nkerastl: all well\x1b[2J")
    assert "\\n" in said("no\nsuch")


def test_without_a_command_the_commands_are_shown(capfd):
    assert run([]) == 2
    assert "classify" in capfd.readouterr().err
