"""Images decoded by a process of its own while this one imports and compiles what will look at them."""

from __future__ import annotations

import hashlib
import io
import math
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerastl._base.processes import start_child
from kerastl.errors import ImageError
from kerastl.models._input_reader import InputReader

LIMIT = 1 << 30
"""Bytes of disk that the decoded images take at most; nor do they take more than a quarter of what is free."""

_DIGEST = hashlib.sha256().digest_size
_TOGETHER = 16  # images between two looks at whether the parent still lives


class PrefetchedImages:
    """The first images of a list, decoded as far as a process has come.

    They lie in a file without a name, which is gone when nobody has it open any more, however a process ends. A record
    is the SHA-256 of the file that an image was decoded from, and then its pixels; zeros are what is not done yet. So
    pixels and hash always belong together, also where a file changes meanwhile.

    Args:
        files: The images, the first to be decoded first.
        reader: How files become pixels.
        folder: Where the file without a name is made.

    Raises:
        OSError: This system has no such files, or the process cannot be started.
    """

    def __init__(self, files: Sequence[Path], reader: InputReader, folder: Path) -> None:
        if sys.platform == "win32":
            raise OSError("files cannot be shared without a name")
        self.reader = reader
        self._record = _DIGEST + math.prod(reader.shape)
        room = min(LIMIT, shutil.disk_usage(folder).free // 4)
        wanted = [os.fspath(file) for file in files[: room // self._record]]
        self._rows = {file: row for row, file in enumerate(wanted)}
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        descriptor = self._file.fileno()
        try:
            self._child: subprocess.Popen | None = start_child(
                "kerastl.data._prefetch.serve", pass_fds=[descriptor], stdout=subprocess.DEVNULL
            )
        except OSError:
            self._file.close()
            raise
        assert self._child.stdin is not None  # noqa: S101 - it is a pipe
        try:
            with self._child.stdin as todo:
                pickle.dump((wanted, reader, descriptor), todo)
        except OSError:  # it has died at once, and nothing is decoded
            pass

    def stop(self) -> None:
        """End the process; what it has done can still be asked for."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def close(self) -> None:
        """End the process, and give back the room on the disk."""
        self.stop()
        self._file.close()
        self._rows = {}

    def get(self, file: Path) -> tuple[str, np.ndarray] | None:
        """The hash of a file and its pixels, if it has been decoded.

        Returns:
            The SHA-256 as 64 hexadecimal digits, and uint8 RGB `(h, w, 3)`; None where there is nothing.
        """
        row = self._rows.get(os.fspath(file))
        if row is None or sys.platform == "win32":
            return None
        record = os.pread(self._file.fileno(), self._record, row * self._record)
        digest, pixels = record[:_DIGEST], record[_DIGEST:]
        if len(record) < self._record or not any(digest):
            return None
        return digest.hex(), np.frombuffer(pixels, np.uint8).reshape(self.reader.shape)


def serve() -> None:
    """What the process of its own does: read what is wanted from the standard input, decode one after the other."""
    # Ctrl-C reaches the whole group of processes, and the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":
        return
    os.nice(5)  # the parent goes first where there are fewer processors than work
    parent = os.getppid()
    files, reader, descriptor = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by `PrefetchedImages`
    for row, file in enumerate(files):
        if row % _TOGETHER == 0 and os.getppid() != parent:
            return
        record = _decode(file, reader)
        if record is not None:
            digest, pixels = record
            start = row * (_DIGEST + len(pixels))
            os.pwrite(descriptor, pixels, start + _DIGEST)
            os.pwrite(descriptor, digest, start)  # last: it says that the pixels are there


def _decode(file: str, reader: InputReader) -> tuple[bytes, bytes] | None:
    """Hash and pixels; None where the image cannot be read, which the parent will find out and report."""
    from kerastl.images import _opening as opening

    try:
        with opening.reported(file), opening.regular_file(file) as stream:
            content = stream.read()
        return hashlib.sha256(content).digest(), reader.read(io.BytesIO(content)).tobytes()
    except ImageError:
        return None
