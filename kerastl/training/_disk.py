"""A disk without room, as an error that says what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kerastl.errors import TrainingError


@contextmanager
def full_disk_reported(folder: Path) -> Iterator[None]:
    """Turn the errors of a full disk, or of a quota that is used up, into a `TrainingError`.

    Args:
        folder: The run folder, whose state is whole whatever could not be written.
    """
    try:
        yield
    except OSError as error:
        # HDF5 raises errors without a number, that have the system's words in their text.
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) and os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise TrainingError(
            f"{folder}: there is no room left on the disk; what was reached before is kept: make room and go on "
            "with --resume"
        ) from None
