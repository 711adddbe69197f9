"""What is in files, as hashes: the same image under another name is known again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kerastl.errors import ImageError
from kerastl.images import _opening as opening
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map

Progress = Callable[[int, int], None]

_TOGETHER = 8  # files that a thread takes at a time
_BLOCK = 1 << 20


def content_hashes(files: Sequence[Path], progress: Progress | None = None) -> list[str]:
    """Hash each file's bytes, in threads.

    Args:
        files: Which.
        progress: Called with the files done and their number, after each.

    Returns:
        Hashes of 32 hexadecimal digits, as `kerastl.data._inspect.digest` gives them; empty where a file cannot be
        read.
    """
    found = []
    for content in ordered_map(_hashed, [os.fspath(file) for file in files], cores(), group=_TOGETHER):
        found.append(content)
        if progress is not None:
            progress(len(found), len(files))
    return found


def _hashed(group: list[str]) -> list[str]:
    return [_hash(file) for file in group]


def _hash(file: str) -> str:
    total = hashlib.blake2b(digest_size=16)
    try:
        with opening.reported(file), opening.regular_file(file) as stream:
            while block := stream.read(_BLOCK):
                total.update(block)
    except ImageError:
        return ""
    return total.hexdigest()
