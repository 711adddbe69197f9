"""What other packages say of themselves is no message for people who run a command."""

from __future__ import annotations

import logging
import os
import sys
import warnings

# These have handlers of their own, or write without one.
_LOGGERS = ("absl", "tensorflow", "jax", "h5py", "matplotlib", "PIL")


def libraries() -> None:
    """Keep warnings and log lines of other packages from standard error, for the rest of the process.

    `python -W` and PYTHONWARNINGS go first, and KERASTL_TRACEBACK shows everything. kerastl itself says what it has
    to say through the logger `kerastl` and through callbacks.
    """
    if os.environ.get("KERASTL_TRACEBACK"):
        return
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.lastResort = logging.NullHandler()
