"""The command `kerastl`, also as `python -m kerastl`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = _run()
    except KeyboardInterrupt:  # while we are being imported, or on our way out
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write("kerastl: interrupted\n")
        code = 130
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    # Everything is written and closed. TensorFlow takes one to two seconds to tear itself down, for nothing.
    os._exit(code)


def _run() -> int:
    from kerastl.cli import _libraries as libraries
    from kerastl.cli import _streams as streams
    from kerastl.cli import run

    streams.prepare()
    libraries.prepare()
    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
