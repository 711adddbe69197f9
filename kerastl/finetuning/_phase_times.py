"""How long the phases of a recipe will take on this machine, measured on random pixels and weights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kerastl._base.scratch import temporary_folder
from kerastl.finetuning._base_model import from_catalog
from kerastl.finetuning._batches import ALONE, Batch
from kerastl.finetuning._boundary_engine import boundary_engine
from kerastl.finetuning._compiling import compile_for
from kerastl.finetuning._estimate import measured_pace
from kerastl.finetuning._freezing import freeze_for
from kerastl.finetuning._loop import Observers
from kerastl.finetuning._network import Network, split_network
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._settings import Settings
from kerastl.inference._engines import Engine
from kerastl.training._callback import RunCallback
from kerastl.training._fast_network import faster
from kerastl.training._process_group import ProcessGroup

# Images that the frozen part is timed on, after as many that warm it up; and the fraction that is validated on.
_TIMED = 8
_VALIDATED = 0.2


@dataclass(frozen=True)
class RandomBatches:
    """Batches of one random batch, again and again.

    Args:
        batch: Of inputs at the boundary.
        steps: Batches an epoch.
    """

    batch: Batch
    steps: int

    def epoch(self, number: int, group: ProcessGroup = ALONE) -> Iterator[Batch]:
        """See `Batches`."""
        for _ in range(self.steps):
            yield self.batch


def phase_times(recipe: Recipe, model: str, images: int, classes: int) -> list[float]:
    """Measure how long each phase of a recipe takes, all its epochs, without reading and changing the images.

    Args:
        recipe: For the network's stages.
        model: A name of `BACKBONES`; it gets random weights, which are as fast as others.
        images: To train on; a fifth as many are validated on.
        classes: At least 2.

    Returns:
        Seconds of each phase; of one that is solved those of its features, since solving takes few.
    """
    settings = Settings(model=model, weights=None)
    network = from_catalog(settings).build(settings).with_head(classes, recipe, settings.seed)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (_TIMED, *network.model.input_shape[1:]), dtype=np.uint8)
    return [_seconds(phase, network, pixels, images, classes) for phase in recipe.phases]


def _seconds(phase: Phase, network: Network, pixels: np.ndarray, images: int, classes: int) -> float:
    freeze_for(network, phase)
    lower, upper = split_network(network, phase.trained_stages(tuple(network.stages)))
    rows, an_image = pixels, 0.0
    if lower is not None:
        with temporary_folder() as folder:
            rows, an_image = _features(boundary_engine(lower, folder), pixels)
    streamed = phase.augmentation is not None and phase.num_augmented_copies is None
    copies = 0 if streamed else phase.num_augmented_copies or 1
    seconds = an_image * images * (copies + _VALIDATED)
    if phase.solver != "gradient":
        return seconds
    size = min(phase.batch_size, images)
    inputs = np.resize(rows, (size, *rows.shape[1:])).astype(np.float32)
    targets = np.eye(classes, dtype=np.float32)[np.arange(size) % classes]
    batches = RandomBatches(Batch(inputs, targets, np.ones(size, np.float32)), images // size)
    upper = faster(upper)
    compile_for(upper, network, phase, batches.steps)
    validated = np.resize(rows, (max(1, min(64, round(images * _VALIDATED))), *rows.shape[1:]))
    epoch = measured_pace(upper, batches, validated, Observers(network.model, RunCallback())).epoch
    return seconds + phase.epochs * (epoch + streamed * an_image * images)


def _features(engine: Engine, pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Features, and the seconds of an image's."""
    engine.predict(pixels)
    start = time.monotonic()
    rows = engine.predict(pixels)
    return rows, (time.monotonic() - start) / len(pixels)
