"""Files are written whole: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `target`; rename it over `target` when the block succeeds.

    Readers see the old file or the new one, never half of one, even after a crash: the data is flushed to
    the disk before the rename. When the block raises, the temporary file is removed and `target` stays.

    Args:
        target: The file to write. Its folder must exist.

    Yields:
        The path to write to, with the suffixes of `target`, since writers look at them.
    """
    target = Path(target)
    temporary = target.with_name(f".{os.getpid()}-{os.urandom(4).hex()}.{target.name}")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 to `target`, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
