"""Keep a process to the processors that its scheduler has given it."""

from __future__ import annotations

import os
import sys


def limit_processors(processors: int | None = None) -> None:
    """Make this process take itself for one on a machine of so many processors.

    Ray counts processors and pins no process to them: without this, every actor would start threads for all of the
    node's.

    Args:
        processors: None takes what Ray has given this actor; outside of Ray nothing is changed.
    """
    processors = _given_by_ray() if processors is None else processors
    if processors:
        os.environ["PYTHON_CPU_COUNT"] = str(max(1, processors))


def _given_by_ray() -> int | None:
    ray = sys.modules.get("ray")  # where this is an actor, Ray is imported
    if ray is None or not ray.is_initialized():
        return None
    given = ray.get_runtime_context().get_assigned_resources().get("CPU", 0)
    return int(given) or (1 if given else None)
