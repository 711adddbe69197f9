"""Run what needs a cluster of Ray, on one of this machine, and print what came of it as JSON.

It is a program of its own: Ray warns while it starts and ends, and tests take warnings for errors.
"""

import json
import logging
import os
import signal
import sys
from pathlib import Path

import ray

from kerastl.cli import run
from kerastl.errors import KerastlError
from kerastl.ray import Classify, Job, classify_dataset, classify_on_ray, classifying_actors
from kerastl.sources import StoredImage

JOB = Job({"model": "kerastl_mini"}, {"top": 2})


class Deadly(str):
    """A path that ends each process it is sent to, as an image may that a codec cannot bear."""

    __slots__ = ()

    def __reduce__(self):
        return _die, (os.getpid(), str(self))


class DeadlyOnce(str):
    """A path that ends the first process it is sent to."""

    __slots__ = ()

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


def refused(images, actors, job=JOB):
    try:
        return len(list(classify_on_ray(iter(images), job, actors)))
    except KerastlError as error:
        return f"{type(error).__name__}: {error}"


def dataset(files, folder):
    """Classify into Parquet, with an actor that dies over its first batch."""
    marker = folder / "died"

    class DiesOnce(Classify):
        def __call__(self, batch):
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch)

    images = ray.data.read_binary_files(files, include_paths=True, override_num_blocks=3)
    classify_dataset.__globals__["Classify"] = DiesOnce
    classify_dataset(images, "kerastl_mini", actors=2, batch_size=24, top=2).write_parquet(str(folder / "parquet"))
    return marker.exists()


def main(folder, *files):
    folder = Path(folder)
    ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    stored = [StoredImage(f"a.tar::{number}", Path(file).read_bytes()) for number, file in enumerate(files[:3])]
    command = ["classify", *files, "--model", "kerastl_mini", "--format", "jsonl"]
    with classifying_actors(JOB, 2) as classify:

        def answers(images):
            return [answer.as_dict() for answer in classify(iter(images))]

        found = {
            "plain": answers(files),
            "stored": answers(stored),
            "dies once": answers(DeadlyOnce(file) if n in (5, 40) else file for n, file in enumerate(files)),
            "died": [Path(f"{files[n]}.read").exists() for n in (5, 40)],
            "deadly": answers([*files[:2], Deadly(files[2]), files[3]]),
        }
    found |= {
        "too many": refused(files, 3),
        "no model": refused(files, 1, Job({"model": "nosuch"})),
        "codes": [run([*command, "-o", str(folder / n), *m]) for n, m in (("one", []), ("two", ["--ray", "2"]))],
        "dataset died": dataset(list(files), folder),
    }
    ray.shutdown()
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
