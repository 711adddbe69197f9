"""Fine-tuning on several processes: what may be asked for, who takes what, and what is said when one is lost."""

import subprocess
import sys

import numpy as np
import pytest

import kerastl
from kerastl.errors import RecipeError, TrainingError, UsageError
from kerastl.finetuning import _several_processes as several
from kerastl.finetuning._batches import CachedBatches, Examples, StreamedBatches
from kerastl.finetuning._several_processes import Processes, finetune_together
from kerastl.training._process_group import ProcessGroup

GROUP = [ProcessGroup(number, 2, 2) for number in range(2)]


def test_parts_follow_one_another_and_are_of_one_size_or_one_more():
    parts = [ProcessGroup(number, 3).part(8) for number in range(3)]
    assert [(part.start, part.stop) for part in parts] == [(0, 2), (2, 5), (5, 8)]


@pytest.fixture
def examples():
    targets = np.eye(3, dtype=np.float32)[np.arange(10) % 3]
    return Examples(targets, np.arange(10, dtype=np.float32), np.arange(10), batch_size=4, seed=(7, 0))


def put_together(batches):
    """Each batch of an epoch, whole, out of the parts of both processes."""
    for parts in zip(*(batches.epoch(1, group) for group in GROUP), strict=True):
        assert [len(part.inputs) for part in parts] == [2, 2]
        yield [np.concatenate(rows) for rows in zip(*parts, strict=True)]


def test_processes_share_batches_of_features(examples):
    batches = CachedBatches(examples, np.random.default_rng(0).random((20, 5), np.float32), copies=2)
    for whole, both in zip(batches.epoch(1), put_together(batches), strict=True):
        for one, other in zip(whole, both, strict=True):
            np.testing.assert_array_equal(one, other)


class Sample:
    def __init__(self, number, read):
        self.number, self.read = number, read

    def pixels(self):
        self.read.append(self.number)
        return np.full((2, 2, 3), self.number, np.uint8)


def test_each_process_reads_its_images_only(examples):
    read = []
    batches = StreamedBatches(examples, lambda _: [Sample(number, read) for number in range(10)])
    whole = list(batches.epoch(1))
    assert sorted(read) == sorted(set(read))
    first = list(batches.epoch(1, GROUP[0]))
    assert len(read) == 8 + 4
    np.testing.assert_array_equal(first[1].inputs, whole[1].inputs[:2])


def test_images_that_are_mixed_are_mixed_as_in_one_process(examples):
    def mix(batch, random):
        return batch._replace(inputs=batch.inputs + batch.inputs[random.permutation(len(batch.inputs))])

    batches = StreamedBatches(examples, lambda _: [Sample(number, []) for number in range(10)], mix=mix)
    for whole, both in zip(batches.epoch(1), put_together(batches), strict=True):
        np.testing.assert_array_equal(whole.inputs, both[0])


def test_a_batch_that_has_no_equal_parts_is_refused():
    with pytest.raises(RecipeError, match="a batch of 9 images cannot be shared equally by 2 devices"):
        GROUP[0].check_shared(9)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((0, None, None), "processes must be at least 1. Received: 0"),
        ((2, "10.0.0.1:4321", None), "coordinator and process_id go together"),
        ((2, None, 1), "coordinator and process_id go together"),
        ((2, "10.0.0.1", 0), "coordinator must be HOST:PORT"),
        ((2, "10.0.0.1:4321", 2), "process_id must be from 0 to 1, as processes says. Received: 2"),
    ],
)
def test_what_does_not_go_together_is_refused(asked, message):
    with pytest.raises(UsageError, match=message):
        Processes.of(*asked)


def test_one_process_here_is_none_to_start():
    assert Processes.of(1, None, None) is None
    assert list(Processes.of(3, None, None).here) == [0, 1, 2]
    assert list(Processes.of(3, "[fe80::1]:80", 2).here) == [2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"budget": "10m"}, "budget does not go with several processes: each process would look at its own clock"),
        ({"callbacks": [object()]}, "callbacks does not go with several processes"),
        ({"output": None}, "several processes need an output"),
        ({"model": "mobilenet_v2,resnet50"}, "several processes train one model"),
        ({"optimizer": lambda: None}, "optimizer must be a name or a path"),
    ],
)
def test_what_several_processes_cannot_share_is_refused(given, message, tmp_path):
    pytest.importorskip("jax")
    with pytest.raises(UsageError, match=message):
        kerastl.finetune(tmp_path, **{"model": "kerastl_mini", "output": tmp_path / "run", **given}, processes=2)
    assert not (tmp_path / "run").exists()


def test_a_process_that_is_lost_ends_the_others(monkeypatch, tmp_path):
    pytest.importorskip("jax")
    started = []

    def start(call, **options):
        kills = "import os; os.kill(os.getpid(), 9)" if started else "import time; time.sleep(600)"
        started.append(subprocess.Popen([sys.executable, "-c", kills], stdin=subprocess.PIPE))
        return started[-1]

    monkeypatch.setattr(several, "start_child", start)
    message = r"process 1 of 2 was ended by SIGKILL, and so the others were ended. --resume goes on after"
    with pytest.raises(TrainingError, match=message):
        finetune_together(Processes(2), {"output": tmp_path / "run"})
    assert [child.returncode for child in started] == [-9, -9]
