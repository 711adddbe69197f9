"""What a model is to say of an image: one class, several labels, a class of an order, a number.

Everything that differs among these is asked from a `Task` of the registry `TASKS`: how targets are kept, what the
network's output is, which loss trains it, and which figures tell how good its answers are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.tasks._task import TASKS as TASKS
    from kerastl.tasks._task import Figure as Figure
    from kerastl.tasks._task import Task as Task

_MODULES = {
    "Figure": "kerastl.tasks._task",
    "TASKS": "kerastl.tasks._task",
    "Task": "kerastl.tasks._task",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
