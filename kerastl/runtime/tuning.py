"""Find out how this machine runs a compiled network best."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kerastl.runtime.compiled import MEMORY_FOR_COPIES
from kerastl.runtime.engines import LiteRTEngine, Plan, cores

_SECONDS = 0.25


def plans(size: int) -> list[Plan]:
    """The plans worth trying for a network of `size` bytes, copies side by side against threads inside."""
    n = cores()
    spreads = {(1, n)}
    for copies in (n, n // 2):
        if copies > 1 and copies * size <= MEMORY_FOR_COPIES:
            spreads.add((copies, n // copies))
    # With one copy there is one worker more, so that a picture is decoded while another is looked at.
    return [
        Plan(workers=max(copies, n) + (copies == 1), interpreters=copies, threads=threads, batch=batch)
        for copies, threads in sorted(spreads, reverse=True)
        for batch in (1, 4)
    ]


def fastest(model_file: Path, size: int, picture: tuple[int, int, int]) -> Plan:
    """Run a network under each plan for a quarter of a second.

    Args:
        model_file: The flatbuffer.
        size: Its bytes.
        picture: Height, width and channels of its input.

    Returns:
        The plan with the most pictures a second.
    """
    candidates = plans(size)
    speeds = [_speed(LiteRTEngine(model_file, plan), picture) for plan in candidates]
    return candidates[speeds.index(max(speeds))]


def _speed(engine: LiteRTEngine, picture: tuple[int, int, int]) -> float:
    """Pictures a second."""
    import numpy as np

    plan = engine.plan
    pixels = np.random.default_rng(0).integers(0, 256, (plan.batch, *picture), dtype=np.uint8)
    stop = 0.0

    def work() -> int:
        done = 0
        while time.perf_counter() < stop or not done:
            engine.predict(pixels)
            done += plan.batch
        return done

    with ThreadPoolExecutor(plan.interpreters) as pool:
        # The first round makes the copies and is not counted.
        list(pool.map(lambda _: work(), range(plan.interpreters)))
        start = time.perf_counter()
        stop = start + _SECONDS
        done = sum(pool.map(lambda _: work(), range(plan.interpreters)))
        return done / (time.perf_counter() - start)
