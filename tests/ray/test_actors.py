"""With a cluster of this machine, which takes some seconds to start: one for all of these."""

import logging
import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

import kerastl
from kerastl.cli import run
from kerastl.errors import KerastlError, UsageError
from kerastl.ray import Classify, Job, classify_dataset, classify_on_ray

# What Ray itself warns of, and leaves to be closed, when it starts.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"
)
JOB = Job({"model": "kerastl_mini"}, {"top": 2})


class Deadly(str):
    """A path that ends each process it is sent to, as an image may that a codec cannot bear."""

    def __reduce__(self):
        return _die, (os.getpid(), str(self))


class DeadlyOnce(str):
    """A path that ends the first process it is sent to."""

    def __reduce__(self):
        return _die_once, (os.getpid(), str(self))


def _die(sender, path):
    if os.getpid() != sender:
        os.kill(os.getpid(), signal.SIGKILL)
    return path


def _die_once(sender, path):
    marker = Path(f"{path}.read")
    if marker.exists():
        return path
    marker.touch()
    return _die(sender, path)


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray")
    try:
        ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError) as error:
        pytest.skip(f"Ray does not start here: {error}")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number in range(70):
        Image.new("RGB", (32, 32), (3 * number, 255 - 3 * number, 0)).save(folder / f"{number:02}.png")
    (folder / "99.png").write_text("no image")
    return [str(folder / f"{number:02}.png") for number in (*range(70), 99)]


@pytest.fixture(scope="module")
def expected(files):
    return kerastl.load("kerastl_mini").classify(files, top=2, errors="return")


def test_answers_are_those_of_one_process_in_order(cluster, files, expected):
    assert list(classify_on_ray(iter(files), JOB, 2)) == expected


def test_an_actor_that_dies_loses_and_doubles_nothing(cluster, files, expected):
    sent = [DeadlyOnce(file) if number in (5, 40) else file for number, file in enumerate(files)]
    assert list(classify_on_ray(sent, JOB, 2)) == expected
    assert all(Path(f"{files[number]}.read").exists() for number in (5, 40))


def test_an_image_that_ends_each_process_is_told_in_its_place(cluster, files, expected):
    answers = list(classify_on_ray([*files[:2], Deadly(files[2]), files[3]], JOB, 1))
    assert [answers[0], answers[1], answers[3]] == [expected[0], expected[1], expected[3]]
    assert (answers[2].path, answers[2].error) == (files[2], "it ended every process that read it")


def test_the_command_writes_what_it_writes_without(cluster, files, tmp_path):
    folder = str(Path(files[0]).parent)
    for name, more in (("one", []), ("two", ["--ray", "2"])):
        code = run(
            ["classify", folder, "--model", "kerastl_mini", "--format", "jsonl", "-o", str(tmp_path / name), *more]
        )
        assert code == 1  # of the file that is none
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()


def test_what_cannot_be_done_is_said(cluster, tmp_path):
    with pytest.raises(UsageError, match=r"--ray must be 1 to 2, the processors that Ray has. Received: 3"):
        list(classify_on_ray(["a.png"], JOB, 3))
    with pytest.raises(KerastlError, match=r"no actor can open the model: .*unknown model 'nosuch'"):
        list(classify_on_ray(["a.png"], Job({"model": "nosuch"}), 1))


def test_a_dataset_becomes_parquet_that_reads_as_one(cluster, files, expected, tmp_path):
    """An actor dies on the way: nothing is lost, nothing double, and the columns have one type in all files."""
    marker = tmp_path / "died"

    class DiesOnce(Classify):
        def __call__(self, batch):
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch)

    dataset = cluster.data.read_binary_files(files, include_paths=True, override_num_blocks=3)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr("kerastl.ray._dataset.Classify", DiesOnce)
        answers = classify_dataset(dataset, "kerastl_mini", actors=2, batch_size=24, top=2)
    answers.write_parquet(str(tmp_path / "out"))
    table = pq.read_table(str(tmp_path / "out")).sort_by("path")
    assert marker.exists()
    assert len(list((tmp_path / "out").glob("*.parquet"))) > 1
    assert table.column_names == ["path", "label", "score", "labels", "scores", "error"]
    assert table.column("path").to_pylist() == files
    assert table.column("label").to_pylist() == [None if each.error else each.label for each in expected]
    assert table.column("error").to_pylist() == [each.error for each in expected]
