"""Other packages in the process of a command: what they say is no message for people, and what they take goes back."""

from __future__ import annotations

import logging
import os
import sys
import warnings

# These have handlers of their own, or write without one.
_LOGGERS = ("absl", "tensorflow", "jax", "h5py", "matplotlib", "PIL")


def prepare() -> None:
    """Settle what holds for the rest of the process; only its main program does so, never who imports kerastl.

    Warnings and log lines of other packages are kept from standard error: `python -W` and PYTHONWARNINGS go first, and
    KERASTL_TRACEBACK shows everything. kerastl itself says what it has to say through the logger `kerastl` and through
    callbacks.
    """
    # Pillow takes the memory for an image in blocks. Those of its default size of 16 MiB stay with the C library once
    # freed, as many times as there are threads; blocks above 32 MiB always go back to the system.
    os.environ.setdefault("PILLOW_BLOCK_SIZE", "64m")
    if os.environ.get("KERASTL_TRACEBACK"):
        return
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.lastResort = logging.NullHandler()
