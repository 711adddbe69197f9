"""Networks to choose among: what is asked for, and how good the features of one are."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.keras_import import import_keras
from kerastl.errors import ImageError, ModelError, UsageError
from kerastl.finetuning._base_model import from_catalog
from kerastl.finetuning._given_model import adopted, check_base, given_model, name_of
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._numeric_heads import number_scale
from kerastl.finetuning._recipe_registry import RECIPES
from kerastl.finetuning._ridge_solution import solve_targets
from kerastl.finetuning._ridge_tasks import RIDGE_TASKS, RidgeOutputs
from kerastl.finetuning._scores import Score
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import SplitData
from kerastl.finetuning._training_data import training_data
from kerastl.images._input_size import InputSize, check_input_size
from kerastl.inference._ordered_map import ordered_map
from kerastl.models import _weights as weights
from kerastl.models._registry import BACKBONES
from kerastl.training._arguments import model_name
from kerastl.training._interrupt import Stop

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Candidate:
    """A network at one input size.

    Args:
        name: Of the catalog, or what people call the model that was given.
        input_size: Height and width in pixels; None is the network's own.
        given: The model, where it is not of the catalog.
    """

    name: str
    input_size: InputSize | None
    given: keras.Model | Path | None = None

    def described(self) -> dict[str, Any]:
        """What tells it from others, as JSON values."""
        size = self.input_size
        return {"model": self.name, "input_size": list(size) if isinstance(size, tuple) else size}

    def settings(self, wanted: Settings) -> Settings:
        """The settings of a run with it."""
        return dataclasses.replace(wanted, model=self.name, input_size=self.input_size)


def models_of(model: Any) -> tuple[Any, ...]:
    """The models that an argument names: those of a list, or of a text with commas that is no path of one."""
    if isinstance(model, list | tuple):
        return tuple(model)
    if isinstance(model, str) and "," in model and not os.path.exists(model):  # noqa: PTH110 - it may be no path
        return tuple(name.strip() for name in model.split(",") if name.strip())
    return (model,)


def sizes_of(input_size: Any) -> tuple[InputSize | None, ...]:
    """The input sizes that an argument names: a list holds several, a tuple is one height and width.

    Raises:
        UsageError: One is no size.
    """
    return tuple(check_input_size(size) for size in (input_size if isinstance(input_size, list) else [input_size]))


def candidates(
    models: Sequence[Any], sizes: Sequence[InputSize | None], data: Any, *, gone: bool = False
) -> tuple[Candidate, ...]:
    """Every model at every size.

    Args:
        models: As `finetune` takes them; there is one at least.
        sizes: Likewise.
        data: Of the run.
        gone: As for `given_model`.

    Raises:
        UsageError: One is no model, or is there twice.
    """
    found = []
    for model in models:
        given = given_model(model, gone)
        name = name_of(given) if given is not None else model_name(model, data)
        found += [Candidate(name, size, given) for size in sizes]
    twice = [one for number, one in enumerate(found) if one in found[:number]]
    if twice or not found:
        what = f"{twice[0].name} is there twice" if twice else "none is there"
        raise UsageError(f"model and input_size name what to choose among: {what}")
    return tuple(found)


class Probe:
    """Solves a head on the features of one candidate, on more and more images.

    Args:
        candidate: Whose features.
        wanted: By the run.
        parts: The images; those to train on count.
        folder: For what is compiled.
        stop: Looked at between images.
        trust: As for `finetune`.
    """

    def __init__(
        self, candidate: Candidate, wanted: Settings, parts: SplitData, folder: Path, stop: Stop, *, trust: bool = False
    ) -> None:
        self.candidate = candidate
        self.seconds = 0.0
        """That it has taken."""
        self._stop = stop
        self._rows: dict[int, np.ndarray | None] = {}
        self._feature_seconds = 0.0
        start = time.monotonic()
        settings = candidate.settings(wanted)
        self._seed = settings.seed
        check_base(settings, candidate.given is not None)
        folder.mkdir(parents=True)
        self._open(settings, parts, folder, trust)
        self.seconds += time.monotonic() - start

    def _open(self, settings: Settings, parts: SplitData, folder: Path, trust: bool) -> None:
        candidate = self.candidate
        if candidate.given is None:
            if settings.weights == "imagenet":
                weights.fetch(BACKBONES[candidate.name], include_top=False, input_size=candidate.input_size)
            base = from_catalog(settings)
        else:
            base = adopted(candidate.given, settings, folder, trust)
        import_keras()
        from kerastl.finetuning._boundary_engine import boundary_engine
        from kerastl.finetuning._network import split_network
        from kerastl.finetuning._phase import HEAD

        built = base.build(settings)
        self._data = training_data(parts, base.resize, settings)
        network = built.with_head(len(self._data.classes), RECIPES["probe"](), settings.seed)
        lower, _ = split_network(network, (HEAD,))
        if lower is None:
            raise ModelError("it has no layers with weights")
        self.input_size = check_input_size(lower.input_shape[1:3])
        self.parameters = int(built.backbone.count_params())
        self._engine = boundary_engine(lower, folder)

    @property
    def seconds_per_image(self) -> float:
        """Of reading and computing, as far as images were computed."""
        return self._feature_seconds / max(1, len(self._rows))

    def compute(self, numbers: np.ndarray) -> None:
        """Compute the features of training images, by their numbers: int64 `(n,)`.

        Raises:
            Stopped: A stop was asked for; what was computed is kept.
        """
        start = time.monotonic()
        try:
            new = [int(number) for number in numbers if int(number) not in self._rows]
            parallelism = self._engine.parallelism
            for number, row in ordered_map(self._features, new, parallelism.workers, parallelism.batch):
                self._stop.check()
                self._rows[number] = row
        finally:
            seconds = time.monotonic() - start
            self._feature_seconds += seconds
            self.seconds += seconds

    def _features(self, numbers: Sequence[int]) -> list[tuple[int, np.ndarray | None]]:
        read: dict[int, np.ndarray] = {}
        for number in numbers:
            try:
                read[number] = self._data.reader.read(self._data.train.files[number])
            except ImageError:
                continue
        if not read:
            return [(number, None) for number in numbers]
        rows = dict(zip(read, self._engine.predict(np.stack(list(read.values()))), strict=True))
        return [
            (number, np.asarray(rows[number], np.float32).ravel() if number in rows else None) for number in numbers
        ]

    def score(self, numbers: np.ndarray) -> Score:
        """Score a head that is solved on these images, by leave-one-out.

        Raises:
            ModelError: They are too few.
            Stopped: As in `compute`.
        """
        self.compute(numbers)
        start, data = time.monotonic(), self._data
        usable = np.array(sorted(number for number in map(int, numbers) if self._rows[number] is not None), np.int64)
        if not len(usable):
            raise ModelError("none of the images can be read")
        rows = np.stack([row for number in usable if (row := self._rows[int(number)]) is not None])
        if not np.isfinite(rows).all():
            raise ModelError("its features hold NaN or infinity")
        labels, balance, groups = data.train.labels[usable], data.weights()[usable], data.groups()[usable]
        task = RIDGE_TASKS[data.task.name]
        outputs = RidgeOutputs(len(data.classes), number_scale(labels) if data.task.kind == "number" else (0.0, 1.0))
        solution = solve_targets(
            rows, task.targets(labels, outputs), balance, groups, seed=self._seed, check=self._stop.check
        )
        head = task.head(solution, labels, balance, outputs)
        if not len(head.loo_rows):
            raise ModelError("no class has images to leave one out and still know it")
        reached = LeftOutAnswers.of(data, usable[head.loo_rows], head.loo_probabilities).score()
        self.seconds += time.monotonic() - start
        return reached
