"""A second Python process for work that would take turns with this one's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

# What a pipe holds before the child must wait. The parent reads when it gets its turn among its own threads, up to
# 5 ms later each time, so that it should find much at once.
_PIPE_BYTES = 1 << 18


def start_child(
    call: str, *, pass_fds: Sequence[int] = (), stdout: int | None = subprocess.DEVNULL
) -> subprocess.Popen:
    """Start this very Python anew and have it call a function of kerastl.

    Args:
        call: Module and function, such as `kerastl.data._file_inspection.serve`; called without arguments.
        pass_fds: File descriptors that the process gets as well, under the same numbers; POSIX only.
        stdout: As for `subprocess.Popen`.

    Returns:
        The process, its standard input a pipe.

    Raises:
        OSError: It cannot be started.
    """
    if not sys.executable:
        raise OSError("this Python does not know its own program")
    # The package is found where this process has found it, and nothing in the working folder takes its place.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    module, _, function = call.rpartition(".")
    command = [sys.executable, "-c", f"from {module} import {function}; {function}()"]
    return subprocess.Popen(  # noqa: S603 - this very Python
        command,
        bufsize=_PIPE_BYTES,
        pipesize=_PIPE_BYTES,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=environment,
        pass_fds=pass_fds,
    )
