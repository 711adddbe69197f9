"""Other processes: whether one that left something on the disk is still at work, and one of our own for work apart."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_STILL_ACTIVE = 259  # of Windows


def host() -> str:
    """What this machine is called, in eight hexadecimal digits that fit into the name of a file."""
    import socket

    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def alive(number: int) -> bool:
    """Whether there is a process of this number on this machine."""
    if number <= 0:
        return False
    if sys.platform == "win32":  # where `os.kill` ends the process
        import ctypes

        kernel, code = ctypes.windll.kernel32, ctypes.c_ulong()
        handle = kernel.OpenProcess(0x1000, False, number)
        if not handle:
            return False
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == _STILL_ACTIVE
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True


def start(number: int) -> str:
    """When a process began, in the system's own count; empty where it does not say."""
    try:
        # The second field is the program's name in parentheses, which may hold spaces.
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        state, began = text.split()[0], text.split()[19]
    except (OSError, IndexError):
        return ""
    return "ended" if state in "ZX" else began  # ended, and nobody has asked how


def boot() -> str:
    """Names the time since the machine was started; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


# What a pipe holds before the child must wait. The parent reads when it gets its turn among its own threads, up to
# 5 ms later each time, so that it should find much at once.
_PIPE_BYTES = 1 << 18


def start_child(
    call: str,
    *,
    pass_fds: Sequence[int] = (),
    stdout: int | None = subprocess.DEVNULL,
    stderr: int | None = subprocess.DEVNULL,
    start_new_session: bool = False,
) -> subprocess.Popen:
    """Start this very Python anew and have it call a function of kerastl.

    Args:
        call: Module and function, such as `kerastl.data._file_inspection.serve`; called without arguments.
        pass_fds: File descriptors that the process gets as well, under the same numbers; POSIX only.
        stdout: As for `subprocess.Popen`, as are the next two.
        stderr: None is that of this process.
        start_new_session: Whether Ctrl-C in a terminal does not reach it.

    Returns:
        The process, its standard input a pipe.

    Raises:
        OSError: It cannot be started.
    """
    # Not multiprocessing, concurrent.futures or loky: they run the program's main module anew, or copy its threads.
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
        stderr=stderr,
        env=environment,
        pass_fds=pass_fds,
        start_new_session=start_new_session,
    )
