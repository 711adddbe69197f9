"""A full disk during a run, as the system and as HDF5 report it."""

import errno

import pytest

from kerastl.errors import TrainingError
from kerastl.training._disk import full_disk_reported


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError("file write failed: No space left on device")],
)
def test_a_full_disk_says_what_to_do(error, tmp_path):
    with pytest.raises(TrainingError, match=r"no room left on the disk.*--resume"), full_disk_reported(tmp_path):
        raise error


def test_other_errors_pass(tmp_path):
    with pytest.raises(PermissionError), full_disk_reported(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")
