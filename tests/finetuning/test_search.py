"""The best of several networks goes on."""

import json
from typing import ClassVar

import numpy as np
import pytest

from kerastl.cli import run as kerastl_command
from kerastl.errors import TrainingError, UsageError
from kerastl.finetuning import _candidates as found
from kerastl.finetuning import _search as searching
from kerastl.finetuning._budget import Budget
from kerastl.finetuning._candidates import Candidate, candidates, models_of, sizes_of
from kerastl.finetuning._scores import Score
from kerastl.finetuning._search import Search, images_of, rounds, sample_order
from kerastl.finetuning._search_results import SEARCH, Tried, chosen_before, in_columns, read, search_summary
from kerastl.finetuning._settings import Settings
from kerastl.models._metadata import read_metadata
from kerastl.reporting._training import tried_beside
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Interrupted, Stop, Stopped


def test_beginnings_of_an_order_have_the_same_mix_of_sets_of_labels():
    truth = np.repeat([[True, False], [True, True]], 20, axis=0)
    order = sample_order(truth, seed=0)
    assert sorted(order) == list(range(40))
    assert 4 <= truth[order[:10], 1].sum() <= 6


def test_several_models_are_a_list_or_a_text_with_commas(tmp_path):
    assert models_of("a, b,c") == ("a", "b", "c")
    assert models_of(["a,b", "c"]) == ("a,b", "c")
    (tmp_path / "one,run").mkdir()
    assert models_of(str(tmp_path / "one,run")) == (str(tmp_path / "one,run"),)
    assert models_of(None) == (None,)
    assert (sizes_of(None), sizes_of(64), sizes_of([64, 96])) == ((None,), (64,), (64, 96))


def test_what_is_chosen_among_is_every_model_at_every_size():
    among = candidates(("kerastl_mini", "mobilenet_v2"), (96, 160), "photos")
    names = [(one.name, one.input_size) for one in among]
    assert names == [("kerastl_mini", 96), ("kerastl_mini", 160), ("mobilenet_v2", 96), ("mobilenet_v2", 160)]
    with pytest.raises(UsageError, match="kerastl_mini is there twice"):
        candidates(("kerastl_mini", "kerastl_mini"), (None,), "photos")
    with pytest.raises(UsageError, match="none is there"):
        candidates((), (None,), "photos")


def test_every_beginning_of_the_order_has_the_same_mix():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    order = sample_order(labels, 3)
    assert sorted(order) == list(range(100))
    for part in (10, 20, 50):
        np.testing.assert_allclose(
            np.bincount(labels[order[:part]], minlength=3), np.array([6, 3, 1]) * part / 10, atol=1
        )


@pytest.mark.parametrize(
    ("count", "images", "classes", "expected"),
    [(2, 1000, 5, [1000]), (3, 1000, 5, [500, 1000]), (5, 1600, 5, [400, 800, 1600]), (8, 100, 5, [100]),
     (4, 90_000, 1000, [10_000])],
)  # fmt: skip
def test_each_round_has_twice_the_images(count, images, classes, expected):
    assert rounds(count, images, classes) == expected


class Images:
    """Stands for a split of 800 images of two classes."""

    fingerprint = "f"
    dataset: "Images"

    def __init__(self):
        self.dataset, self.classes = self, ("a", "b")

    def subset(self, part):
        return range(800)

    def labels(self, items):
        return np.arange(800) % 2


class FakeProbe:
    """A network whose accuracy and speed are known."""

    accuracy: ClassVar = {"bad": 0.5, "fair": 0.7, "good": 0.9, "best": 0.95}
    asked: ClassVar = []
    input_size, parameters, seconds = 32, 250_000, 1.0
    stops_at: tuple = ()

    def __init__(self, candidate, wanted, parts, folder, stop, *, trust=False):
        if candidate.name == "broken":
            raise UsageError("there are no weights")
        self.candidate, self.seconds_per_image = candidate, 0.1

    def compute(self, numbers):
        pass

    def score(self, numbers):
        self.asked.append((self.candidate.name, len(numbers)))
        if self.asked[-1] == self.stops_at:
            raise Stopped
        accuracy, count = self.accuracy[self.candidate.name], len(numbers)
        return Score(accuracy, -1.0, 1.0, "leave_one_out", count, count, {"accuracy": accuracy})


class Lines(RunCallback):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)

    warn = say


@pytest.fixture
def probes(monkeypatch):
    FakeProbe.asked, FakeProbe.stops_at = [], ()
    monkeypatch.setattr(searching, "Probe", FakeProbe)
    return FakeProbe.asked


def search(folder, *names, told=None, seconds=None):
    budget = Budget(seconds, started=0.0, clock=lambda: 0.0)
    among = [Candidate(name, None) for name in names]
    return Search(folder, among, Settings(), told or Lines(), Stop(), budget), among


def test_the_worse_half_is_dropped_in_each_round(tmp_path, probes):
    told = Lines()
    chosen, among = search(tmp_path, "bad", "best", "good", "broken", "fair", told=told)
    assert chosen.run(Images()).name == "best"
    first = [("bad", 200), ("best", 200), ("good", 200), ("fair", 200)]
    assert probes == [*first, *[(name, 400) for name in ("best", "good", "fair")], ("best", 800), ("good", 800)]
    assert "left out: broken: there are no weights" in told.lines
    assert "  best at 32 px: 95.0 % (93 to 96) of 800; 10 images/s, 1 MB, 1.0 s" in told.lines
    assert told.lines[-1] == "best goes on, the best of 4"
    stored = json.loads((tmp_path / SEARCH).read_text())
    assert [(row["model"], row["images"]) for row in stored["tried"]] == [
        ("best", 800), ("good", 800), ("fair", 400), ("bad", 200), ("broken", 0),
    ]  # fmt: skip
    assert search_summary(tmp_path)["chosen_among"] == 4
    assert chosen_before(tmp_path, among).name == "best"
    with pytest.raises(UsageError, match="not begun with these networks"):
        chosen_before(tmp_path, among[:3])


def test_the_table_fits_on_the_terminal():
    rows = [
        Tried("best", None, 32, 800, 0.95, (0.931, 0.964), 0.1, 1234.0, 10, 9.0, 75.0),
        Tried("broken", 64, error="there are no weights"),
    ]
    assert in_columns(rows, 80) == [
        "  network             right   95 % sure  images  images/s  MB  time",
        "  best at 32 px      95.0 %  93 to 96 %     800     1,234   9  75 s",
        "  broken at 64 px  left out",
    ]
    assert in_columns(rows, 40)[1] == "  best at 32 px      95.0 %  93 to 96 %"
    assert in_columns(rows, 30)[1] == "  best at 32 px      95.0 %"


def test_what_the_budget_has_no_time_to_open_is_left_out(tmp_path, probes, monkeypatch):
    told, now = Lines(), [0.0]
    monkeypatch.setattr(FakeProbe, "compute", lambda *_: now.append(60.0))
    budget = Budget(300.0, started=0.0, clock=lambda: sum(now))  # a third of it: two, which take 60 s each
    among = [Candidate(name, None) for name in ("fair", "good", "bad", "best")]
    chosen = Search(tmp_path, among, Settings(), told, Stop(), budget).run(Images())
    assert chosen.name == "good"
    assert "left out: best: no time was left for it (--budget)" in told.lines


def test_a_budget_shortens_the_rounds(tmp_path, probes):
    # A third of 180 s, half of it in the first round, at 0.1 s for each of three networks: 100 images, 200 at least.
    chosen, _ = search(tmp_path, "fair", "good", "bad", seconds=180.0)
    assert chosen.run(Images()).name == "good"
    assert {images for _, images in probes[:3]} == {200}
    assert probes[3:] == [("good", 500), ("fair", 500)]  # 60 s at 0.2 s an image, beside the 200


def test_a_stopped_search_goes_on_where_it_was(tmp_path, probes):
    FakeProbe.stops_at = ("good", 400)
    first, _ = search(tmp_path, "bad", "best", "good")
    with pytest.raises(Interrupted, match=r"search\.json holds what was found, and --resume goes on"):
        first.run(Images())
    assert read(tmp_path / SEARCH)["chosen"] is None
    del probes[:]
    FakeProbe.stops_at = ()
    second, _ = search(tmp_path, "bad", "best", "good")
    assert second.run(Images()).name == "best"
    assert ("bad", 400) not in probes


def test_no_network_at_all_is_one_line(tmp_path, probes):
    nothing, _ = search(tmp_path, "broken", "broken")
    with pytest.raises(TrainingError, match=r"^none of the networks can be used: broken: there are no weights$"):
        nothing.run(Images())


def test_a_file_that_is_no_search_is_none(tmp_path):
    file = tmp_path / SEARCH
    for text in (
        "",
        "[]",
        '{"rounds": 3}',
        '{"rounds": [{"found": {"0": {"nothing": 1}}}], "candidates": [], "used": 0}',
    ):
        file.write_text(text)
        assert read(file) is None
    assert search_summary(tmp_path) is None


def test_a_run_goes_on_with_the_best_of_two_sizes(colored_folder, tmp_path, capsys):
    command = ["finetune", str(colored_folder), "-o", str(tmp_path / "run"), "--recipe", "probe"]
    command += ["--model", "kerastl_mini", "--input-size", "32,64,7"]
    assert kerastl_command(command) == 0
    said = capsys.readouterr().err
    assert "left out: kerastl_mini at 7 px: " in said
    assert "the network is the best of 2 by leave-one-out (search.json)" in said
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["search"]["chosen_among"] == 2
    assert "- The network is the best of 2 by leave-one-out" in (tmp_path / "run" / "README.md").read_text()
    assert tried_beside(tmp_path / "run")[0][0] == "network"
    stored = read(tmp_path / "run" / SEARCH)
    assert stored["chosen"] == {
        "model": "kerastl_mini",
        "input_size": read_metadata(tmp_path / "run" / "model.keras").reader.height,
    }
    assert kerastl_command([*command, "--resume"]) == 1  # complete
    assert kerastl_command([*command, "--overwrite", "--input-size", "32"]) == 0
    assert not (tmp_path / "run" / SEARCH).exists()


def test_a_probe_answers_for_every_image(colored_folder, tmp_path):
    wanted = Settings(model="kerastl_mini", input_size=32)
    parts = images_of(colored_folder, "probe", wanted, Stop())
    probe = found.Probe(Candidate("kerastl_mini", 32), wanted, parts, tmp_path / "probe", Stop())
    count = len(parts.dataset.subset("train"))
    reached = probe.score(np.arange(count))
    assert (reached.kind, reached.images) == ("leave_one_out", count)
    assert reached.accuracy > 0.6  # of three classes
    assert probe.seconds_per_image > 0
