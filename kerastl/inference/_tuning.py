"""Find out how this machine runs a compiled network best."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl.inference._cache import MEMORY_FOR_COPIES, default_parallelism
from kerastl.inference._engines import LiteRTEngine, Parallelism, cores

if TYPE_CHECKING:
    import numpy as np

_ROUNDS = 3
_SECONDS = 0.1
# The one that is never bad gives way only to one that is clearly faster: images are decoded on the same cores,
# which favors copies side by side more than a network alone can show, and short measurements are noisy.
_MARGIN = 1.1


def candidates(size: int) -> list[Parallelism]:
    """The settings worth trying for a network of `size` bytes; the one that is never bad comes first.

    Copies side by side stand against threads inside, one image at a time against a few.
    """
    n = cores()
    counts = sorted(copies for copies in {n, n // 2} if copies > 1 and copies * size <= MEMORY_FOR_COPIES)
    spreads = [(copies, n // copies) for copies in (1, *counts)]
    first = default_parallelism(size)
    # With one copy there is one worker more, so that an image is decoded while another is looked at.
    others = [
        Parallelism(workers=n + (copies == 1), interpreters=copies, threads=threads, batch=batch)
        for copies, threads in spreads
        for batch in (1, 4)
    ]
    return [first, *(other for other in others if other != first)]


def fastest(model_file: Path, size: int, image: tuple[int, int, int]) -> Parallelism:
    """Run a network with each of `candidates` in turn, for some tenths of a second.

    Args:
        model_file: The flatbuffer.
        size: Its bytes.
        image: Height, width and channels of its input.

    Returns:
        The one with the most images a second, by its best round, if it beats the first one clearly.
    """
    tried = candidates(size)
    trials = [_Trial(LiteRTEngine(model_file, parallelism), image) for parallelism in tried]
    speeds = [max(speed) for speed in zip(*([trial.speed() for trial in trials] for _ in range(_ROUNDS)), strict=True)]
    best = max(range(len(speeds)), key=speeds.__getitem__)
    return tried[best if speeds[best] > _MARGIN * speeds[0] else 0]


class _Trial:
    """An engine with pixels to run it on."""

    def __init__(self, engine: LiteRTEngine, image: tuple[int, int, int]) -> None:
        import numpy as np

        self._engine = engine
        shape = (engine.parallelism.batch, *image)
        self._pixels: np.ndarray = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        self._run(0.0)  # makes the copies

    def speed(self) -> float:
        """Images a second."""
        start = time.perf_counter()
        return self._run(start + _SECONDS) / (time.perf_counter() - start)

    def _run(self, stop: float) -> int:
        copies = self._engine.parallelism.interpreters
        with ThreadPoolExecutor(copies) as pool:
            return sum(pool.map(lambda _: self._work(stop), range(copies)))

    def _work(self, stop: float) -> int:
        done = 0
        while not done or time.perf_counter() < stop:
            self._engine.predict(self._pixels)
            done += self._engine.parallelism.batch
        return done
