"""Choose among several networks: each is probed on some images, the better half on more (successive halving).

Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", algorithm 1, with
images as what is given out. What is compared is the accuracy of a head solved on the features, by leave-one-out on
images to train on: those to validate on have no part in the choice.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import numpy as np

from kerastl._base import files
from kerastl._base.scratch import temporary_folder
from kerastl._base.serialization import to_json
from kerastl.data import Dataset
from kerastl.errors import KerastlError, TrainingError
from kerastl.finetuning._budget import Budget
from kerastl.finetuning._candidates import Candidate, Probe
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._recipes import needs_validation
from kerastl.finetuning._search_results import SEARCH, Tried, described, in_columns, label, read
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import SplitData, inspect_dataset, open_dataset, split_dataset
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Interrupted, Stop, Stopped

# So many images tell networks apart; so few at least, and of each class.
_MOST, _FEWEST, _FEWEST_OF_A_CLASS = 5_000, 200, 10
# The part of a budget that choosing may take.
_SHARE = 1 / 3
# Images that show how fast a network is.
_TIMED = 16


def sample_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return an order of images, int64 `(n,)`, whose every beginning has about the same mix of classes.

    Args:
        labels: As the task keeps them: of classes int64 `(n,)`; of any number of labels each set counts as a class.
        seed: Decides among the images of a class.
    """
    if labels.ndim > 1:
        labels = np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    random = np.random.default_rng([seed, 21])
    places = np.empty(len(labels))
    for class_number in np.unique(labels):
        own = np.flatnonzero(labels == class_number)
        places[own] = (random.permutation(len(own)) + random.random()) / len(own)
    return np.argsort(places, kind="stable")


def rounds(candidates: int, images: int, classes: int) -> list[int]:
    """Images of each round: half of those of the next, all in the last, where two candidates are left.

    Where there are so few that a round would have as many as the next there is one round less.

    Example:
        >>> from kerastl.finetuning._search import rounds
        >>> rounds(8, 4000, 5), rounds(3, 300, 5), rounds(2, 90_000, 5)
        ([1000, 2000, 4000], [200, 300], [5000])
    """
    most = min(images, max(_MOST, _FEWEST_OF_A_CLASS * classes))
    fewest = min(most, max(_FEWEST, _FEWEST_OF_A_CLASS * classes))
    count = max(1, math.ceil(math.log2(candidates)))
    return sorted({max(fewest, most >> number) for number in range(count)})


class Search:
    """The search of a run, in its folder.

    Args:
        folder: Of the run; `search.json` goes there after each probe.
        among: The candidates, two at least.
        wanted: By the run.
        callback: Hears what is found.
        stop: Looked at between images.
        budget: Of the run, of which a third goes here.
        trust: As for `finetune`.
    """

    def __init__(
        self,
        folder: Path,
        among: Sequence[Candidate],
        wanted: Settings,
        callback: RunCallback,
        stop: Stop,
        budget: Budget,
        *,
        trust: bool = False,
    ) -> None:
        self._file = folder / SEARCH
        self._among = among
        self._wanted = wanted
        self._callback = callback
        self._stop = stop
        self._budget = budget
        self._trust = trust
        self._probes: dict[Candidate, Probe] = {}
        self._record: dict[str, Any] = {}

    def run(self, parts: SplitData) -> Candidate:
        """Choose a candidate.

        Args:
            parts: The images.

        Raises:
            TrainingError: None can be probed.
            Interrupted: A stop was asked for; what was found is in the file.
        """
        self._begin(parts.fingerprint)
        labels = parts.dataset.labels(parts.dataset.subset("train"))
        sizes = rounds(len(self._among), len(labels), len(parts.dataset.classes))
        self._callback.say(f"{len(self._among)} networks to choose among, each probed on images to train on")
        try:
            with temporary_folder() as scratch:
                alive: list[Candidate] = list(self._among)
                for number, wanted in enumerate(sizes):
                    self._open(alive, parts, scratch, number)
                    images = self._images(number, wanted, len(sizes), alive)
                    alive = self._round(alive, sample_order(labels, self._wanted.seed)[:images], number)
        except Stopped:
            self._tell()
            raise Interrupted(
                f"stopped while networks were compared; {self._file} holds what was found, and --resume goes on"
            ) from None
        chosen = alive[0]
        self._write(chosen=chosen.described())
        self._tell()
        self._callback.say(f"{label(chosen.name, chosen.input_size)} goes on, the best of {self._compared()}")
        return chosen

    def _begin(self, fingerprint: str) -> None:
        """Take up what an interrupted search has found of the same candidates and images."""
        asked = {"candidates": described(self._among), "data_fingerprint": fingerprint, "seed": self._wanted.seed}
        stored = read(self._file)
        if stored is not None and all(stored.get(name) == value for name, value in asked.items()):
            self._record = stored
            self._budget.earlier += float(stored["used"])
        else:
            self._record = {**asked, "by": "loo_accuracy", "rounds": [], "tried": [], "used": 0.0, "chosen": None}

    def _found(self, number: int) -> dict[str, dict[str, Any]]:
        """What a round has found so far, by the number of the candidate."""
        everything = self._record["rounds"]
        while len(everything) <= number:
            everything.append({"images": None, "found": {}})
        return everything[number]["found"]

    def _open(self, alive: Sequence[Candidate], parts: SplitData, scratch: Path, number: int) -> None:
        """Build what has no probe and no result yet, and time it on a few images."""
        found = self._found(number)
        labels = parts.dataset.labels(parts.dataset.subset("train"))
        for candidate in alive:
            key = self._key(candidate)
            if key in found or candidate in self._probes:
                continue
            self._stop.check()
            if self._probes and self._budget.limited and self._budget.used > self._budget.seconds * _SHARE:
                self._note(
                    number, candidate, Tried.failed(candidate, TrainingError("no time was left for it (--budget)"))
                )
                continue
            try:
                probe = Probe(candidate, self._wanted, parts, scratch / key, self._stop, trust=self._trust)
                probe.compute(sample_order(labels, self._wanted.seed)[:_TIMED])
            except (KerastlError, ValueError) as error:
                self._note(number, candidate, Tried.failed(candidate, error))
            else:
                self._probes[candidate] = probe

    def _images(self, number: int, wanted: int, count: int, alive: Sequence[Candidate]) -> int:
        """How many images a round has: as many as fit into its part of the time."""
        everything = self._record["rounds"]
        if everything[number]["images"] is None:
            done = everything[number - 1]["images"] if number else 0
            images = wanted
            if self._budget.limited:
                left = (self._budget.seconds * _SHARE - self._budget.used) / (count - number)
                pace = sum(probe.seconds_per_image for one, probe in self._probes.items() if one in alive)
                fit = done + math.floor(max(left, 0.0) / max(pace, 1e-9))
                images = min(wanted, max(fit, done, _FEWEST))
            everything[number]["images"] = images
            self._write()
        return int(everything[number]["images"])

    def _round(self, alive: Sequence[Candidate], numbers: np.ndarray, number: int) -> list[Candidate]:
        """Probe on these images; return the better half, the best first."""
        found = self._found(number)
        for candidate in alive:
            if self._key(candidate) not in found:
                try:
                    tried = Tried.of(self._probes[candidate], self._probes[candidate].score(numbers))
                except (KerastlError, ValueError) as error:
                    tried = Tried.failed(candidate, error)
                self._note(number, candidate, tried)
        results = [(Tried(**found[self._key(candidate)]), candidate) for candidate in alive]
        good = [pair for pair in results if not pair[0].error]
        if not good:
            raise TrainingError(f"none of the networks can be used: {results[0][0].line()}")
        good.sort(key=lambda pair: pair[0].rank, reverse=True)
        kept = [candidate for _, candidate in good[: max(1, math.ceil(len(alive) / 2))]]
        for candidate in [one for one in self._probes if one not in kept]:
            del self._probes[candidate]
        return kept

    def _key(self, candidate: Candidate) -> str:
        return str(self._among.index(candidate))

    def _note(self, number: int, candidate: Candidate, tried: Tried) -> None:
        self._found(number)[self._key(candidate)] = asdict(tried)
        self._write()
        if tried.error:
            self._callback.warn(f"left out: {tried.line()}")
        else:
            self._callback.say(f"  {tried.line()}")

    def _write(self, **more: Any) -> None:
        self._record.update(more, tried=self._rows(), used=round(self._budget.used, 3))
        files.write_text(self._file, to_json(self._record))

    def _rows(self) -> list[dict[str, Any]]:
        """The last result of each candidate, the best first."""
        latest: dict[str, dict[str, Any]] = {}
        for one in self._record["rounds"]:
            latest.update(one["found"])
        return sorted(latest.values(), key=lambda row: Tried(**row).rank, reverse=True)

    def _compared(self) -> int:
        """How many could be probed."""
        return sum(not row["error"] for row in self._rows())

    def _tell(self) -> None:
        """The table so far."""
        for line in in_columns([Tried(**row) for row in self._rows()], get_terminal_size().columns):
            self._callback.say(line)


def images_of(data: str | os.PathLike[str] | Dataset, recipe: str | Recipe, wanted: Settings, stop: Stop) -> SplitData:
    """The images that a run will have, which tells of them when it begins.

    Args:
        data: To be scanned, or scanned already.
        recipe: Of the run.
        wanted: By the run.
        stop: Looked at between images.
    """
    untold = RunCallback()
    dataset = open_dataset(data, untold)
    inspection = inspect_dataset(dataset, wanted, untold, stop)
    return split_dataset(dataset, inspection, wanted, untold, needed=needs_validation(recipe))
