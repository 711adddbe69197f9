"""What a run of fine-tuning tells: while it trains, when it ends, and in its folder."""

import json
import signal

import pytest

from kerastl.cli import run as kerastl_command
from kerastl.finetuning import FineTuned, RunCallback, finetune
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.models import _metadata as metadata

SMALL = ["--model", "kerastl_mini"]
RECIPE = Recipe(
    "two",
    (
        Phase(epochs=2, learning_rate=0.01, batch_size=8),
        Phase(trains=1, epochs=3, learning_rate=0.001, batch_size=8, schedule="cosine"),
    ),
)


@pytest.fixture(scope="module")
def probed(colored_folder, tmp_path_factory):
    """A run that solved the head alone."""
    folder = tmp_path_factory.mktemp("runs") / "probed"
    split = ["--validation-split", "0.2"]
    assert (
        kerastl_command(["finetune", str(colored_folder), "-o", str(folder), "--recipe", "probe", *split, *SMALL]) == 0
    )
    return folder


def test_each_epoch_is_told_in_a_pipe(colored_folder, tmp_path, capsys):
    recipe = tmp_path / "recipe.json"
    recipe.write_text(RECIPE.to_json())
    command = ["finetune", str(colored_folder), "-o", str(tmp_path / "run"), "--recipe", str(recipe), *SMALL]
    assert kerastl_command(command) == 0
    said = capsys.readouterr().err.splitlines()
    told = [line.split(": loss")[0] for line in said if ": loss" in line]
    assert told == ["  epoch 1/2", "  epoch 2/2", "  epoch 1/3", "  epoch 2/3", "  epoch 3/3"]
    assert [line.split(":")[0] for line in said if line.startswith("phase ")] == ["phase 1/2", "phase 2/2"]


def test_the_history_grows_with_each_epoch_and_goes_on_with_the_run(colored_folder, tmp_path):
    file, found = tmp_path / "history.csv", []

    class Mine(RunCallback):
        """Notes the rows of the history, and stops in the second epoch of the second phase."""

        stops = True

        def begin(self, what, total):
            if what.startswith("epoch"):
                found.append((what, len(file.read_text().splitlines()) - 1 if file.exists() else None))
            if what == "epoch 2/3" and self.stops:
                signal.raise_signal(signal.SIGINT)

    options = {"model": "kerastl_mini", "output": tmp_path}
    assert finetune(data=colored_folder, recipe=RECIPE, callbacks=[Mine()], **options).stopped
    assert found == [("epoch 1/2", None), ("epoch 2/2", 1), ("epoch 1/3", 2), ("epoch 2/3", 3)]
    found.clear()
    file.write_text("lost in a crash")
    going_on = Mine()
    going_on.stops = False
    done = finetune(data=colored_folder, resume=True, callbacks=[going_on], **options)
    assert found == [("epoch 2/3", 3), ("epoch 3/3", 4)]
    assert len(done.history) == 5


def test_quiet_says_nothing_and_verbose_excludes_it(colored_folder, tmp_path, capsys):
    command = ["finetune", str(colored_folder), "-o", str(tmp_path / "run"), "--recipe", "probe", *SMALL]
    assert kerastl_command([*command, "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert kerastl_command([*command, "-q", "-v"]) == 2
    assert "--quiet and --verbose exclude each other" in capsys.readouterr().err


def test_a_run_says_what_it_kept_and_how_sure_it_is(probed):
    metrics = json.loads((probed / "metrics.json").read_text())
    (phase,) = metrics["phases"]
    assert (metrics["kept_phase"], metrics["kept_epoch"], phase["trains"]) == (1, 1, "head by ridge regression")
    assert phase["best_val_accuracy"] == metrics["val_accuracy"]
    low, high = metrics["val_accuracy_interval"]
    assert 0 <= low <= metrics["val_accuracy"] <= high <= 1
    text = (probed / "README.md").read_text()
    assert f"kerastl classify --model {probed} IMAGE" in text
    assert "| `model.keras` |" in text
    assert "| `metrics.json` |" in text
    assert "skipped.csv" not in text
    assert "| `state/` |" not in text


def test_the_result_shows_its_warnings(probed):
    metrics = json.loads((probed / "metrics.json").read_text()) | {"warnings": ["class <red> is never predicted"]}
    result = FineTuned(None, metadata.read_metadata(probed / "model.keras"), metrics, [], probed, False)
    assert "validation images right (95 % sure: " in repr(result)
    assert ", 1 warning, in " in repr(result)
    assert "Warning: class &lt;red&gt; is never predicted" in result._repr_html_()
