"""The command `kerastl`, also as `python -m kerastl`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and exit with its code."""
    from kerastl.cli import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    # Everything is written and closed. TensorFlow takes one to two seconds to tear itself down, for nothing.
    os._exit(code)


if __name__ == "__main__":
    main()
