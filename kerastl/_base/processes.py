"""Whether a process that left something on the disk may still be at work."""

from __future__ import annotations

import hashlib
import os
import sys
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
