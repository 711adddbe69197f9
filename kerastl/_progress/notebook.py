"""Whether we run in a notebook, and how to write below its cell."""

from __future__ import annotations

import sys
from contextlib import suppress


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this process; nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")


def write_output(text: str) -> None:
    """Write below the cell; standard error would be on red there."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text)
        sys.stdout.flush()
